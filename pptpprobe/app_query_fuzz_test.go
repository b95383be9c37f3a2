package pptpprobe

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// FuzzParseAnswer reads whatever a name server may send. What is taken for an
// answer is one to the question, and its records can be shown.
func FuzzParseAnswer(f *testing.F) {
	q, err := question("www.pptp.test", "A")
	require.NoError(f, err)
	const id = 0x1234
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id}, Questions: []dnsmessage.Question{q}}
	f.Add(resolves(m, false))
	f.Add(truncated(m))
	f.Add(reply(m, dnsmessage.RCodeNameError))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseAnswer(b, id, q)
		if err != nil {
			return
		}
		require.True(t, m.Response)
		require.EqualValues(t, id, m.ID)
		require.LessOrEqual(t, len(addresses(m.Answers)), maxLookupAddrs)
		require.NotEmpty(t, rcodeText(m.RCode))
		for i := range m.Answers {
			require.LessOrEqual(t, len(recordText(&m.Answers[i])), maxAnswerText)
		}
	})
}
