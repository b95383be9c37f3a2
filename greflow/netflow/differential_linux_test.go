package netflow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// tracer is a decoder that shows the raw fields of what it decodes.
type tracer struct {
	*Decoder
	sets []rawSet     // but for those whose template goflow2 takes for empty, and its guard keeps out
	rows [][]rawField // the records of data, those of such a template too
	tail bool         // after variable length there was padding that is no padding to goflow2
	sink collected
}

func newTracer() *tracer {
	// Bounds that nothing here meets, and no second chance for data without a template, which the oracle has not.
	d := &tracer{Decoder: NewDecoder(Config{All: true, MaxFields: 1 << 16, MaxTemplates: 1 << 16, PendingBytes: 1})}
	d.trace = func(s *scope, t *template, b []byte, lo, hi int) {
		set := rawSet{Domain: s.exporter.Domain, ID: t.id, Options: t.options}
		p := t.plan
		for hi-lo >= t.size {
			end, ok := t.walk(&p, b, lo, hi)
			if !ok {
				break
			}
			set.Records = append(set.Records, t.raw(b, lo, hi))
			lo = end
		}
		fixed := 0
		for _, f := range t.fields {
			if f.length != variableLength {
				fixed += int(f.length)
			}
		}
		if fixed > 0 {
			d.sets = append(d.sets, set)
			d.tail = d.tail || !t.fixed && hi-lo >= fixed
		}
		if !t.options {
			d.rows = append(d.rows, set.Records...)
		}
	}
	return d
}

// raw returns the fields of the record at pos.
func (t *template) raw(b []byte, pos, hi int) (out []rawField) {
	for _, f := range t.fields {
		n := int(f.length)
		if n == variableLength {
			n, pos = variable(b, pos, hi)
		}
		out = append(out, rawField{PEN: f.pen, ID: f.id, Value: bytes.Clone(b[pos : pos+n])})
		pos += n
	}
	return out
}

// decode returns the sets of data, and whether there was something wrong.
func (d *tracer) decode(datagram []byte) rawDatagram {
	for _, s := range d.scopes { // streams are no good in their sequence and time
		s.sequence, s.boot, s.started = sequence{}, boot{}, 0
	}
	d.sets, d.rows, d.tail, d.sink = nil, nil, false, collected{}
	err := d.Decode(router, noon, datagram, &d.sink)
	return rawDatagram{Sets: d.sets, Failed: err != nil}
}

// tally is what has been compared.
type tally struct{ streams, datagrams, sets, records, fields, ended, tails int }

// compare decodes a stream and compares it with what the oracle said, as long as
// both find nothing wrong, and nothing happens that goflow2 does not know of. From
// then on they differ by intention, see [TestIntendedDifferences], and know
// different templates.
func compare(t *testing.T, stream [][]byte, want []rawDatagram, n *tally) {
	t.Helper()
	d := newTracer()
	n.streams++
	for i, datagram := range stream {
		got := d.decode(datagram)
		if got.Failed || want[i].Failed || d.stats.TemplatesWithdrawn > 0 || d.stats.Restarts > 0 {
			n.ended++
			return
		}
		if d.tail {
			n.tails++
			return
		}
		require.Equal(t, printed(want[i].Sets), printed(got.Sets), "datagram %d: %x", i, datagram)
		n.datagrams++
		for _, s := range got.Sets {
			n.sets++
			n.records += len(s.Records)
			for _, r := range s.Records {
				n.fields += len(r)
			}
		}
		require.Len(t, d.sink.records, len(d.rows))
		for i, fields := range d.rows {
			interpret(t, fields, &d.sink.records[i])
		}
	}
}

func printed(sets []rawSet) string {
	var b bytes.Buffer
	for _, s := range sets {
		fmt.Fprintf(&b, "domain %d set %d options %t records %d\n", s.Domain, s.ID, s.Options, len(s.Records))
		for _, r := range s.Records {
			for _, f := range r {
				fmt.Fprintf(&b, " %d/%d=%x", f.PEN, f.ID, f.Value)
			}
			fmt.Fprintln(&b)
		}
	}
	return b.String()
}

// interpret compares a record with what a slow and simple reading of its fields gives.
func interpret(t *testing.T, fields []rawField, got *flow.Record) {
	t.Helper()
	first := func(id uint16) ([]byte, bool) {
		var all [][]byte
		for _, f := range fields {
			if f.PEN == 0 && f.ID == id {
				all = append(all, f.Value)
			}
		}
		if len(all) == 0 {
			return nil, true
		}
		// An empty one is passed over if its template says so, and not if its length is variable, which is not known here.
		return all[0], len(all[0]) > 0 || len(all) == 1
	}
	for _, c := range []struct {
		id   uint16
		got  uint64
		mask uint64
		not  []uint16 // of the same slot
	}{
		{4, uint64(got.Proto), 0xff, nil},
		{7, uint64(got.SrcPort), 0xffff, nil},
		{11, uint64(got.DstPort), 0xffff, nil},
		{10, uint64(got.In), 0xffffffff, nil},
		{14, uint64(got.Out), 0xffffffff, nil},
		{6, uint64(got.TCPFlags), 0xff, nil},
		{136, uint64(got.EndReason), 0xff, nil},
		{1, got.Bytes, ^uint64(0), []uint16{85, 231, 352}},
		{2, got.Packets, ^uint64(0), []uint16{86, 298}},
	} {
		value, sure := first(c.id)
		for _, id := range c.not {
			other, _ := first(id)
			sure = sure && other == nil
		}
		if sure {
			var v uint64
			for _, x := range value {
				v = v<<8 | uint64(x)
			}
			require.Equal(t, v&c.mask, c.got, "IE %d of %v", c.id, fields)
		}
	}
	for id, got := range map[uint16]netip.Addr{8: got.Src, 12: got.Dst} {
		six, _ := first(25 + id/4) // 27 or 28
		if value, sure := first(id); sure && six == nil && len(value) == 4 {
			require.Equal(t, netip.AddrFrom4([4]byte(value)), got)
		}
	}
}

// crafted are streams with what the rules are about.
func crafted() (streams [][][]byte) {
	add := func(version int, sets ...[]byte) {
		streams = append(streams, [][]byte{unlimited(newExporter(version).send(1, sets...))})
	}
	for _, version := range []int{9, 10} {
		e := newExporter(version)
		add(version, e.data(256, gre()...)...)
		add(version, e.data(256, append(gre(), num(4, 1, 17), addr(8, "10.0.0.1"))...)...)
		add(version, e.data(256, append([]spec{num(150, 0, 0)}, gre()...)...)...)
		add(version, e.data(256, with(gre(), num(1, 8, 1<<40), num(2, 3, 70000), num(10, 2, 9), num(6, 2, 0x1f2))...)...)
		add(version, e.options(256, 1, num(1, 4, 9), num(34, 4, 100), num(36, 2, 60))...)
		add(version, set(999, make([]byte, 40)), set(998, nil))
		sets := e.data(256, gre()...)
		for pad := range 8 {
			add(version, sets[0], set(256, sets[1][4:], sets[1][4:], make([]byte, pad)))
		}
		add(version, append(sets, e.data(256, append(gre(), num(5, 1, 1))...)...)...)
	}
	e := newExporter(10)
	long := bytes.Repeat([]byte("x"), 300)
	add(10, e.data(256, append(gre(), vary(96, []byte("pptp")), vary(94, long), vary(95, nil))...)...)
	add(10, e.data(256, append([]spec{pen(9, vary(12232, long))}, gre()...)...)...)
	add(10, e.data(256, append([]spec{pen(reversePEN, num(1, 8, 5)), pen(2636, num(137, 2, 1))}, gre()...)...)...)
	add(10, e.options(300, 2, num(149, 4, 1), pen(9, num(1, 4, 2)), num(34, 4, 100), vary(84, []byte("name")))...)
	for _, m := range mixes(20) {
		if m.name != "v5" {
			streams = append(streams, append([][]byte{unlimited(m.template)}, m.datagrams[:8]...))
			for i := range streams[len(streams)-1] {
				unlimited(streams[len(streams)-1][i])
			}
		}
	}
	return streams
}

func TestAgainstGoflow2(t *testing.T) {
	streams := crafted()
	var n tally
	for i, want := range ask(t, streams) {
		compare(t, streams[i], want, &n)
	}
	require.Zero(t, n.ended, "none of these is bad")
	require.Zero(t, n.tails)
	require.Equal(t, len(streams), n.streams)
	require.Greater(t, n.fields, 5000)
	t.Logf("%+v", n)
}

func TestAgainstGoflow2AtRandom(t *testing.T) {
	for name, mutated := range map[string]bool{"sound": false, "mutated": true} {
		t.Run(name, func(t *testing.T) {
			g := generator{rand.New(rand.NewPCG(4, 7))}
			streams := make([][][]byte, 1000)
			for i := range streams {
				streams[i] = g.stream()
				if mutated {
					g.mutate(streams[i])
				}
			}
			var n tally
			for i, want := range ask(t, streams) {
				compare(t, streams[i], want, &n)
			}
			require.Greater(t, n.fields, 10_000)
			t.Logf("%+v", n)
		})
	}
}

func TestV5AgainstGoflow2(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(5, 5))}
	for range 500 {
		n := g.IntN(30)
		var records [][]byte
		for range n {
			records = append(records, g.bytes(recordV5))
		}
		datagram := newExporter(5).v5(uint16(g.Uint32()), records...)
		b := newBench(t, Config{All: true})
		b.take(datagram)
		var want netflowlegacy.PacketNetFlowV5
		require.NoError(t, netflowlegacy.DecodeMessageVersion(bytes.NewBuffer(datagram), &want))
		require.Len(t, b.records, len(want.Records))
		for i, w := range want.Records {
			r := b.records[i]
			require.Equal(t, []any{
				uint32(w.SrcAddr), uint32(w.DstAddr), uint32(w.Input), uint32(w.Output), uint64(w.DPkts), uint64(w.DOctets),
				w.SrcPort, w.DstPort, w.TCPFlags, w.Proto,
			}, []any{
				be.Uint32(r.Src.AsSlice()), be.Uint32(r.Dst.AsSlice()), r.In, r.Out, r.Packets, r.Bytes,
				r.SrcPort, r.DstPort, r.TCPFlags, r.Proto,
			})
		}
	}
}

// TestIntendedDifferences has all that goflow2's decoders do otherwise, and why.
func TestIntendedDifferences(t *testing.T) {
	v9, ipfix := newExporter(9), newExporter(10)
	good := v9.data(256, gre()...)
	goodIPFIX := ipfix.data(256, gre()...)
	overrun := append([]spec{vary(96, nil)}, gre()...)
	bad := record(overrun...)
	bad[0] = 20
	short := append([]byte(nil), goodIPFIX[1]...)
	for _, tc := range []struct {
		name, why    string
		datagrams    [][]byte
		ours, theirs int // records
	}{
		{
			"all fields of variable length", "goflow2 takes their records for empty, so its guard keeps the template out",
			[][]byte{ipfix.send(1, ipfix.data(256, vary(96, []byte("x")))...)}, 1, 0,
		}, {
			"field of variable length beyond its set", "it would be cut off silently; we count an error",
			[][]byte{ipfix.send(1, set(setTemplateIPFIX, layout(256, overrun...)), set(256, bad))}, 0, 1,
		}, {
			"padding after variable length", "goflow2 begins another record if the fixed fields fit",
			[][]byte{ipfix.send(1, set(setTemplateIPFIX, layout(256, vary(96, nil), num(4, 1, 0))),
				set(256, []byte{1, 'x', 47, 0}))}, 1, 2,
		}, {
			"padding before variable length", "goflow2 begins another record, does not get on, and loses the whole set",
			[][]byte{ipfix.send(1, set(setTemplateIPFIX, layout(256, num(4, 1, 0), vary(96, nil))),
				set(256, []byte{47, 1, 'x', 0}))}, 1, 0,
		}, {
			"set longer than the rest", "what is cut off is not to be believed",
			[][]byte{ipfix.send(1, goodIPFIX[0], append(be.AppendUint16(be.AppendUint16(nil, 256), 500), short[4:]...))}, 0, 1,
		}, {
			"reserved set", "it costs itself, not the datagram",
			[][]byte{v9.send(1, set(9, nil), good[0], good[1])}, 1, 0,
		}, {
			"malformed template", "it costs its set, not the templates before it nor the datagram",
			[][]byte{v9.send(1, set(setTemplateV9, good[0][4:], []byte{1, 44, 0, 9, 0, 1, 0, 1}), good[1])}, 1, 0,
		}, {
			"count of NetFlow v9", "exporters count records or sets",
			[][]byte{func() []byte { b := v9.send(1, good...); be.PutUint16(b[2:], 1); return b }()}, 1, 0,
		}, {
			"length of IPFIX before the end of a set", "the set is beyond the message",
			[][]byte{func() []byte { b := ipfix.send(1, goodIPFIX...); be.PutUint16(b[2:], uint16(len(b)-1)); return b }()}, 0, 1,
		}, {
			"trailing bytes", "too few for a set: padding",
			[][]byte{v9.send(1, good[0], good[1], []byte{0})}, 1, 1,
		}, {
			"withdrawal of all templates", "goflow2 knows no withdrawal",
			[][]byte{ipfix.send(0, goodIPFIX[0]), ipfix.send(0, set(setTemplateIPFIX, []byte{0, 2, 0, 0})), ipfix.send(1, goodIPFIX[1])}, 0, 1,
		}, {
			"template after its data", "we keep the data for it",
			[][]byte{v9.send(1, good[1]), v9.send(0, good[0])}, 1, 0,
		}, {
			"v9 scope of half a field", "nobody knows where it ends",
			[][]byte{v9.send(1, set(setOptionsV9, []byte{1, 0, 0, 5, 0, 4, 0, 1, 0, 4, 0, 34, 0, 4}), set(256, make([]byte, 8)))}, 0, 1,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			theirs := 0
			for _, d := range ask(t, [][][]byte{tc.datagrams})[0] {
				for _, s := range d.Sets {
					theirs += len(s.Records)
				}
			}
			require.Equal(t, tc.theirs, theirs, "goflow2")
			d := NewDecoder(Config{All: true})
			ours := 0
			d.trace = func(_ *scope, x *template, b []byte, lo, hi int) {
				p := x.plan
				for hi-lo >= x.size {
					end, ok := x.walk(&p, b, lo, hi)
					if !ok {
						return
					}
					ours++
					lo = end
				}
			}
			for _, b := range tc.datagrams {
				_ = d.Decode(router, noon, b, &discard{})
			}
			require.Equal(t, tc.ours, ours, tc.why)
		})
	}
	t.Run("count of NetFlow v5", func(t *testing.T) {
		datagram := newExporter(5).v5(0)
		be.PutUint16(datagram[2:], 65535)
		var v5 netflowlegacy.PacketNetFlowV5
		_ = netflowlegacy.DecodeMessageVersion(bytes.NewBuffer(datagram), &v5)
		require.Len(t, v5.Records, 65535, "records out of nothing")
		newBench(t, Config{}).refuse(ReasonCount, datagram)
	})
}
