package pptpprobe

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckICMP(t *testing.T) {
	other := netip.MustParseAddr("192.0.2.80")
	n := 0
	every := func(k int, d time.Duration) func([]byte) time.Duration {
		return func([]byte) time.Duration {
			if n++; n%k == 0 {
				return d
			}
			return 10 * time.Millisecond
		}
	}
	for _, tt := range []struct {
		name  string
		check Check
		up    func([]byte) (bool, []byte)
		down  func([]byte) time.Duration
		want  func(t *testing.T, r *CheckResult)
	}{
		{name: "all is well", check: Check{Count: 5, MaxLoss: 0.1, MaxJitter: time.Millisecond}, want: requirePassed},
		{
			name: "every fourth is lost, and nobody minds", check: Check{Count: 8}, down: every(4, -1),
			want: requirePassed,
		},
		{
			name: "just as much as is allowed", check: Check{Count: 8, MaxLoss: 0.25}, down: every(4, -1),
			want: requirePassed,
		},
		{
			name: "more than is allowed", check: Check{Count: 8, MaxLoss: 0.2}, down: every(4, -1),
			want: func(t *testing.T, r *CheckResult) {
				requireWarning(t, CauseAppICMPLoss, r)
				assert.Equal(t, "2 of 8 echo requests to 10.99.0.1 were not answered, more than 20 %", r.Warnings[0].Detail)
				assert.InDelta(t, 0.25, r.Ping.Loss(), 1e-9)
			},
		},
		{
			name: "jitter", check: Check{Count: 20, MaxJitter: 20 * time.Millisecond}, down: every(2, 90*time.Millisecond),
			want: func(t *testing.T, r *CheckResult) {
				requireWarning(t, CauseAppJitter, r)
				assert.Greater(t, r.Ping.Jitter, 50*time.Millisecond)
				assert.Less(t, r.Ping.Jitter, 80*time.Millisecond)
			},
		},
		{
			name: "the server is not ready for the first", check: Check{Count: 3, MaxLoss: 0.9},
			down: func([]byte) time.Duration {
				if n++; n <= 4 {
					return -1
				}
				return 10 * time.Millisecond
			},
			want: func(t *testing.T, r *CheckResult) {
				requirePassed(t, r)
				assert.Equal(t, 5, r.Ping.Sent, "and so there are more than were asked for")
				assert.Equal(t, 1, r.Ping.Received)
			},
		},
		{
			name: "the server is silent", check: Check{MaxLoss: 0.1}, down: drop,
			want: func(t *testing.T, r *CheckResult) {
				requireCause(t, CauseAppPeerUnreachable, r)
				assert.Equal(t, 5*time.Second, r.Duration)
			},
		},
		{
			name: "a router has no way", check: Check{Address: other},
			up: func(p []byte) (bool, []byte) {
				if netip.AddrFrom4([4]byte(p[16:20])) == tunPeer {
					return true, nil
				}
				return false, icmpErrorFor(p, 3, 1, 0)
			},
			want: func(t *testing.T, r *CheckResult) {
				requireCause(t, CauseAppBeyondUnreachable, r)
				require.NotNil(t, r.Failure.ICMP)
				assert.Equal(t, tunRouter, r.Failure.ICMP.From)
				assert.Contains(t, r.Failure.Detail, "but the server's end of the tunnel, 10.99.0.1, answers")
				assert.Less(t, r.Duration, time.Second, "the router's word is enough")
			},
		},
		{
			name: "nothing answers", check: Check{Address: other}, down: drop,
			want: func(t *testing.T, r *CheckResult) {
				requireCause(t, CauseAppPeerUnreachable, r)
				assert.Contains(t, r.Failure.Detail, "neither does the server's end")
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n = 0
				w := newWire(t, false)
				w.up, w.down = tt.up, tt.down
				tt.check.Kind = CheckICMP
				tt.want(t, w.run(tt.check))
			})
		})
	}
}
