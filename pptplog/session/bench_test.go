package session

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// whole are the events of a session of poptop.
func whole() []event.Event {
	peer := netip.MustParseAddr(alice)
	list := []event.Event{
		{Program: "pptpd", PID: 100, Type: event.SessionOpen, Peer: peer}, {Program: "pptpd", PID: 100, Type: event.CallStart},
		{Program: "pppd", PID: 101, Type: event.PPPStart}, {Program: "pppd", PID: 101, Type: event.PPPIfname, Interface: "ppp0"},
		{Program: "pppd", PID: 101, Type: event.PPPConnect, Interface: "ppp0"}, {Program: "pppd", PID: 101, Type: event.AuthOK, Peer: peer},
		{Program: "pppd", PID: 101, Type: event.MPPEOK}, {Program: "pppd", PID: 101, Type: event.IPAssigned, IP: netip.MustParseAddr("10.99.1.10")},
		{Program: "pppd", PID: 101, Type: event.TermByPeer, Reason: "User request"},
		{Program: "pppd", PID: 101, Type: event.SessionStats, Duration: time.Second}, {Program: "pppd", PID: 101, Type: event.SessionStats, Tx: 1, Rx: 2},
		{Program: "pppd", PID: 101, Type: event.Hangup}, {Program: "pptpd", PID: 100, Type: event.ChildLink, ChildPID: 101},
		{Program: "pppd", PID: 101, Type: event.PPPEnd}, {Program: "pptpd", PID: 100, Type: event.SessionClose, Peer: peer},
	}
	for i := range list {
		e := &list[i]
		e.Host, e.Class, e.Count, e.Time, e.Arrival = "gw", e.Type.Class(), 1, begin, begin
	}
	return list
}

// A whole session of 15 lines, with 1000 others open.
func BenchmarkTracker(b *testing.B) {
	tr, err := New(Config{})
	require.NoError(b, err)
	now := begin
	list := whole()
	for i := range int32(1000) {
		for _, e := range list[:8] {
			e.PID += 1000 + 2*i
			tr.Observe(now, &e)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		now = now.Add(time.Millisecond)
		shift := int32(10_000 + 2*(i%100_000))
		for k := range list {
			e := list[k]
			e.PID += shift
			if e.ChildPID != 0 {
				e.ChildPID += shift
			}
			e.Time = now
			tr.Observe(now, &e)
		}
		tr.Tick(now)
	}
	b.ReportMetric(float64(b.N*len(list))/b.Elapsed().Seconds(), "events/s")
}

// A line of a session that is known, and one that means nothing, cost no memory.
func TestNoAllocations(t *testing.T) {
	tr, err := New(Config{})
	require.NoError(t, err)
	list := whole()
	for i := range 9 {
		tr.Observe(begin, &list[i])
	}
	sent := event.Event{Host: "gw", Program: "pppd", PID: 101, Type: event.LCPSent, Class: event.ClassSession, Time: begin, Arrival: begin}
	noise := event.Event{Host: "gw", Program: "pppd", PID: 101, Type: event.Benign, Class: event.ClassNoise}
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		tr.Observe(begin, &sent)
		tr.Observe(begin, &noise)
		tr.Observe(begin, &list[4])
		tr.Tick(begin)
	}))
}
