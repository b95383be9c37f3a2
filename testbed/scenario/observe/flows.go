package observe

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// Flows is an exporter next to gateways, and a gre_flow that listens to it.
type Flows struct {
	Gateways []*world.Gateway
	Interval time.Duration
	Active   time.Duration // time-out of the exporter
	Late     time.Duration // how late records come

	cache    map[flowKey]*running
	order    []flowKey // of the cache: what is exported has an order, too
	detector *detect.Detector
	waiting  []flow.Record
}

// flowKey is what the exporter tells flows apart by.
type flowKey struct {
	client, gateway netip.Addr
	gre             bool
	port            uint16
	from            bool // by the gateway
}

type running struct {
	first, last time.Time
	packets     uint64
	flags       uint8
}

const (
	idleTimeout = 15 * time.Second
	packetBytes = 90
	finFlag     = 1
	ackFlag     = 16
)

// Look takes the packets of the step into the cache, exports what is due, and tells the state.
func (f *Flows) Look(w *world.World, to *Telemetry) error {
	if f.detector == nil {
		if err := f.start(); err != nil {
			return err
		}
	}
	for _, g := range f.Gateways {
		for i := range g.Seen.Packets {
			f.packets(w, g, &g.Seen.Packets[i])
		}
	}
	f.export(w)
	f.arrive(w)
	for s := range world.Step / time.Second {
		f.detector.Tick(w.Now.Add(-world.Step + (s+1)*time.Second))
	}
	if w.Blind || w.Now.Sub(w.Now.Truncate(f.Interval)) != 0 {
		return nil
	}
	f.tell(w, to)
	return nil
}

func (f *Flows) start() (err error) {
	f.cache = make(map[flowKey]*running)
	c := detect.Config{Active: f.Active, Idle: idleTimeout, Lag: 5*time.Second + f.Late, MaxPairs: 4096}
	for _, g := range f.Gateways {
		c.Gateways = append(c.Gateways, detect.Gateway{ID: g.ID, Addresses: []netip.Prefix{netip.PrefixFrom(g.Addr, 32)}})
	}
	f.detector, err = detect.New(c)
	return err
}

// packets adds those of one connection to the cache.
func (f *Flows) packets(w *world.World, g *world.Gateway, p *world.Packets) {
	if p.ICMP {
		f.rejection(w, g, p)
		return
	}
	for _, way := range []struct {
		n    int
		from bool
	}{{p.To, false}, {p.From, true}} {
		if way.n == 0 {
			continue
		}
		k := flowKey{client: p.Client, gateway: g.Addr, gre: p.GRE, port: p.Port, from: way.from}
		r := f.cache[k]
		if r == nil {
			r = &running{first: w.Now.Add(-world.Step / 2)}
			f.cache[k] = r
			f.order = append(f.order, k)
		}
		r.last = w.Now
		r.packets += uint64(way.n)
		r.flags |= ackFlag
		if p.Fin {
			r.flags |= finFlag
		}
	}
}

// rejection is an ICMP message about GRE, as exporters that show them do.
func (f *Flows) rejection(w *world.World, g *world.Gateway, p *world.Packets) {
	src, dst := g.Addr, p.Client // of the packet that is quoted
	if p.ByGateway {
		src, dst = dst, src
	}
	f.waiting = append(f.waiting, flow.Record{
		Exporter: exporter, Src: src, Dst: dst, Proto: flow.ProtoGRE, Packets: 1, Bytes: packetBytes, Drop: flow.DropICMP, Code: 2, DropBy: dst,
		Start: w.Now.UnixNano(), End: w.Now.UnixNano(), Export: w.Now.UnixNano(), Arrival: w.Now.Add(f.Late).UnixNano(), Sampling: 1,
	})
}

var exporter = flow.Exporter{Addr: netip.AddrFrom4([4]byte{192, 0, 2, 1}), Version: flow.IPFIX}

// export writes records of flows that are idle, over, or long.
func (f *Flows) export(w *world.World) {
	left := f.order[:0]
	for _, k := range f.order {
		r := f.cache[k]
		var reason flow.EndReason
		switch {
		case r.flags&finFlag != 0 && !k.gre:
			reason = flow.EndDetected
		case w.Now.Sub(r.last) >= idleTimeout:
			reason = flow.EndIdle
		case w.Now.Sub(r.first) >= f.Active:
			reason = flow.EndActive
		default:
			left = append(left, k)
			continue
		}
		delete(f.cache, k)
		rec := flow.Record{
			Exporter: exporter, Src: k.client, Dst: k.gateway, Proto: flow.ProtoGRE, Packets: r.packets, Bytes: r.packets * packetBytes,
			Start: r.first.UnixNano(), End: r.last.UnixNano(), Export: w.Now.UnixNano(), Arrival: w.Now.Add(f.Late).UnixNano(),
			EndReason: reason, Sampling: 1,
		}
		if !k.gre {
			rec.Proto, rec.SrcPort, rec.DstPort, rec.TCPFlags = flow.ProtoTCP, k.port, flow.PPTPPort, r.flags
		}
		if k.from {
			rec.Src, rec.Dst, rec.SrcPort, rec.DstPort = rec.Dst, rec.Src, rec.DstPort, rec.SrcPort
		}
		f.waiting = append(f.waiting, rec)
	}
	f.order = left
}

// arrive gives the detector what has come.
func (f *Flows) arrive(w *world.World) {
	left := f.waiting[:0]
	for i := range f.waiting {
		if r := &f.waiting[i]; r.Arrival <= w.Now.UnixNano() {
			if !w.Blind {
				f.detector.Record(r)
			}
			continue
		}
		left = append(left, f.waiting[i])
	}
	f.waiting = left
}

func (f *Flows) tell(w *world.World, to *Telemetry) {
	for _, g := range f.detector.Gateways(nil) {
		m := to.metrics(w.Now, "service.name", "pptp", "pptp.gateway.id", g.Gateway.ID)
		for s := range detect.State(detect.NumStates) {
			on := 0.0
			if s == g.State {
				on = 1
			}
			m.state("pptp.flow.pairs", float64(g.Pairs[s]), "pptp.flow.state", s.String())
			m.state("pptp.flow.gateway.status", on, "pptp.flow.state", s.String())
		}
		for way, direction := range [...]string{"client_to_gateway", "gateway_to_client"} {
			m.count("pptp.flow.gre.packets", g.ScaledPackets[way], "pptp.flow.direction", direction)
			m.count("pptp.flow.gre.io", g.ScaledBytes[way], "pptp.flow.direction", direction)
		}
		m.state("pptp.flow.control.sessions", float64(g.ControlSessions))
		if g.Judged > 0 {
			m.gauge("pptp.flow.blackholed.share", g.Share)
		}
	}
}
