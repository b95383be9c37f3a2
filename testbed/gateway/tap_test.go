package gateway_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// seen counts packets by protocol and direction.
type seen struct {
	mu      sync.Mutex
	packets map[[2]bool]int // TCP, in
	flags   map[bool]uint8  // of TCP, in
	last    gateway.Event
}

func (s *seen) packet(p gateway.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packets[[2]bool{p.Protocol == 6, p.In}]++
	s.flags[p.In] |= p.Flags
}

func (s *seen) event(e gateway.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = e
}

// Somebody at the gateway's interface sees both ways of what works, and one way of what is lost one way.
func TestTap(t *testing.T) {
	privilege.RawGRE(t)
	for name, test := range map[string]struct {
		faults  gateway.Faults
		in, out bool // GRE
	}{
		"works":                {gateway.Faults{}, true, true},
		"nothing is sent":      {gateway.Faults{GRESilent: true}, true, false},
		"nothing arrives":      {gateway.Faults{GREDeaf: true}, false, true},
		"neither gets through": {gateway.Faults{GRESilent: true, GREDeaf: true}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &seen{packets: make(map[[2]bool]int), flags: make(map[bool]uint8)}
			gw, err := gateway.Start(context.Background(), gateway.Config{
				Listen: netip.MustParseAddrPort("127.0.54.2:0"), Users: map[string]string{"probe": "secret"},
				Faults: test.faults, Tap: s.packet, Observe: s.event,
			})
			require.NoError(t, err)
			probe := pptpprobe.New(pptpprobe.Options{})
			r := probe.Run(context.Background(), pptpprobe.Target{
				Host: gw.Addr().Addr().String(), Port: gw.Addr().Port(), Depth: pptpprobe.DepthApplication, Username: "probe", Password: "secret",
				MPPE: pptpprobe.MPPE{Mode: ppp.MPPERequire}, Checks: []pptpprobe.Check{{Kind: pptpprobe.CheckICMP}},
				Budgets: pptpprobe.Budgets{GRE: time.Second, LCP: time.Second},
			})
			require.NoError(t, probe.Close())
			require.NoError(t, gw.Close())

			s.mu.Lock()
			defer s.mu.Unlock()
			assert.Equal(t, test.in, s.packets[[2]bool{false, true}] > 0)
			assert.Equal(t, test.out, s.packets[[2]bool{false, false}] > 0)
			assert.GreaterOrEqual(t, s.packets[[2]bool{true, true}], 4)
			assert.Equal(t, s.packets[[2]bool{true, true}], s.packets[[2]bool{true, false}], "each segment is answered")
			const all = 0x01 | 0x02 | 0x08 | 0x10 // FIN, SYN, PSH, ACK
			assert.Equal(t, map[bool]uint8{true: all, false: all}, s.flags)
			assert.Equal(t, test.in && test.out, r.Failure == nil)
			assert.Equal(t, test.in && test.out, s.last.BytesIn > 0)
			assert.Equal(t, test.in && test.out, s.last.BytesOut > 0)
		})
	}
}
