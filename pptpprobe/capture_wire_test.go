//go:build linux

package pptpprobe_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// The authentication of a real session, with a password that is wrong.
func TestCapturesHaveNoSecrets(t *testing.T) {
	privilege.RawGRE(t)
	for i, method := range []chap.Method{chap.MethodPAP, chap.MethodMD5, chap.MethodMSCHAPv1, chap.MethodMSCHAPv2} {
		t.Run(method.String(), func(t *testing.T) {
			t.Parallel()
			gw := startGateway(t, gateway.Config{
				// An address of its own: all of them draw the same call ids.
				Listen: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 47, byte(i + 1)}), 0), Auth: []chap.Method{method}, Rand: pattern{}, // challenges that can be searched for
				MPPE: gateway.MPPEConfig{Mode: gateway.MPPEPrefer},
			})
			target := pptpprobe.Target{
				Host: gw.Addr().Addr().String(), Port: gw.Addr().Port(), Depth: pptpprobe.DepthNetwork,
				Username: testUser, Password: "not the right horse", Auth: []chap.Method{method},
				MPPE: pptpprobe.MPPE{Mode: ppp.MPPEPrefer}, Timeout: 20 * time.Second,
			}
			for _, secrets := range []bool{false, true} {
				var err error
				target.Capture, err = pptpprobe.NewCaptures(pptpprobe.CaptureOptions{Dir: t.TempDir(), Secrets: secrets})
				require.NoError(t, err)
				probe := pptpprobe.New(pptpprobe.Options{})
				r := probe.Run(context.Background(), target)
				require.NoError(t, probe.Close())
				require.NotNil(t, r.Failure)
				assert.Equal(t, pptpprobe.StageAuth, r.Failure.Stage)
				require.NoError(t, r.CaptureErr)
				require.NotEmpty(t, r.CapturePath)
				raw, err := os.ReadFile(r.CapturePath)
				require.NoError(t, err)
				assert.True(t, bytes.Contains(raw, []byte(testUser)), "the user is no secret")
				if method == chap.MethodPAP {
					assert.Equal(t, secrets, bytes.Contains(raw, []byte("right horse")))
				} else {
					assert.Equal(t, secrets, bytes.Contains(raw, patternRun), "challenges")
				}
			}
		})
	}
}

// patternRun is in each challenge; call ids and magic numbers are shorter.
var patternRun = bytes.Repeat([]byte{0xA7}, 8)

// pattern is a source of one byte only. It is the gateway's alone: with the same
// magic number on both sides, the link would look looped (RFC 1661 section 6.4).
type pattern struct{}

func (pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = patternRun[0]
	}
	return len(b), nil
}
