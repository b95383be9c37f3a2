package detect

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// FuzzDetector feeds any records, notes, ticks and times. Nothing may panic,
// grow beyond its bound or make the sums wrong, and no blackhole may be told where
// the control connection was not seen both ways.
func FuzzDetector(f *testing.F) {
	f.Add([]byte{})
	f.Add(script(client1, 0, 1))
	f.Add(script(client1, 1, 0))
	f.Fuzz(func(t *testing.T, ops []byte) {
		play(t, ops[:min(len(ops), 2000*opSize)])
	})
}

// opSize is how many bytes say what happens next.
const opSize = 16

// script is a tunnel that is healthy for ten minutes, and then one way is blocked. Fuzzing starts from it.
func script(client netip.Addr, in, out byte) []byte {
	var ops []byte
	last := client.As4()[3]
	for minute := range byte(30) {
		a, b := byte(1), byte(1)
		if minute > 10 {
			a, b = in, out
		}
		for kind, on := range [...]byte{a, b, 1, 1} {
			if on == 0 {
				continue
			}
			op := make([]byte, opSize)
			op[0], op[1], op[2], op[3] = 0, byte(kind), last, 60
			ops = append(ops, op...)
		}
		for range 6 {
			op := make([]byte, opSize)
			op[0], op[3] = 1, 100
			ops = append(ops, op...)
		}
	}
	return ops
}

func play(t *testing.T, ops []byte) {
	cfg := gatewayConfig()
	cfg.Learn, cfg.MaxPairs, cfg.MaxGateways, cfg.MaxPending, cfg.MaxExporters = true, 64, 8, 16, 4
	told := false
	cfg.OnChange = func(c Change) {
		_ = c.Summary()
		e := &c.Evidence
		require.False(t, math.IsNaN(e.Confidence) || e.Confidence < 0 || e.Confidence > 1, "%+v", e)
		if c.OfGateway() {
			require.False(t, math.IsNaN(e.Share) || e.Share < 0 || e.Share > 1, "%+v", e)
			return
		}
		if c.To.Blackholed() && c.To != PolicyDrop && !told {
			require.GreaterOrEqual(t, e.LastControl[ToGateway], time.Duration(0))
			require.GreaterOrEqual(t, e.LastControl[ToClient], time.Duration(0))
		}
		switch c.To {
		case InboundOnly:
			require.Positive(t, e.Packets)
		case Healthy, Stalled, Orphan:
			require.GreaterOrEqual(t, min(e.LastGRE[0], e.LastGRE[1]), time.Duration(0))
		default:
		}
	}
	d, err := New(cfg)
	require.NoError(t, err)
	at := began.UnixNano()
	d.Tick(began)
	for i := 0; len(ops) >= opSize; i++ {
		op := ops[:opSize]
		ops = ops[opSize:]
		x := int64(binary.LittleEndian.Uint64(op[8:]))
		switch op[0] % 8 {
		case 0, 2, 3:
			r := fuzzRecord(op, at, x)
			d.Record(&r)
		case 1:
			at += int64(op[3]) * int64(100*time.Millisecond)
			d.Tick(time.Unix(0, at))
		case 4:
			d.Note(flow.Note{
				Kind: flow.NoteKind(op[1] % 9), Exporter: exporterAt(op[2] % 6), Arrival: at, Amount: float64(op[3]), Of: float64(op[4]),
				Active: time.Duration(op[5]) * time.Second, Idle: time.Duration(x),
			})
		case 5:
			// The clock is set.
			if op[1]%8 == 0 {
				at = x
			} else {
				at += x % int64(time.Hour)
			}
			d.Tick(time.Unix(0, at))
		case 6:
			d.Note(flow.Note{Kind: flow.NoteLoss, Exporter: exporterAt(op[2] % 6), Amount: math.Float64frombits(uint64(x)), Of: math.NaN()})
		case 7:
			told = d.TellControl(clientAddr(int(op[2])), gw1, time.Unix(0, at+x)) || told
		}
		if i%256 == 0 {
			consistent(t, d)
		}
	}
	consistent(t, d)
}

// fuzzRecord is a plausible record where x is 0, and anything where it is not.
func fuzzRecord(op []byte, at, x int64) flow.Record {
	r := flow.Record{
		Exporter: exporterAt(op[4] % 6), In: uint32(op[5] % 3), Src: clientAddr(int(op[2])), Dst: gw1, Proto: flow.ProtoGRE,
		Packets: uint64(op[3]), Bytes: 100, Start: at - int64(time.Minute), End: at, Export: at, Arrival: at,
		EndReason: flow.EndReason(op[6] % 6), Sampling: 1,
	}
	if op[1]&2 != 0 {
		r.Proto, r.SrcPort, r.DstPort = flow.ProtoTCP, uint16(op[7])+1024, flow.PPTPPort
	}
	if op[1]&4 != 0 {
		r.Dst = netip.AddrFrom4([4]byte{203, 0, 113, op[7]})
	}
	if op[1]&1 != 0 {
		r.Src, r.Dst, r.SrcPort, r.DstPort = r.Dst, r.Src, r.DstPort, r.SrcPort
	}
	if x == 0 {
		return r
	}
	switch op[1] >> 3 {
	case 0:
		r.Start, r.End = x, x>>1
	case 1:
		r.Export = x
	case 2:
		r.Drop, r.Code = flow.Drop(x%8), uint16(x>>8)
	case 3:
		r.Biflow, r.RevPackets = true, uint64(x)
	case 4:
		r.PostSrc = clientAddr(int(op[7]))
	case 5:
		r.PostDst = clientAddr(int(op[7]))
	case 6:
		r.Proto, r.HasICMP, r.ICMPType, r.ICMPCode = flow.ProtoICMP, true, 3, byte(x)
	case 7:
		r.Sampling = math.Float64frombits(uint64(x))
	case 8:
		r.HasCallID, r.CallID = true, uint16(x)
	case 9:
		r.TCPFlags = byte(x)
	case 10:
		r.Src = netip.Addr{}
	case 11:
		r.Packets, r.Bytes = uint64(x), uint64(x)
	case 12:
		r.Dst = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(x)})
	case 13:
		r.Dst = r.Src
	case 14:
		r.Arrival = x
	}
	return r
}

// consistent checks every bound, and the sums by counting again. It is called often,
// so it asserts by hand.
func consistent(t *testing.T, d *Detector) {
	s := d.Stats()
	if s.Pairs > d.cfg.MaxPairs || s.Exporters > d.cfg.MaxExporters || s.Pending > d.cfg.MaxPending ||
		s.Gateways > d.cfg.MaxGateways+len(d.cfg.Gateways) {
		t.Fatalf("beyond a bound: %+v", s)
	}
	counted := make([]gateway, len(d.gateways.all))
	live := 0
	for i := range d.table.used {
		p := d.table.at(i)
		if p.birth == 0 {
			continue
		}
		live++
		if d.table.get(p.key) != p {
			t.Fatalf("pair %d is not found", i)
		}
		if p.flags&flagAlias != 0 {
			continue
		}
		g := &counted[p.gateway]
		g.pairs[p.state]++
		g.control += int32(p.sessions)
		if p.flags&flagPartial != 0 {
			g.partial++
		}
	}
	for i := range counted {
		g, c := &d.gateways.all[i], &counted[i]
		if g.pairs != c.pairs || g.control != c.control || g.partial != c.partial {
			t.Fatalf("gateway %d has %v, %d, %d, counted are %v, %d, %d", i, g.pairs, g.control, g.partial, c.pairs, c.control, c.partial)
		}
	}
	listed := 0
	for c := range d.table.list {
		for n := d.table.list[c].first; n != none && listed <= live; n = d.table.at(n).next {
			listed++
			if d.table.at(n).class != class(c) {
				t.Fatalf("pair %d is in the list of class %d", n, c)
			}
		}
	}
	if live != s.Pairs || live != listed {
		t.Fatalf("%d pairs, %d live, %d listed", s.Pairs, live, listed)
	}
}

// The same input gives the same output, whatever the order of maps and the seed of hashes.
func TestDeterministic(t *testing.T) {
	run := func() (out []string) {
		cfg := gatewayConfig()
		cfg.MaxPairs = 100
		cfg.OnChange = func(c Change) { out = append(out, c.At.String()+c.Client.String()+c.Summary()) }
		w := &world{t: t, now: began, step: 5 * time.Second}
		d, err := New(cfg)
		require.NoError(t, err)
		w.d = d
		e := w.exporter(nil)
		for i := range 100 {
			w.tunnel(clientAddr(i), gw1, e)
		}
		w.run(10 * time.Minute)
		for _, u := range w.tunnels[30:60] {
			u.Blocked[ToClient] = true
		}
		w.run(10 * time.Minute)
		return out
	}
	first := run()
	require.NotEmpty(t, first)
	for range 3 {
		require.Equal(t, first, run())
	}
}
