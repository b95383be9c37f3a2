package pptpprobe

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// ownTests produce the causes that no fault of a gateway does: those of the name,
// the path and the probing host.
var ownTests = map[Cause]func(*testing.T) *Result{
	CauseDNSNotFound: func(t *testing.T) *Result {
		return named(t, func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeNameError) })
	},
	CauseDNSServfail: func(t *testing.T) *Result {
		return named(t, func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeServerFailure) })
	},
	CauseDNSTimeout: func(t *testing.T) *Result {
		return named(t, func(dnsmessage.Message) []byte { return nil })
	},
	CauseDNSPartial: func(t *testing.T) *Result {
		results := partial(t)
		require.Len(t, results, 3)
		require.NotNil(t, results[1].Failure)
		assert.Equal(t, CauseTCPRefused, results[1].Failure.Cause)
		return results[0]
	},
	CauseTCPUnreachable: func(t *testing.T) *Result {
		return play(t, func(f *fakePath, _ *Target) { f.dialErr = &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH} }, nil)
	},
	CauseTCPConnectSlow: func(t *testing.T) *Result {
		return play(t, func(f *fakePath, tg *Target) {
			f.dialTakes, tg.Thresholds.TCPConnect, tg.Depth = 1500*time.Millisecond, time.Second, DepthControl
		}, polite)
	},
	CauseGRENoReplyLocal: func(t *testing.T) *Result {
		return play(t, func(f *fakePath, _ *Target) {
			f.onTap = func(seen func(from, to netip.Addr, call uint16)) { // each call, of which one is ours
				for call := range 1 << 16 {
					seen(fakeServer, fakeLocal, uint16(call))
				}
			}
		}, polite)
	},
	CauseGRESendError: func(t *testing.T) *Result {
		return play(t, func(f *fakePath, _ *Target) { f.sendErr = syscall.ENETUNREACH }, polite)
	},
	CauseLocalNoPermission: func(t *testing.T) *Result {
		return play(t, func(f *fakePath, _ *Target) { f.openErr = syscall.EPERM }, polite)
	},
	CauseLocalCallIDExhausted: func(t *testing.T) (r *Result) {
		synctest.Test(t, func(t *testing.T) {
			f, p := newFakePath()
			p.opts.MaxSessions = 1
			require.True(t, p.reg.add(&session{res: &Result{PeerAddr: serverB, CallID: 1}}, 1))
			go f.serve(polite)
			r = p.Run(context.Background(), f.target(DepthGRE))
		})
		return r
	},
	CauseLocalDeadline: func(t *testing.T) *Result {
		return play(t, func(_ *fakePath, tg *Target) { tg.Timeout = 5 * time.Second }, polite)
	},
}

// Each row of the list has a test: TestCatalog and TestHoldCatalog run the faults
// of the gateway's catalog, and want exactly the causes named there; the others are
// produced here.
func TestEveryCause(t *testing.T) {
	catalog := gateway.Catalog()
	require.Len(t, Causes(), 110)
	for _, info := range Causes() {
		t.Run(string(info.Cause), func(t *testing.T) {
			alone := func(e gateway.NamedFault) bool { return slices.Equal(e.Causes, []string{string(info.Cause)}) }
			produce, own := ownTests[info.Cause]
			if !own {
				require.True(t, slices.ContainsFunc(catalog, alone), "no fault of the catalog has this cause, and this one alone, and no test here produces it")
				return
			}
			r := produce(t)
			if info.Severity == SeverityFail {
				require.NotNil(t, r.Failure)
				assert.Equal(t, info.Cause, r.Failure.Cause, r.Failure.Detail)
				assert.NotEmpty(t, r.Failure.Hint)
				return
			}
			require.Nil(t, r.Failure)
			require.Len(t, r.Warnings, 1)
			assert.Equal(t, info.Cause, r.Warnings[0].Cause)
			assert.NotEmpty(t, r.Warnings[0].Detail)
		})
	}
}

// named runs a session with a name for which the name server says what answer returns.
func named(t *testing.T, answer func(q dnsmessage.Message) []byte) *Result {
	f, p := newFakePath()
	p.opts.Resolver = nameServer(t, answer)
	tg := f.target(DepthControl)
	tg.Host, tg.Budgets.DNS = "vpn.pptp.test.", 2*time.Second
	return p.Run(context.Background(), tg)
}

// partial runs sessions with a name of three addresses, of which the second refuses.
func partial(t *testing.T) []*Result {
	var f *fakePath
	p := New(Options{
		Resolver: nameServer(t, func(q dnsmessage.Message) []byte {
			records := make([]dnsmessage.Resource, 3)
			for i := range records {
				records[i] = dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
					Body:   &dnsmessage.AResource{A: [4]byte{192, 0, 2, byte(3 - i)}},
				}
			}
			return reply(q, dnsmessage.RCodeSuccess, records...)
		}),
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "192.0.2.2:1723" {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			f, _ = newFakePath()
			go f.serve(func(m control.Message) []byte { return polite(m) })
			return f.dial(ctx, network, address)
		},
	})
	return p.RunAll(context.Background(), Target{Host: "vpn.pptp.test.", Depth: DepthControl})
}

func TestRunAll(t *testing.T) {
	results := partial(t)
	require.Len(t, results, 3)
	for i, r := range results {
		assert.Equal(t, netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), r.PeerAddr)
		if i > 0 {
			assert.GreaterOrEqual(t, r.Start.Sub(results[i-1].Start), addressPause, "two starts are a second apart")
		}
	}
	assert.Empty(t, results[1].Warnings)
	assert.Equal(t, "1 of the 3 addresses of vpn.pptp.test. fail: 192.0.2.2 (tcp.refused)", results[2].Warnings[0].Detail)

	t.Run("an address", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f, p := newFakePath()
			go f.serve(polite)
			results := p.RunAll(context.Background(), f.target(DepthControl))
			require.Len(t, results, 1)
			assert.True(t, results[0].OK())
			assert.Empty(t, results[0].Warnings)
			synctest.Wait()
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		f, p := newFakePath()
		results := p.RunAll(ctx, f.target(DepthControl))
		require.Len(t, results, 1)
		require.NotNil(t, results[0].Failure)
		assert.Equal(t, CauseLocalDeadline, results[0].Failure.Cause)
	})
	t.Run("hold", func(t *testing.T) {
		f, p := newFakePath()
		tg := f.target(DepthNetwork)
		tg.Hold = &Hold{}
		results := p.RunAll(context.Background(), tg)
		require.Len(t, results, 1)
		require.ErrorIs(t, results[0].Failure.Err, errHoldAll)
	})
}
