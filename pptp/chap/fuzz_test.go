package chap

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzParseFailure(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		failure := ParseFailure(b)
		require.GreaterOrEqual(t, failure.Code, 0)
		require.GreaterOrEqual(t, failure.Version, 0)
		require.Contains(t, []int{0, 8, 16}, len(failure.Challenge))
		require.True(t, utf8.ValidString(failure.Message))

		success := ParseSuccess(b)
		require.True(t, utf8.ValidString(success.Message))
		if !success.HasResponse {
			require.Zero(t, success.AuthenticatorResponse)
		}
		require.True(t, utf8.ValidString(ParsePAPMessage(b)))
	})
}

func FuzzParseValue(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if value, name, err := ParseValue(b); err == nil {
			require.Equal(t, b, AppendValue(nil, value, name))
		} else {
			require.ErrorIs(t, err, ErrMalformed)
		}
		user, password, err := ParsePAPRequest(b)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		again, err := AppendPAPRequest(nil, user, password)
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(b, again))
	})
}

// FuzzPeer feeds a peer with packets, each after one octet of length.
func FuzzPeer(f *testing.F) {
	password := "hunter2 hunter2"
	f.Fuzz(func(t *testing.T, method uint8, stream []byte) {
		p := NewPeer(PeerConfig{
			Method:      Method(method % 6),
			Credentials: Credentials{User: "probe", Password: password},
			Rand:        zeros{},
		})
		p.Start(start)
		p.NextPacket()
		for len(stream) > 0 {
			packet, rest, ok := cutCounted(stream)
			if !ok {
				packet, rest = stream, nil
			}
			stream = rest
			p.Receive(start, packet)
			reply := p.NextPacket()
			require.Nil(t, p.NextPacket(), "two replies to one packet")
			if reply != nil {
				require.NotContains(t, string(reply), password)
				code, _, data, err := parsePacket(reply)
				require.NoError(t, err)
				require.Equal(t, uint8(codeResponse), code)
				_, name, err := ParseValue(data)
				require.NoError(t, err)
				require.Equal(t, "probe", name)
			}
			require.LessOrEqual(t, len(p.events), maxEvents)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
