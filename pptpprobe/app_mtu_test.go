package pptpprobe

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limit is a hop of the path with an MTU of its own.
func limit(mtu int) func([]byte) (bool, []byte) {
	return func(p []byte) (bool, []byte) { return len(p) <= mtu, nil }
}

// telling is the same, but with an ICMP error that gives told as the limit, for
// the first few packets only if errors > 0.
func telling(mtu, told, errors int) func([]byte) (bool, []byte) {
	return func(p []byte) (bool, []byte) {
		if len(p) <= mtu {
			return true, nil
		}
		if errors--; errors == -1 {
			errors = 0
			return false, nil
		}
		return false, icmpErrorFor(p, 3, 4, told)
	}
}

func TestCheckMTU(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	lossy := func(share float64) func([]byte) time.Duration {
		return func([]byte) time.Duration {
			if rng.Float64() < share {
				return -1
			}
			return time.Duration(20+rng.IntN(30)) * time.Millisecond
		}
	}
	const endless = -1000
	for _, tt := range []struct {
		name string
		up   func([]byte) (bool, []byte)
		down func([]byte) time.Duration
		time time.Duration // time-out of the check
		path int           // 0: not looked at
		want func(t *testing.T, r *CheckResult)
	}{
		{name: "everything passes", path: tunMTU, want: func(t *testing.T, r *CheckResult) {
			requirePassed(t, r)
			assert.True(t, r.MTU.Complete)
			assert.LessOrEqual(t, r.MTU.Sent, baselineTries+1)
			assert.Zero(t, r.MTU.Lost)
		}},
		{name: "everything passes, with loss", path: tunMTU, down: lossy(0.5), want: requirePassed},
		{name: "black hole", up: limit(1000), path: 1000, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppMTUBlackhole, r)
			assert.Equal(t, 1001, r.MTU.Lost)
			assert.Nil(t, r.MTU.ICMP)
			assert.True(t, r.MTU.Complete)
			assert.Less(t, r.Duration, 9*time.Second)
			assert.Equal(t, "packets of 1000 bytes pass to 10.99.0.1, but those of 1001 bytes get lost without an ICMP error; the session allows 1396", r.Failure.Detail)
		}},
		{name: "black hole on the way back", path: 1280, down: func(p []byte) time.Duration {
			if len(p) > 1280 {
				return -1
			}
			return 100 * time.Millisecond
		}, want: func(t *testing.T, r *CheckResult) { requireCause(t, CauseAppMTUBlackhole, r) }},
		{name: "black hole, with loss", up: limit(1395), path: 1395, down: lossy(0.2), time: 30 * time.Second, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppMTUBlackhole, r)
		}},
		{name: "black hole below what every host takes", up: limit(500), path: smallPacket, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppMTUBlackhole, r)
			assert.Equal(t, leastMTU, r.MTU.Lost)
		}},
		{name: "no time for all of it", up: limit(1000), time: 2 * time.Second, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppMTUBlackhole, r)
			assert.False(t, r.MTU.Complete)
			assert.Contains(t, r.Failure.Detail, "packets of at least")
			assert.LessOrEqual(t, r.MTU.Path, 1000)
			assert.Greater(t, r.MTU.Lost, 1000)
		}},
		{name: "no time for a verdict", up: limit(1000), time: 300 * time.Millisecond, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseLocalDeadline, r)
			assert.Equal(t, smallPacket, r.MTU.Path)
		}},
		{name: "a router tells", up: telling(1000, 1000, endless), path: 1000, want: func(t *testing.T, r *CheckResult) {
			requireWarning(t, CauseAppMTULow, r)
			require.NotNil(t, r.MTU.ICMP)
			assert.Equal(t, tunRouter, r.MTU.ICMP.From)
			assert.Contains(t, r.Warnings[0].Detail, "198.51.100.7 says that larger ones need to be fragmented, and that 1000 is the limit")
			assert.Zero(t, r.MTU.Lost)
			assert.True(t, r.MTU.Complete)
			assert.Less(t, r.MTU.Sent, 20)
		}},
		{name: "a router tells, and then limits its errors", up: telling(1000, 1000, 1), path: 1000, want: func(t *testing.T, r *CheckResult) {
			requireWarning(t, CauseAppMTULow, r)
		}},
		{name: "an old router gives no number, and limits its errors", up: telling(1000, 0, 1), path: 1000, want: func(t *testing.T, r *CheckResult) {
			requireWarning(t, CauseAppMTULow, r)
			assert.NotContains(t, r.Warnings[0].Detail, "is the limit")
		}},
		{name: "a router that is too careful", up: telling(1200, 600, endless), path: 600, want: func(t *testing.T, r *CheckResult) {
			requireWarning(t, CauseAppMTULow, r)
		}},
		{name: "a router tells, and behind it is a black hole", path: 700, up: func(p []byte) (bool, []byte) {
			if len(p) > 1000 {
				return false, icmpErrorFor(p, 3, 4, 1000)
			}
			return len(p) <= 700, nil
		}, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppMTUBlackhole, r)
			assert.NotNil(t, r.Failure.ICMP)
		}},
		{name: "a router has other reasons", up: func(p []byte) (bool, []byte) {
			if len(p) > 500 {
				return false, icmpErrorFor(p, 3, 13, 0)
			}
			return true, nil
		}, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppPeerUnreachable, r)
			assert.Contains(t, r.Failure.Detail, "198.51.100.7 sent ICMP type 3 code 13")
		}},
		{name: "the path breaks", up: func() func(p []byte) (bool, []byte) {
			n := 0
			return func([]byte) (bool, []byte) { n++; return n <= baselineTries, nil }
		}(), want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppPeerUnreachable, r)
			assert.Contains(t, r.Failure.Detail, "the path broke during the check")
		}},
		{name: "nothing passes", down: drop, want: func(t *testing.T, r *CheckResult) {
			requireCause(t, CauseAppPeerUnreachable, r)
			assert.Zero(t, r.MTU.Path)
			assert.Equal(t, baselineTries, r.MTU.Sent)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t, false)
				w.up, w.down = tt.up, tt.down
				r := w.run(Check{Kind: CheckMTU, Timeout: tt.time})
				require.Equal(t, tunMTU, r.MTU.Negotiated)
				if tt.path != 0 {
					require.Equal(t, tt.path, r.MTU.Path)
				}
				assert.LessOrEqual(t, r.MTU.Sent, mostProbes)
				tt.want(t, r)
			})
		})
	}
}

func TestCheckMTUOfAHostBeyond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, false) // whose other end answers for itself only
		r := w.run(Check{Kind: CheckMTU, Address: netip.MustParseAddr("192.0.2.80")})
		requireCause(t, CauseAppBeyondUnreachable, r)
	})
}
