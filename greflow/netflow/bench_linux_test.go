package netflow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
	"time"

	goflow "github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
	"github.com/netsampler/goflow2/v2/producer"
	protoproducer "github.com/netsampler/goflow2/v2/producer/proto"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// discard is a sink that looks at what it gets.
type discard struct{ packets, records uint64 }

func (d *discard) Record(r *flow.Record) { d.packets += r.Packets; d.records++ }
func (d *discard) Note(flow.Note)        {}

// mix is a stream of datagrams as a common exporter sends them.
type mix struct {
	name      string
	template  []byte
	datagrams [][]byte
	records   int // in each
}

// mixes are NetFlow v9 with 22 fields (1344 bytes), IPFIX with 20 (1360) and v5 with 28
// records (1368), in all of which ours out of 100 records are about PPTP.
func mixes(ours int) []mix {
	rnd := rand.New(rand.NewPCG(1, 2))
	ports := func() (proto, src, dst uint64) {
		if rnd.IntN(100) < ours {
			if rnd.IntN(2) == 0 {
				return 47, 0, 0
			}
			return 6, uint64(1024 + rnd.IntN(60000)), 1723
		}
		return [...]uint64{6, 6, 17}[rnd.IntN(3)], uint64(1024 + rnd.IntN(60000)), 443
	}
	host := func(id uint16) spec {
		return addr(id, netip.AddrFrom4([4]byte{198, 51, byte(rnd.IntN(256)), byte(rnd.IntN(256))}).String())
	}
	n := func(id, length uint16, limit int) spec { return num(id, length, uint64(rnd.IntN(limit))) }
	v9 := func() []spec {
		proto, src, dst := ports()
		return []spec{
			host(8), host(12), host(15), n(10, 4, 99), n(14, 4, 99), n(2, 4, 1e6), n(1, 4, 1e9),
			num(22, 4, uptime-60000), num(21, 4, uptime-1000), num(7, 2, src), num(11, 2, dst), n(6, 1, 64),
			num(4, 1, proto), n(5, 1, 256), n(16, 4, 65536), n(17, 4, 65536), n(9, 1, 33), n(13, 1, 33),
			num(61, 1, 0), num(89, 1, 64), num(48, 1, 1), n(234, 4, 9),
		}
	}
	ipfix := func() []spec {
		proto, src, dst := ports()
		return []spec{
			num(152, 8, uint64(noon.UnixMilli()-60000)), num(153, 8, uint64(noon.UnixMilli()-1000)),
			n(1, 8, 1e9), n(2, 8, 1e6), host(8), host(12), num(7, 2, src), num(11, 2, dst), num(4, 1, proto), n(6, 1, 64),
			n(10, 4, 99), n(14, 4, 99), num(136, 1, 2), num(61, 1, 0), n(5, 1, 256), n(16, 4, 65536), n(17, 4, 65536),
			n(9, 1, 33), n(13, 1, 33), num(60, 1, 4),
		}
	}
	var all []mix
	add := func(version, records int, fields func() []spec) {
		e := newExporter(version)
		m := mix{records: records, name: map[int]string{9: "v9", 10: "ipfix"}[version]}
		sets := e.data(256, fields()...)
		m.template = e.send(0, sets[0])
		for range 64 {
			var body [][]byte
			for range records {
				body = append(body, record(fields()...))
			}
			m.datagrams = append(m.datagrams, e.send(records, set(256, body...)))
		}
		all = append(all, m)
	}
	add(9, 22, v9)
	add(10, 20, ipfix)
	e := newExporter(5)
	m := mix{name: "v5", records: 28}
	for range 64 {
		var body [][]byte
		for range m.records {
			proto, src, dst := ports()
			body = append(body, recordOfV5("198.51.100.1", "203.0.113.9", byte(proto), uint16(src), uint16(dst)))
		}
		m.datagrams = append(m.datagrams, e.v5(0, body...))
	}
	m.template = m.datagrams[0]
	return append(all, m)
}

// perRecord measures decode, by the time of the CPU too: that of the wall is of no
// use on a machine with other work. The stream repeats, so that its sequence
// numbers jump back once in 64 datagrams.
func perRecord(b *testing.B, m mix, decode func(i int, datagram []byte)) {
	b.ReportAllocs()
	b.SetBytes(int64(len(m.datagrams[0])))
	before := cpuTime(b)
	for i := 0; b.Loop(); i++ {
		decode(i, m.datagrams[i%len(m.datagrams)])
	}
	records := float64(b.N) * float64(m.records)
	b.ReportMetric(float64(cpuTime(b)-before)/records, "cpu-ns/record")
	b.ReportMetric(float64(b.Elapsed())/records, "ns/record")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecode has goflow2 beside it, alone and with the producer that its users run.
func BenchmarkDecode(b *testing.B) {
	for _, ours := range []int{100, 2} {
		for _, m := range mixes(ours) {
			for _, all := range []bool{true, false} {
				if !all && ours == 100 {
					continue // the same as all
				}
				b.Run(fmt.Sprintf("%s/%d%%/all=%t", m.name, ours, all), func(b *testing.B) {
					d, sink := NewDecoder(Config{All: all}), &discard{}
					if err := d.Decode(router, noon, m.template, sink); err != nil {
						b.Fatal(err)
					}
					perRecord(b, m, func(_ int, datagram []byte) {
						if err := d.Decode(router, noon, datagram, sink); err != nil {
							b.Fatal(err)
						}
					})
				})
			}
			b.Run(fmt.Sprintf("%s/%d%%/goflow2", m.name, ours), func(b *testing.B) { goflow2(b, m, false) })
			b.Run(fmt.Sprintf("%s/%d%%/goflow2_producer", m.name, ours), func(b *testing.B) { goflow2(b, m, true) })
		}
	}
}

// BenchmarkExporters has a thousand of them in turn, so that nothing is in a cache of the CPU.
func BenchmarkExporters(b *testing.B) {
	m := mixes(2)[0]
	d, sink := NewDecoder(Config{}), &discard{}
	const exporters = 1000
	for i := range exporters {
		if err := d.Decode(host(i), noon, m.template, sink); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, m, func(i int, datagram []byte) {
		if err := d.Decode(host(i%exporters), noon, datagram, sink); err != nil {
			b.Fatal(err)
		}
	})
	b.ReportMetric(float64(d.Stats().StateBytes)/exporters, "bytes/exporter")
}

func goflow2(b *testing.B, m mix, produce bool) {
	cfg, err := (&protoproducer.ProducerConfig{}).Compile()
	if err != nil {
		b.Fatal(err)
	}
	p, err := protoproducer.CreateProtoProducer(cfg, protoproducer.CreateSamplingSystem)
	if err != nil {
		b.Fatal(err)
	}
	templates := goflow.CreateTemplateSystem()
	args := &producer.ProduceArgs{Src: netip.AddrPortFrom(router, 2055), TimeReceived: noon, SamplerAddress: router}
	decode := func(datagram []byte) {
		buf := bytes.NewBuffer(datagram)
		var v9 goflow.NFv9Packet
		var ipfix goflow.IPFIXPacket
		var v5 netflowlegacy.PacketNetFlowV5
		var packet any
		switch m.name {
		case "v5":
			err, packet = netflowlegacy.DecodeMessageVersion(buf, &v5), &v5
		case "v9":
			err, packet = goflow.DecodeMessageVersion(buf, templates, &v9, &ipfix), &v9
		default:
			err, packet = goflow.DecodeMessageVersion(buf, templates, &v9, &ipfix), &ipfix
		}
		if err != nil {
			b.Fatal(err)
		}
		if !produce {
			return
		}
		messages, err := p.Produce(packet, args)
		if err != nil {
			b.Fatal(err)
		}
		p.Commit(messages)
	}
	decode(m.template)
	perRecord(b, m, func(_ int, datagram []byte) { decode(datagram) })
}
