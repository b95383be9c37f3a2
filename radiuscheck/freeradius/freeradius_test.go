package freeradius

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

var key = packet.NewKey("secret")

func answer(tb testing.TB, fill func(b *packet.Builder)) packet.Packet {
	tb.Helper()
	b := packet.NewRequest(packet.AccessAccept, 1, packet.Authenticator{})
	fill(b)
	p, err := b.Reply(key)
	require.NoError(tb, err)
	return p
}

func number(b *packet.Builder, t uint8, v uint32) {
	b.VendorAttribute(Vendor, t, binary.BigEndian.AppendUint32(nil, v))
}

func counter(tb testing.TB, section, result string) Counter {
	for _, c := range Counters() {
		if c.Section == section && c.Result == result {
			return c
		}
	}
	tb.Fatalf("no counter %s %s", section, result)
	return Counter{}
}

func TestCounterNumbers(t *testing.T) { // of dictionary.freeradius
	for _, tt := range []struct {
		section, result string
		want            uint8
	}{
		{"auth", "requests", 128}, {"auth", "accepts", 129}, {"auth", "rejects", 130}, {"auth", "challenges", 131},
		{"auth", "responses", 132}, {"auth", "duplicate", 133}, {"auth", "malformed", 134}, {"auth", "invalid", 135},
		{"auth", "dropped", 136}, {"auth", "unknown_type", 137}, {"proxy_auth", "requests", 138}, {"proxy_auth", "unknown_type", 147},
		{"acct", "requests", 148}, {"acct", "responses", 149}, {"acct", "unknown_type", 154},
		{"proxy_acct", "requests", 155}, {"proxy_acct", "unknown_type", 161}, {"auth", "conflicts", 191}, {"acct", "conflicts", 192},
	} {
		assert.Equal(t, tt.want, counter(t, tt.section, tt.result).attribute, "%s %s", tt.section, tt.result)
	}
}

func TestDecode(t *testing.T) {
	s, err := Decode(answer(t, func(b *packet.Builder) {
		number(b, 128, 100)
		number(b, 164, 3)
		number(b, 172, 7)
		number(b, startTime, 1_800_000_000)
		b.VendorAttribute(Vendor, 129, []byte{1, 2}) // not of its size
		b.VendorAttribute(9, 130, []byte{0, 0, 0, 1})
	}))
	require.NoError(t, err)
	var totals Totals
	assert.False(t, totals.Add(s))
	n, ok := totals.Total(counter(t, "auth", "requests"))
	assert.True(t, ok)
	assert.Equal(t, uint64(100), n)
	_, ok = totals.Total(counter(t, "auth", "accepts"))
	assert.False(t, ok)
	_, ok = totals.Total(counter(t, "auth", "rejects"))
	assert.False(t, ok)
	queue, ok := s.Queue(Queues()[2])
	assert.True(t, ok)
	assert.Equal(t, int64(3), queue)
	out, ok := s.Outstanding()
	assert.True(t, ok)
	assert.Equal(t, int64(7), out)
	assert.Equal(t, time.Unix(1_800_000_000, 0).UTC(), s.Started)
}

func TestDecodeErrors(t *testing.T) {
	_, err := Decode(answer(t, func(b *packet.Builder) { b.VendorAttribute(Vendor, statsError, []byte("no such client")) }))
	require.ErrorContains(t, err, `the server refuses: "no such client"`)
	_, err = Decode(answer(t, func(*packet.Builder) {}))
	require.ErrorContains(t, err, "has no statistics; ask a listener of type status")
}

func part(n uint8, v uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{n, 10}, v)
}

func TestHistograms(t *testing.T) {
	var one []byte
	for n := range uint8(buckets) {
		one = append(one, part(n+1, uint64(n)*10)...)
	}
	s, err := Decode(answer(t, func(b *packet.Builder) {
		b.VendorAttribute(Vendor, latency, one)
		// The second in two attributes, and what is none.
		b.VendorAttribute(Vendor, latency, append(part(1, 1), part(2, 2)...))
		b.VendorAttribute(Vendor, latency, append(append(part(3, 3), 9, 10, 0, 0, 0, 0, 0, 0, 0, 1), 4, 3, 1, 5, 99))
	}))
	require.NoError(t, err)
	require.Len(t, s.Histograms, 2)
	assert.Equal(t, Histogram{0, 10, 20, 30, 40, 50, 60, 70}, s.Histograms[0])
	assert.Equal(t, Histogram{1, 2, 3}, s.Histograms[1])
	assert.Len(t, LatencyBounds(), buckets)

	s, err = Decode(answer(t, func(b *packet.Builder) {
		for range 100 {
			b.VendorAttribute(Vendor, latency, part(1, 1))
		}
	}))
	require.NoError(t, err)
	assert.Len(t, s.Histograms, maxHistograms)
}

func statistics(t *testing.T, started, requests uint32) *Statistics {
	s, err := Decode(answer(t, func(b *packet.Builder) {
		if started != 0 {
			number(b, startTime, started)
		}
		number(b, 128, requests)
	}))
	require.NoError(t, err)
	return s
}

func TestTotals(t *testing.T) {
	requests := counter(t, "auth", "requests")
	steps := []struct {
		name              string
		started, requests uint32
		want              uint64
		restarted         bool
	}{
		{"first", 1000, 0xffff_fff0, 0xffff_fff0, false},
		{"wrapped", 1000, 0x10, 0x1_0000_0010, false},
		{"restarted", 5000, 5, 5, true},
		{"goes on", 5000, 9, 9, false},
		{"does not say", 0, 10, 10, false},
		{"restarted after that", 9000, 1, 1, true},
	}
	var totals Totals
	for _, s := range steps {
		assert.Equal(t, s.restarted, totals.Add(statistics(t, s.started, s.requests)), s.name)
		n, ok := totals.Total(requests)
		assert.True(t, ok)
		assert.Equal(t, s.want, n, s.name)
	}
}

func TestAsk(t *testing.T) {
	b := packet.NewRequest(packet.StatusServer, 1, packet.Authenticator{})
	Ask(b, All)
	p, err := b.Request(key)
	require.NoError(t, err)
	v, ok := p.LookupVendor(Vendor, statisticsType)
	assert.True(t, ok)
	assert.Equal(t, []byte{0, 0, 0, 31}, v)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(answer(f, func(b *packet.Builder) {
		number(b, 128, 1)
		b.VendorAttribute(Vendor, latency, part(1, 1))
	})))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := packet.Parse(data)
		if err != nil {
			return
		}
		s, err := Decode(p)
		if err != nil {
			return
		}
		if len(s.Histograms) > maxHistograms {
			t.Fatal("histograms are not bounded")
		}
		new(Totals).Add(s)
	})
}

func BenchmarkDecode(b *testing.B) {
	p := answer(b, func(b *packet.Builder) {
		for t := range uint8(50) {
			number(b, 128+t, uint32(t))
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(p); err != nil {
			b.Fatal(err)
		}
	}
}
