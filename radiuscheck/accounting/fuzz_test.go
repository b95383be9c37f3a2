package accounting

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever comes is refused or followed, and what is answered is not longer than it.
func FuzzParse(f *testing.F) {
	f.Add(request(1, attr(attrStatus, 1), attr(attrSession, "a"), attr(attrUserName, "alice")))
	f.Add(request(2, attr(attrStatus, 3), attr(attrSession, "a"), attr(attrBytesIn, -1), attr(attrGigawordsIn, -1), attr(attrProxyState, "p")))
	f.Add(request(3, attr(attrStatus, 2), attr(attrSession, "a"), attr(attrSessionTime, -1), attr(attrDelay, -1), attr(attrCause, -1)))
	f.Add(request(4, attr(attrStatus, 7), attr(attrNASIPv6, "0123456789abcdef"), attr(attrFramedAddress, 7)))
	f.Add(statusServer(5, string(secret)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		var v Verifier
		v.Verify(packet, secret)
		v.VerifyStatus(packet, secret)
		answer := v.AppendResponse(nil, packet, secret)
		require.LessOrEqual(t, len(answer), len(packet))

		sent := bytes.Clone(packet)
		var r Record
		if err := Parse(&r, packet); err != nil {
			return
		}
		require.Equal(t, sent, packet, "it is only read")
		s := newSim(t, Config{MaxSessions: 2, Noisy: NoisyConfig{UserStarts: 1, SubnetShare: 0.1, UserQuota: 1}})
		for range 3 {
			s.tracker.Observe(s.now, sender, &r)
			r.Identifier++
			s.pass(minInterval)
		}
		assertWhole(t, s.tracker)
		assert.LessOrEqual(t, s.tracker.Stats().Sessions, 2)
	})
}
