package sflow

import (
	"bytes"
	"testing"

	goflow "github.com/netsampler/goflow2/v2/decoders/sflow"
	"github.com/netsampler/goflow2/v2/producer"
	protoproducer "github.com/netsampler/goflow2/v2/producer/proto"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

type discardSink struct{ records, notes int }

func (s *discardSink) Record(*flow.Record) { s.records++ }
func (s *discardSink) Note(flow.Note)      { s.notes++ }

const benchmarkSamples = 7 // what fits 1400 bytes

// benchmarkDatagram is as switches send them: 128 bytes of each packet, and what
// the switch and the router have to say. A part of the packets is of interest.
func benchmarkDatagram(tb testing.TB, ours float64) []byte {
	other := raw(1, 1518, ether(tb, append(tcpPacket(tb, client, gateway, 40000, 443), make([]byte, 20)...)))
	mine := raw(1, 118, ether(tb, append(grePacket(tb, client, gateway, 61), make([]byte, 20)...)))
	var samples [][]byte
	for i := range benchmarkSamples {
		frame := other
		if float64(i) < ours*benchmarkSamples {
			frame = mine
		}
		s := usual
		s.source, s.in = uint32(i+1), uint32(i+1)
		samples = append(samples, s.flow(frame, opaque(1001, u32(7, 0, 8, 0))))
	}
	return datagram(samples...)
}

// BenchmarkDecode has beside it goflow2's decoder, and its producer after it. An
// operation is one sample.
func BenchmarkDecode(b *testing.B) {
	for _, bb := range []struct {
		name string
		ours float64
		all  bool
	}{
		{"all_fields", 1, true},
		{"1_of_7_is_ours", 0.1, false},
		{"none_is_ours", 0, false},
	} {
		datagram := benchmarkDatagram(b, bb.ours)
		perSample := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkSamples, "ns/sample")
			b.SetBytes(int64(len(datagram)))
		}
		b.Run(bb.name+"/ours", func(b *testing.B) {
			d := NewDecoder(Config{All: bb.all})
			var sink discardSink
			numbers := sequenceNumbers(datagram)
			b.ReportAllocs()
			for b.Loop() {
				advance(datagram, numbers)
				if err := d.Decode(sender, start, datagram, &sink); err != nil {
					b.Fatal(err)
				}
			}
			perSample(b)
		})
		b.Run(bb.name+"/goflow2", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var p goflow.Packet
				if err := goflow.DecodeMessageVersion(bytes.NewBuffer(datagram), &p); err != nil {
					b.Fatal(err)
				}
			}
			perSample(b)
		})
		b.Run(bb.name+"/goflow2_producer", func(b *testing.B) {
			cfg, err := (&protoproducer.ProducerConfig{}).Compile()
			require.NoError(b, err)
			proto, err := protoproducer.CreateProtoProducer(cfg, protoproducer.CreateSamplingSystem)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				var p goflow.Packet
				if err := goflow.DecodeMessageVersion(bytes.NewBuffer(datagram), &p); err != nil {
					b.Fatal(err)
				}
				messages, err := proto.Produce(&p, &producer.ProduceArgs{SamplerAddress: sender, TimeReceived: start})
				if err != nil || len(messages) != benchmarkSamples {
					b.Fatal(len(messages), err)
				}
				proto.Commit(messages)
			}
			perSample(b)
		})
	}
}
