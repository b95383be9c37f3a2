package sflow

import (
	"errors"
	"math"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestExporter(t *testing.T) {
	sample := usual.flow(raw(11, 60, grePacket(t, client, gateway, 61)))
	six := netip.MustParseAddr("2001:db8::2")
	local := netip.MustParseAddr("127.0.0.2")
	for _, tt := range []struct {
		name        string
		from, agent netip.Addr
		want        netip.Addr
	}{
		{"agent", sender, agent, agent},
		{"IPv6 agent", sender, six, six},
		{"IPv4-mapped agent", sender, netip.AddrFrom16(agent.As16()), agent},
		{"no agent", sender, netip.Addr{}, sender},
		{"unspecified agent", sender, netip.IPv4Unspecified(), sender},
		{"loopback agent from elsewhere", sender, local, sender},
		{"loopback agent from here", netip.MustParseAddr("127.0.0.1"), local, local},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, got := NewDecoder(Config{}), &collect{}
			require.NoError(t, d.Decode(tt.from, start, header{agent: tt.agent, subAgent: 7}.datagram(sample), got))
			want := flow.Exporter{Addr: tt.want, Version: flow.SFlow5, Domain: 7}
			require.Len(t, got.records, 1)
			assert.Equal(t, want, got.records[0].Exporter)
			assert.Equal(t, []flow.Note{
				{Kind: flow.NoteSeen, Exporter: want, Arrival: start.UnixNano()},
				{Kind: flow.NoteSampling, Exporter: want, Arrival: start.UnixNano(), Amount: 100},
			}, got.notes)
		})
	}
}

func TestSamplesAreCounted(t *testing.T) {
	counters := opaque(formatCounters, u32(1, 3, 1), opaque(1, make([]byte, 88)))
	expanded := opaque(formatCountersExpanded, u32(1, 0, 3, 0))
	vendor := opaque(4413<<12|formatFlow, make([]byte, 40))
	frame := raw(11, 60, grePacket(t, client, gateway, 61))
	got, stats := decodeOne(t, Config{}, datagram(counters, usual.flow(frame), vendor, expanded, usual.discard(258, frame)))
	assert.Len(t, got.records, 2)
	b := datagram(counters, usual.flow(frame), vendor, expanded, usual.discard(258, frame))
	assert.Equal(t, Stats{
		Datagrams: 1, Bytes: uint64(len(b)), FlowSamples: 1, Discards: 1, Counters: 2, OtherSamples: 1,
		Records: 2, Delivered: 2, Exporters: 1, Sources: 2,
	}, stats)
}

// patch changes a word of a datagram.
func patch(b []byte, at int, value uint32) []byte {
	b = append([]byte(nil), b...)
	be.PutUint32(b[at:], value)
	return b
}

func TestErrors(t *testing.T) {
	frame := raw(11, 60, grePacket(t, client, gateway, 61))
	good := datagram(usual.flow(frame))
	two := datagram(usual.flow(frame), usual.flow(frame))
	const (
		samples = 24 // where the count of samples is
		length  = 32 // where the length of the first sample is
		records = 64 // where the count of its records is
		record  = 72 // where the length of its first record is
		inner   = 88 // where the length of the header in it is
	)
	second := 36 + int(be.Uint32(good[length:]))
	for _, tt := range []struct {
		name    string
		b       []byte
		reason  Reason
		records int // delivered all the same
	}{
		{"nothing", nil, ReasonShort, 0},
		{"cut off in the address", good[:11], ReasonAddress, 0},
		{"cut off in the header", good[:27], ReasonShort, 0},
		{"version 4", patch(good, 0, 4), ReasonVersion, 0},
		{"NetFlow v9", append([]byte{0, 9, 0, 1}, good[4:]...), ReasonVersion, 0},
		{"agent of unknown type", patch(good, 4, 3), ReasonAddress, 0},
		{"agent address cut off", patch(good[:20], 4, 2), ReasonAddress, 0},
		{"counts more samples", patch(good, samples, 2), ReasonSampleCount, 1},
		{"counts all there could be", patch(good, samples, math.MaxUint32), ReasonSampleCount, 1},
		{"cut off in a sample", two[:len(two)-4], ReasonSampleLength, 1},
		{"sample length beyond everything", patch(good, length, math.MaxUint32), ReasonSampleLength, 0},
		{"sample length of nothing", patch(two, length, 0), ReasonSample, 0},
		{"flow sample without its fixed part", datagram(opaque(formatFlow, make([]byte, 31)), usual.flow(frame)), ReasonSample, 1},
		{"expanded sample without its fixed part", datagram(opaque(formatFlowExpanded, make([]byte, 43)), usual.flow(frame)), ReasonSample, 1},
		{"discard without its fixed part", datagram(opaque(formatDiscard, make([]byte, 31)), usual.flow(frame)), ReasonSample, 1},
		{"counts more records", patch(two, records, 2), ReasonRecordCount, 2},
		{"counts all records there could be", patch(two, records, math.MaxUint32), ReasonRecordCount, 2},
		{"record longer than its sample", patch(two, record, 10_000), ReasonRecordLength, 1},
		{"header longer than its record", patch(two, inner, 10_000), ReasonRecord, 1},
		{"header length beyond everything", patch(two, inner, math.MaxUint32), ReasonRecord, 1},
		{"header record without its fixed part", datagram(usual.flow(opaque(recordHeader, make([]byte, 15)), frame)), ReasonRecord, 1},
		{"IPv4 fields cut off", datagram(usual.flow(opaque(recordIPv4, make([]byte, 28)), frame)), ReasonRecord, 1},
		{"IPv6 fields cut off", datagram(usual.flow(opaque(recordIPv6, make([]byte, 52)), frame)), ReasonRecord, 1},
		{"protocol that is none", datagram(usual.flow(fields4(60, 0x12F, client, gateway, 0, 0, 0))), ReasonRecord, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, got := NewDecoder(Config{}), &collect{}
			err := d.Decode(sender, start, tt.b, got)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, tt.reason, e.Reason, "%v", err)
			assert.Len(t, got.records, tt.records)
			assert.NotZero(t, d.Stats().Errors[tt.reason])
		})
	}
	assert.Equal(t, 36+(len(two)-len(good)), second+8, "offsets are as the test takes them to be")
}

func TestFirstErrorIsTold(t *testing.T) {
	d := NewDecoder(Config{})
	bad := datagram(opaque(formatFlow, nil), usual.flow(opaque(recordHeader, nil)))
	err := d.Decode(sender, start, bad, &collect{})
	assert.Equal(t, error(&failures[ReasonSample]), err)
	assert.Equal(t, uint64(1), d.Stats().Errors[ReasonRecord], "the second is counted")
	assert.Equal(t, "sflow: "+errors.Unwrap(err).Error(), err.Error())
}

func TestReasons(t *testing.T) {
	seen := map[string]bool{}
	for r := range Reason(Reasons) {
		assert.NotEmpty(t, r.String())
		assert.False(t, seen[r.String()], r.String())
		seen[r.String()] = true
		assert.Error(t, failures[r].Err)
		assert.Equal(t, r, failures[r].Reason)
	}
	assert.Equal(t, "unknown", Reason(Reasons).String())
}

// TestTrailingBytes has an agent that does not pad the last structure, and one
// that counts less than it sends.
func TestTrailingBytes(t *testing.T) {
	frame := raw(11, 60, grePacket(t, client, gateway, 61))
	user := opaque(1004, []byte("abc"))
	sample := usual.flow(frame, user)
	sample = sample[:len(sample)-1]
	be.PutUint32(sample[4:], uint32(len(sample)-8))
	got, stats := decodeOne(t, Config{}, datagram(sample))
	assert.Len(t, got.records, 1)
	assert.Equal(t, [Reasons]uint64{}, stats.Errors)

	got, _ = decodeOne(t, Config{}, append(datagram(usual.flow(frame)), usual.flow(frame)...))
	assert.Len(t, got.records, 1, "what is not counted is not there")
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := NewDecoder(Config{})
	b := benchmarkDatagram(t, 0.5)
	bad := b[:len(b)-50]
	numbers := sequenceNumbers(b)
	var sink discardSink
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		advance(b, numbers)
		_ = d.Decode(sender, start, b, &sink)
		_ = d.Decode(sender, start, bad, &sink)
	}))
	assert.NotZero(t, sink.records)
	assert.NotZero(t, d.Stats().Errors[ReasonSampleLength])
}
