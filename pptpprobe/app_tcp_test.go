package pptpprobe

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// listen accepts connections to a port of every address, and closes them.
func (w *wire) listen(t *testing.T, port uint16) {
	t.Helper()
	l, err := w.far.ListenTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), port))
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
}

func TestCheckTCP(t *testing.T) {
	dead := netip.MustParseAddr("192.0.2.66")
	toDead := func(p []byte) bool { return p[9] == 6 && netip.AddrFrom4([4]byte(p[16:20])) == dead }
	for _, tt := range []struct {
		name, endpoint string
		up             func([]byte) (bool, []byte)
		want           Cause
	}{
		{name: "an address", endpoint: "192.0.2.80:7"},
		{name: "a name", endpoint: "www.pptp.test:7"},
		{
			name: "the first of two addresses is dead", endpoint: "two.pptp.test:7",
			up: func(p []byte) (bool, []byte) { return !toDead(p), nil },
		},
		{name: "refused", endpoint: "192.0.2.80:8", want: CauseAppTCPRefused},
		{
			name: "silent", endpoint: "192.0.2.66:7", want: CauseAppTCPTimeout,
			up: func(p []byte) (bool, []byte) { return !toDead(p), nil },
		},
		{
			name: "no way there", endpoint: "192.0.2.66:7", want: CauseAppBeyondUnreachable,
			up: func(p []byte) (bool, []byte) {
				if toDead(p) {
					return false, icmpErrorFor(p, 3, 1, 0)
				}
				return true, nil
			},
		},
		{name: "not an endpoint", endpoint: "192.0.2.66", want: CauseAppTCPRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, true)
			w.up = tt.up
			w.listen(t, 7)
			w.nameServer(t, tunPeer, func(q dnsmessage.Message, _ bool) []byte {
				if q.Questions[0].Name.String() == "two.pptp.test." {
					return reply(q, dnsmessage.RCodeSuccess, aRecord(q, dead.As4()), aRecord(q, [4]byte{192, 0, 2, 80}))
				}
				return resolves(q, false)
			})
			r := w.run(Check{Kind: CheckTCP, Endpoint: tt.endpoint, Timeout: 2 * time.Second})
			if tt.want != "" {
				requireCause(t, tt.want, r)
				assert.Zero(t, r.TCP.Connect)
				return
			}
			requirePassed(t, r)
			assert.Equal(t, "192.0.2.80:7", r.TCP.Address.String())
			assert.Positive(t, r.TCP.Connect)
		})
	}
}
