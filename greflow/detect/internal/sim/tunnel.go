package sim

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// The TCP flags that a control connection shows.
const (
	FIN = 0x01
	SYN = 0x02
	ACK = 0x10
)

// Tunnel is a client and its gateway, seen by some exporters. Rates are packets a
// second; 0 is none.
type Tunnel struct {
	Client, Gateway  netip.Addr
	Port             uint16
	Rate             [2]float64    // to the gateway, to the client
	Echo             time.Duration // of LCP, 0: none
	KeepAlive        time.Duration // of the control connection, 0: a minute
	Blocked          [2]bool       // what goes this way is not seen by any exporter
	Up               bool          // the control connection
	VanishedAt       time.Time     // the client is off: nothing comes from it, and no end is seen
	sights           []sight
	carry            [2]float64
	nextEcho, nextKA time.Time
}

// sight is the tunnel's flows in one exporter's cache: GRE and control, by way. In a biflow
// exporter both ways share one, and swapped says that the gateway comes first.
type sight struct {
	e       *Exporter
	gre     [2]*Flow
	control [2]*Flow
	ways    [2]bool
	swapped bool
}

// NewTunnel makes a tunnel that no exporter sees yet.
func NewTunnel(client, gateway netip.Addr, port uint16) *Tunnel {
	return &Tunnel{Client: client, Gateway: gateway, Port: port}
}

// SeenBy makes e see the tunnel, one way or both.
func (t *Tunnel) SeenBy(e *Exporter, toGateway, toClient bool) *Tunnel {
	return t.SeenAs(e, t.Client, toGateway, toClient)
}

// SeenAs is SeenBy with another address for the client: that within its network.
func (t *Tunnel) SeenAs(e *Exporter, client netip.Addr, toGateway, toClient bool) *Tunnel {
	s := sight{e: e, ways: [2]bool{toGateway, toClient}}
	s.gre[0] = e.Flow(client, t.Gateway, flow.ProtoGRE, 0, 0)
	s.control[0] = e.Flow(client, t.Gateway, flow.ProtoTCP, t.Port, flow.PPTPPort)
	s.gre[1], s.control[1] = s.gre[0], s.control[0]
	if e.shared() {
		if t.Gateway.Less(client) {
			s.swapped = true
			for _, f := range []*Flow{s.gre[0], s.control[0]} {
				r := &f.Record
				r.Src, r.Dst, r.SrcPort, r.DstPort = r.Dst, r.Src, r.DstPort, r.SrcPort
			}
		}
	} else {
		s.gre[1] = e.Flow(t.Gateway, client, flow.ProtoGRE, 0, 0)
		s.control[1] = e.Flow(t.Gateway, client, flow.ProtoTCP, flow.PPTPPort, t.Port)
	}
	t.sights = append(t.sights, s)
	return t
}

// Calls sets the Call IDs of the GRE each way, that of the gateway first.
func (t *Tunnel) Calls(gateway, client uint16) *Tunnel {
	for _, s := range t.sights {
		s.gre[0].Record.CallID, s.gre[0].Record.HasCallID = gateway, true
		s.gre[1].Record.CallID, s.gre[1].Record.HasCallID = client, true
	}
	return t
}

// Dial opens the control connection, from Port.
func (t *Tunnel) Dial(now time.Time) {
	t.Up = true
	for _, s := range t.sights {
		for way, f := range s.control {
			if r := &f.Record; (way == 0 || s.e.shared()) != s.swapped {
				r.SrcPort = t.Port
			} else {
				r.DstPort = t.Port
			}
		}
	}
	if t.KeepAlive == 0 {
		t.KeepAlive = time.Minute
	}
	t.nextKA, t.nextEcho = now.Add(t.KeepAlive), now.Add(t.Echo)
	t.see(true, 0, 4, now, now.Add(100*time.Millisecond), SYN|ACK)
	t.see(true, 1, 4, now, now.Add(100*time.Millisecond), SYN|ACK)
}

// Hangup closes it.
func (t *Tunnel) Hangup(now time.Time) {
	t.Up = false
	t.see(true, 0, 2, now, now, FIN|ACK)
	t.see(true, 1, 2, now, now, FIN|ACK)
}

// Step lets the time from now to now+d pass.
func (t *Tunnel) Step(now time.Time, d time.Duration) {
	gone := !t.VanishedAt.IsZero() && !now.Before(t.VanishedAt)
	for way := range t.Rate {
		t.carry[way] += t.Rate[way] * d.Seconds()
		n := int(t.carry[way])
		t.carry[way] -= float64(n)
		if n > 0 && !(gone && way == 0) {
			t.see(false, way, n, now, now.Add(d-time.Millisecond), 0)
		}
	}
	if t.Up && t.Echo > 0 && !now.Before(t.nextEcho) {
		t.nextEcho = t.nextEcho.Add(t.Echo)
		for way := range t.Rate {
			if !(gone && way == 0) {
				t.see(false, way, 1, now, now, 0)
			}
		}
	}
	// The Echo-Request of RFC 2637 section 3.1.4, its reply, and TCP's acknowledgments.
	if t.Up && !now.Before(t.nextKA) {
		t.nextKA = t.nextKA.Add(t.KeepAlive)
		for way := range t.Rate {
			if !(gone && way == 0) {
				t.see(true, way, 2, now, now.Add(50*time.Millisecond), ACK)
			}
		}
	}
}

func (t *Tunnel) see(control bool, way, n int, from, to time.Time, flags uint8) {
	if t.Blocked[way] && !control {
		return
	}
	// What goes to the client is seen that much later than what it answers.
	answer := time.Duration(way) * 300 * time.Microsecond
	for i := range t.sights {
		s := &t.sights[i]
		if !s.ways[way] {
			continue
		}
		f := s.gre[way]
		if control {
			f = s.control[way]
		}
		s.e.Add(f, n, from.Add(answer), to.Add(answer), flags, s.e.shared() && (way == 1) != s.swapped)
	}
}
