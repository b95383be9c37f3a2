package pptpprobe

import (
	"context"
	"io"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// TestFirewallOfThisHost takes every packet from the probe's raw socket, as a rule
// of the INPUT chain does, while the gateway's packets do reach the host.
func TestFirewallOfThisHost(t *testing.T) {
	privilege.RawGRE(t)
	gw, err := gateway.Start(context.Background(), gateway.Config{
		Listen: netip.MustParseAddrPort("127.0.91.1:0"), Users: map[string]string{"probe": "secret"},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, gw.Close()) })
	target := Target{
		Host: gw.Addr().Addr().String(), Port: gw.Addr().Port(), Depth: DepthGRE,
		Budgets: Budgets{GRE: 4 * time.Second}, // the gateway repeats its request after 3 s
	}

	deaf := New(Options{openGRE: func(deliver func([]byte, netip.Addr, netip.Addr), failed func(greError)) (greSocket, error) {
		s, err := openRaw(deliver, failed)
		if err == nil {
			dropAll(t, s.(*rawSocket))
		}
		return s, err
	}, openTap: openTap})
	t.Cleanup(func() { assert.NoError(t, deaf.Close()) })
	r := deaf.Run(context.Background(), target)
	requireFailure(t, r, StageGRE, CauseGRENoReplyLocal)
	assert.Regexp(t, `received [1-9]\d* GRE packets of 127\.0\.91\.1 for this call`, r.Failure.Detail)

	gw.SetFaults(gateway.Faults{GRESilent: true})
	target.Budgets.GRE = 2 * time.Second
	r = deaf.Run(context.Background(), target)
	requireFailure(t, r, StageGRE, CauseGRENoReply)
}

// dropAll attaches a filter that nothing passes.
func dropAll(t *testing.T, s *rawSocket) {
	t.Helper()
	raw, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	require.NoError(t, err)
	prog := []unix.SockFilter{{Code: raw[0].Op, K: raw[0].K}}
	require.NoError(t, s.conn.Control(func(fd uintptr) {
		assert.NoError(t, unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &prog[0]}))
	}))
}

func TestTapIgnoresWhatIsNotIPv4(t *testing.T) {
	w := &tapSocket{seen: func(netip.Addr, netip.Addr, uint16) { t.Error("seen") }}
	for _, b := range [][]byte{
		nil, make([]byte, 19), make([]byte, 40), append([]byte{0x4f}, make([]byte, 40)...), append([]byte{0x44}, make([]byte, 40)...),
		append([]byte{0x45}, make([]byte, 26)...), // the call id is cut off
	} {
		w.packet(b)
	}
}

func TestTapIsOpenOnlyWhileNeeded(t *testing.T) {
	opened, closed := 0, 0
	w := tap{open: func(func(netip.Addr, netip.Addr, uint16)) (io.Closer, error) {
		opened++
		return closer(func() error { closed++; return nil }), nil
	}}
	first, second := w.watch(), w.watch()
	first()
	assert.Equal(t, []int{1, 0}, []int{opened, closed})
	second()
	assert.Equal(t, []int{1, 1}, []int{opened, closed})

	w.open = func(func(netip.Addr, netip.Addr, uint16)) (io.Closer, error) { return nil, syscall.EPERM }
	w.watch()()
	assert.Nil(t, w.sock)
}

type closer func() error

func (c closer) Close() error { return c() }
