package pptpprobe

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

var (
	tunLocal  = netip.MustParseAddr("10.99.0.2")
	tunPeer   = netip.MustParseAddr("10.99.0.1")
	tunRouter = netip.MustParseAddr("198.51.100.7")
)

const tunMTU = 1396

// wire is the tunnel of a session, and whoever is at its other end.
type wire struct {
	env *checkEnv
	far *tunnel.Tunnel

	mu sync.Mutex
	// up sees each packet of the probe. What it returns goes back to the probe; the
	// packet goes on only if it says so.
	up func(packet []byte) (pass bool, back []byte)
	// down is the time that a packet takes to the probe; negative: it gets lost.
	down func(packet []byte) time.Duration
}

// newWire makes a tunnel whose other end answers pings of its own address. With
// promiscuous it answers on every address, and can listen there.
func newWire(t *testing.T, promiscuous bool) *wire {
	t.Helper()
	w := &wire{}
	var near *tunnel.Tunnel
	near, err := tunnel.New(tunLocal, tunMTU, func(p []byte) {
		w.mu.Lock()
		up := w.up
		w.mu.Unlock()
		if up != nil {
			pass, back := up(p)
			if back != nil {
				near.Deliver(back)
			}
			if !pass {
				return
			}
		}
		w.far.Deliver(p)
	}, tunnel.WithTCPBuffers(transferReceive, transferSend))
	require.NoError(t, err)
	opts := []tunnel.Option{tunnel.WithEchoReplies(nil)}
	if promiscuous {
		opts = append(opts, tunnel.WithPromiscuous())
	}
	w.far, err = tunnel.New(tunPeer, tunMTU, func(p []byte) {
		w.mu.Lock()
		down := w.down
		w.mu.Unlock()
		if down == nil {
			near.Deliver(p)
			return
		}
		if d := down(p); d >= 0 {
			late := append([]byte(nil), p...)
			time.AfterFunc(d, func() { near.Deliver(late) })
		}
	}, opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		near.Close()
		w.far.Close()
	})
	w.env = &checkEnv{ctx: t.Context(), tun: near, peer: tunPeer, dns: []netip.Addr{tunPeer}}
	return w
}

// run runs one check, as a session would.
func (w *wire) run(c Check) *CheckResult {
	r := &CheckResult{Check: c.withDefaults(tunPeer), Start: time.Now()}
	w.env.run(w.env.ctx, r)
	r.Duration = time.Since(r.Start)
	return r
}

// requireCause wants the check to have failed with this cause.
func requireCause(t *testing.T, want Cause, r *CheckResult) {
	t.Helper()
	require.NotNil(t, r.Failure)
	require.Equal(t, want, r.Failure.Cause, r.Failure.Detail)
	require.NotEmpty(t, r.Failure.Hint)
	require.Empty(t, r.Warnings)
}

// requireWarning wants the check to have passed with this warning.
func requireWarning(t *testing.T, want Cause, r *CheckResult) {
	t.Helper()
	require.Nil(t, r.Failure)
	require.Len(t, r.Warnings, 1)
	require.Equal(t, want, r.Warnings[0].Cause, r.Warnings[0].Detail)
	require.Equal(t, StageApp, r.Warnings[0].Stage)
}

func requirePassed(t *testing.T, r *CheckResult) {
	t.Helper()
	if r.Failure != nil {
		require.Fail(t, string(r.Failure.Cause), r.Failure.Detail)
	}
	require.Empty(t, r.Warnings)
}

func icmpChecksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// icmpErrorFor is what a router answers to a packet.
func icmpErrorFor(packet []byte, typ, code uint8, mtu int) []byte {
	b := make([]byte, 28, 56)
	b = append(b, packet[:28]...)
	b[0], b[8], b[9] = 0x45, 60, 1
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	from := tunRouter.As4()
	copy(b[12:], from[:])
	copy(b[16:], packet[12:16])
	binary.BigEndian.PutUint16(b[10:], icmpChecksum(b[:20]))
	b[20], b[21] = typ, code
	binary.BigEndian.PutUint16(b[26:], uint16(mtu))
	binary.BigEndian.PutUint16(b[22:], icmpChecksum(b[20:]))
	return b
}

func drop([]byte) time.Duration { return -1 }
