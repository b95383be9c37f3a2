package accounting

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func benchPacket() []byte {
	return request(
		7, attr(attrStatus, 3), attr(attrSession, "6565A1B200C801"), attr(attrUserName, "alice@example.com"), attr(attrNASAddress, 0x7f000101),
		attr(attrNASPort, 3), attr(attrCaller, "198.51.100.7"), attr(attrFramedAddress, 0x0a630002), attr(attrSessionTime, 600),
		attr(attrBytesIn, 5), attr(attrBytesOut, 6), attr(attrPacketsIn, 7), attr(attrPacketsOut, 8), attr(6, 2), attr(7, 1), attr(61, 5),
	)
}

func BenchmarkParse(b *testing.B) {
	packet := benchPacket()
	var r Record
	b.ReportAllocs()
	for b.Loop() {
		if err := Parse(&r, packet); err != nil {
			b.Fatal(err)
		}
	}
}

// What the server does for a packet, but for the tracker and the socket.
func BenchmarkVerifyParseRespond(b *testing.B) {
	packet := benchPacket()
	var r Record
	var v Verifier
	answer := make([]byte, 0, MaxPacket)
	b.ReportAllocs()
	for b.Loop() {
		if !v.Verify(packet, secret) || Parse(&r, packet) != nil {
			b.Fatal("not taken")
		}
		answer = v.AppendResponse(answer[:0], packet, secret)
	}
}

func BenchmarkVerifyForged(b *testing.B) {
	packet, other := benchPacket(), []byte("another")
	var v Verifier
	b.ReportAllocs()
	for b.Loop() {
		if v.Verify(packet, other) {
			b.Fatal("taken")
		}
	}
}

// filled is a tracker with n sessions of ten NAS.
func filled(tb testing.TB, n int, c Config) (*Tracker, []Record) {
	tracker, err := New(c)
	require.NoError(tb, err)
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{
			Status: Start, Session: fmt.Appendf(nil, "6565%08X01", i), User: fmt.Appendf(nil, "user%06d@example.com", i),
			NASIdentifier: fmt.Appendf(nil, "gw%d", i%10), Client: address([4]byte{198, 18, byte(i >> 8), byte(i)}),
			Address: address([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
		}
		require.Equal(tb, Accepted, tracker.Observe(start, sender, &records[i]))
		records[i].Status = Interim
	}
	return tracker, records
}

const many = 100_000

func BenchmarkObserveInterim(b *testing.B) {
	for name, c := range map[string]Config{"plain": {}, "noisy": {Noisy: NoisyConfig{UserShare: 0.5, SubnetShare: 0.5, MaxTalkers: 2 * many}}} {
		b.Run(name, func(b *testing.B) {
			tracker, records := filled(b, many, c)
			now, i := start, 0
			b.ReportAllocs()
			for b.Loop() {
				r := &records[i%many]
				r.Identifier++
				r.Traffic.BytesIn++
				if now = now.Add(time.Millisecond); i%10_000 == 0 {
					tracker.Tick(now)
				}
				if tracker.Observe(now, sender, r) == Refused {
					b.Fatal("refused")
				}
				i++
			}
		})
	}
}

func BenchmarkStartStop(b *testing.B) {
	tracker, records := filled(b, many, Config{})
	r := Record{Session: make([]byte, 14), User: []byte("alice@example.com"), NASIdentifier: records[0].NASIdentifier}
	now, i := start, 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		copy(r.Session, fmt.Appendf(r.Session[:0], "%014X", i))
		now = now.Add(time.Millisecond)
		for _, r.Status = range []Status{Start, Stop} {
			if tracker.Observe(now, sender, &r) != Accepted {
				b.Fatal("not accepted")
			}
		}
	}
}

func BenchmarkTick(b *testing.B) {
	tracker, _ := filled(b, many, Config{})
	now := start.Add(time.Hour) // all have been silent for long enough to be looked at
	b.ReportAllocs()
	for b.Loop() {
		tracker.Tick(now)
	}
}

func BenchmarkMemory(b *testing.B) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before := heap()
		tracker, _ := filled(b, many, Config{})
		b.ReportMetric(float64(heap()-before)/many, "B/session")
		runtime.KeepAlive(tracker)
	}
}

func TestObserveAllocations(t *testing.T) {
	tracker, records := filled(t, 100, Config{})
	now := start
	observe := func() {
		now = now.Add(time.Second)
		for i := range records {
			records[i].Identifier++
			records[i].Traffic.BytesIn++
			tracker.Observe(now, sender, &records[i])
		}
		tracker.Tick(now)
	}
	for range 600 {
		observe() // until the window of duplicates has all the room that it needs
	}
	assert.Zero(t, testing.AllocsPerRun(10, observe), "interim records of sessions that are known")
}
