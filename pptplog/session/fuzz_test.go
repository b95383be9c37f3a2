package session

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// FuzzTracker feeds a tracker with events in any order. Every 6 bytes are one: type, program and
// fields that it has, pid, child, name, and how much time passes.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{
		byte(event.SessionOpen), 0x10, 1, 0, 0, 1, byte(event.CallStart), 0, 1, 0, 0, 1, byte(event.PPPConnect), 1, 2, 0, 0, 1,
		byte(event.IPAssigned), 0x21, 2, 0, 0, 1, byte(event.ChildLink), 0, 1, 2, 0, 1, byte(event.PPPEnd), 1, 2, 0, 0, 1,
		byte(event.SessionClose), 0x10, 1, 0, 0, 9,
	})
	f.Add([]byte{byte(event.AuthOK), 0xa2, 0, 0, 1, 1, byte(event.PPPConnect), 0xa2, 0, 0, 1, 200, byte(event.SessionClose), 0xa2, 0, 0, 1, 1})
	programs := []string{programPoptop, programPPPD, "accel-ppp", programMPD, programRRAS, programFreeRADIUS, "cisco-ios", "cisco-asa"}
	f.Fuzz(func(t *testing.T, data []byte) {
		opened, ended := map[string]int{}, 0
		const limit = 16
		tr, err := New(Config{MaxSessions: limit, MaxHosts: 3, TTL: time.Hour, OnSession: func(c Change, s *Session) {
			require.GreaterOrEqual(t, s.Duration, time.Duration(0))
			require.True(t, s.LinkConfidence >= 0 && s.LinkConfidence <= 1)
			switch c {
			case Opened:
				opened[s.Program]++
			case Closed, Failed:
				ended++
				require.NotEmpty(t, s.Stage)
				require.Equal(t, c == Failed, s.Outcome == OutcomeFailed)
				require.True(t, c != Failed || s.Cause != "", "a failure has a cause, or Unknown")
			case Established:
			}
		}})
		require.NoError(t, err)
		now := begin
		for ; len(data) >= 6; data = data[6:] {
			typ := event.Type(data[0])
			e := event.Event{
				Type: typ, Class: typ.Class(), Program: programs[data[1]&7], PID: int32(data[2]), ChildPID: int32(data[3]),
				Host: fmt.Sprint("gw", data[4]>>6), Arrival: now, Time: now.Add(time.Duration(int8(data[5])) * time.Second), Count: 1,
			}
			name := strings.Repeat(string(rune(data[4])), 1+int(data[4]&15))
			if data[1]&0x10 != 0 {
				e.Peer = netip.AddrFrom4([4]byte{198, 51, 100, data[4] & 3})
			}
			if data[1]&0x20 != 0 {
				e.IP = netip.AddrFrom4([4]byte{192, 0, 2, data[3]})
			}
			if data[1]&0x40 != 0 {
				e.Session = name
			}
			if data[1]&0x80 != 0 {
				e.User = name
			}
			if data[1]&0x08 != 0 {
				e.Group, e.Interface = typ.String(), name
			}
			tr.Observe(now, &e)
			now = now.Add(time.Duration(data[5]) * 100 * time.Millisecond)
			tr.Tick(now)
			require.LessOrEqual(t, tr.Stats().Sessions, limit)
			require.LessOrEqual(t, tr.Stats().Hosts, 3)
		}
		tr.Flush()
		tr.Tick(now.Add(3 * time.Hour))
		tr.Tick(now.Add(6 * time.Hour))
		s := tr.Stats()
		require.Zero(t, s.Sessions)
		require.Zero(t, s.Hosts)
		var sum uint64
		for _, n := range s.Ended {
			sum += n
		}
		require.EqualValues(t, sum, ended)
		require.GreaterOrEqual(t, sum, s.Established)
		require.GreaterOrEqual(t, sum, s.Opened, "what was opened has an end")
		n := 0
		for h := tr.oldest; h != nil; h = h.newer {
			n++
		}
		require.Zero(t, n)
	})
}
