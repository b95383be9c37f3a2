package ppp

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseFrame(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		proto    Protocol
		info     string
		err      error
	}{
		{"full", "ff03c0210102", LCP, "0102", nil},
		{"without address and control", "c0210102", LCP, "0102", nil},
		{"protocol compressed", "2145", IPv4, "45", nil},
		{"both compressed, behind address and control", "ff032145", IPv4, "45", nil},
		{"encrypted, short form", "fd9000", Compressed, "9000", nil},
		{"encrypted, long form", "00fd9000", Compressed, "9000", nil},
		{"no information", "ff03c021", LCP, "", nil},
		{"empty", "", 0, "", ErrShortFrame},
		{"address and control alone", "ff03", 0, "", ErrShortFrame},
		{"half a protocol", "ff03c0", 0, "", ErrShortFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proto, info, err := ParseFrame(unhex(tt.in))
			require.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.proto, proto)
			assert.Equal(t, unhex(tt.info), append([]byte{}, info...))
		})
	}
}

func TestParsePacket(t *testing.T) {
	p, err := ParsePacket(unhex("0907 0006 cafe 0000"))
	require.NoError(t, err)
	assert.Equal(t, Packet{EchoReq, 7, unhex("cafe")}, p, "padding is ignored")
	for in, want := range map[string]error{"": ErrShortPacket, "010203": ErrShortPacket, "01010003": ErrPacketLen, "01010005": ErrPacketLen} {
		_, err := ParsePacket(unhex(in))
		assert.ErrorIs(t, err, want, in)
	}
	assert.Len(t, Packet{Data: make([]byte, 70000)}.AppendTo(nil), 0xFFFF)
}

func TestParseOptions(t *testing.T) {
	opts, err := ParseOptions(unhex("01040578 0702"))
	require.NoError(t, err)
	assert.Equal(t, []Option{{1, unhex("0578")}, {7, []byte{}}}, opts)
	for in, want := range map[string]error{"01": ErrOption, "0101": ErrOption, "0100": ErrOption, "010405": ErrOption} {
		_, err := ParseOptions(unhex(in))
		assert.ErrorIs(t, err, want, in)
	}
	_, err = ParseOptions(bytes.Repeat([]byte{9, 2}, maxOptions))
	require.NoError(t, err)
	_, err = ParseOptions(bytes.Repeat([]byte{9, 2}, maxOptions+1))
	assert.ErrorIs(t, err, ErrManyOptions)
	assert.Len(t, AppendOptions(nil, []Option{{1, make([]byte, 300)}}), 255)
}

func TestNames(t *testing.T) {
	assert.Equal(t, "IPCP", IPCP.String())
	assert.Equal(t, "0x8281", Protocol(0x8281).String())
	assert.Equal(t, "Configure-Nak", ConfNak.String())
	assert.Equal(t, "code 0", Code(0).String())
	assert.Equal(t, "code 99", Code(99).String())
	assert.Equal(t, "Req-Sent", ReqSent.String())
	assert.Equal(t, "state 10", numStates.String())
	assert.Equal(t, "require", MPPERequire.String())
	assert.Equal(t, "prefer", MPPEPrefer.String())
	assert.Equal(t, "refuse", MPPERefuse.String())
	assert.Equal(t, "running", Running.String())
	assert.Equal(t, "unknown", Phase(77).String())
	assert.Equal(t, "event 0", EventKind(0).String())
	assert.Equal(t, "LCPOpened", EventLCPOpened.String())
	assert.Equal(t, "Dead", EventDead.String())
	require.Len(t, eventNames, int(EventDead)+1)
}
