package chap

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseFailure(t *testing.T) {
	c8, c16 := "0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF"
	for _, tt := range []struct {
		name, in string
		want     Failure
	}{
		{"accel-ppp, MS-CHAPv2", "E=691 R=0 V=3 M=Authentication failure", Failure{Code: 691, Version: 3, Message: "Authentication failure"}},
		{"accel-ppp, MS-CHAPv1", "E=691 R=0 M=Authentication failure", Failure{Code: 691, Message: "Authentication failure"}},
		{"pppd, MS-CHAPv2", "E=691 R=1 C=" + c16 + " V=0 M=Access denied", Failure{Code: 691, Retry: true, Challenge: unhex(t, c16), Message: "Access denied"}},
		{"pppd, MS-CHAPv1", "E=691 R=1 C=" + c8 + " V=0", Failure{Code: 691, Retry: true, Challenge: unhex(t, c8)}},
		{"RFC 2759 form with leading zeros", "E=0000000648 R=0 C=" + c16 + " V=3 M=Password expired", Failure{Code: 648, Challenge: unhex(t, c16), Version: 3, Message: "Password expired"}},
		{"code only", "E=649", Failure{Code: 649}},
		{"message with fields in it", "E=691 M=E=1 R=1 M=2", Failure{Code: 691, Message: "E=1 R=1 M=2"}},
		{"message only", "M=go away", Failure{Message: "go away"}},
		{"empty message", "E=691 R=0 M=", Failure{Code: 691}},
		{"CHAP-MD5 text", "Authentication failed", Failure{Message: "Authentication failed"}},
		{"nothing", "", Failure{}},
		{"NUL and line end after it", "E=691 R=0 M=no\r\n\x00", Failure{Code: 691, Message: "no"}},
		{"not UTF-8", "E=691 M=acc\xe8s", Failure{Code: 691, Message: "acc\uFFFDs"}},
		{"two blanks, unknown field, no equals sign", "E=691  X=1 R R=1", Failure{Code: 691, Retry: true}},
		{"fields that cannot be read", "E=abc R=x C=zz V=-1 M=m", Failure{Message: "m"}},
		{"numbers beyond all bounds", "E=99999999999999999999 V=4294967296", Failure{}},
		{"challenge of a wrong length", "E=691 C=0123", Failure{Code: 691}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, ParseFailure([]byte(tt.in)))
		})
	}
}

func TestParseSuccess(t *testing.T) {
	proof := [20]byte(unhex(t, sampleProof))
	for _, tt := range []struct {
		name, in string
		want     Success
	}{
		{"blank before M=", "S=" + sampleProof + " M=Welcome", Success{proof, true, "Welcome"}},
		{"no blank before M=", "S=" + sampleProof + "M=Welcome", Success{proof, true, "Welcome"}},
		{"no M=", "S=" + sampleProof, Success{proof, true, ""}},
		{"lower case", "S=" + strings.ToLower(sampleProof), Success{proof, true, ""}},
		{"too few digits", "S=" + sampleProof[2:] + " M=x", Success{Message: "S=" + sampleProof[2:] + " M=x"}},
		{"not hexadecimal", "S=" + strings.Repeat("x", 40), Success{Message: "S=" + strings.Repeat("x", 40)}},
		{"message only", "M=Welcome", Success{Message: "Welcome"}},
		{"text of another method", "Access granted", Success{Message: "Access granted"}},
		{"nothing", "", Success{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, ParseSuccess([]byte(tt.in)))
		})
	}
}

func TestValue(t *testing.T) {
	b := AppendValue([]byte("x"), []byte{1, 2, 3}, "name")
	assert.Equal(t, append([]byte("x\x03\x01\x02\x03"), "name"...), b)
	value, name, err := ParseValue(b[1:])
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2, 3}, value)
	assert.Equal(t, 3, cap(value), "an append must not reach the name")
	assert.Equal(t, "name", name)

	_, _, err = ParseValue(nil)
	require.ErrorIs(t, err, ErrMalformed)
	_, _, err = ParseValue([]byte{2, 1})
	require.ErrorIs(t, err, ErrMalformed)

	long := AppendValue(nil, make([]byte, 300), "n")
	assert.Len(t, long, 1+255+1)
}

func TestPAPRequest(t *testing.T) {
	b, err := AppendPAPRequest(nil, "probe", "secret")
	require.NoError(t, err)
	assert.Equal(t, "\x05probe\x06secret", string(b))
	user, password, err := ParsePAPRequest(b)
	require.NoError(t, err)
	assert.Equal(t, "probe", user)
	assert.Equal(t, "secret", password)

	for _, bad := range []string{"", "\x05prob", "\x01p", "\x01p\x02s"} {
		_, _, err = ParsePAPRequest([]byte(bad))
		require.ErrorIs(t, err, ErrMalformed, "%q", bad)
	}
	long := strings.Repeat("x", 256)
	for _, c := range []Credentials{{User: long}, {Password: long}} {
		b, err = AppendPAPRequest([]byte("kept"), c.User, c.Password)
		require.ErrorIs(t, err, ErrTooLong)
		assert.Equal(t, "kept", string(b))
	}
}

func TestPAPMessage(t *testing.T) {
	assert.Equal(t, "hello", ParsePAPMessage(AppendPAPMessage(nil, "hello")))
	assert.Empty(t, ParsePAPMessage(nil), "no length octet at all")
	assert.Empty(t, ParsePAPMessage([]byte{0}))
	assert.Equal(t, "hi", ParsePAPMessage([]byte("\x09hi")), "a length beyond the data")
	assert.Equal(t, "hi", ParsePAPMessage([]byte("\x02hi, more")))
	assert.Len(t, AppendPAPMessage(nil, strings.Repeat("x", 300)), 256)
}

func TestParsePacket(t *testing.T) {
	b := newPacket(codeChallenge, 7, []byte("data"))
	code, id, data, err := parsePacket(append(bytes.Clone(b), "padding"...))
	require.NoError(t, err, "padding of the lower layer is ignored")
	assert.Equal(t, uint8(codeChallenge), code)
	assert.Equal(t, uint8(7), id)
	assert.Equal(t, "data", string(data))
	for _, bad := range [][]byte{nil, b[:3], b[:len(b)-1], {1, 1, 0, 3}} {
		_, _, _, err = parsePacket(bad)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

func TestNames(t *testing.T) {
	for m, want := range map[Method]string{
		MethodPAP: "pap", MethodMD5: "chap_md5", MethodMSCHAPv1: "mschap_v1", MethodMSCHAPv2: "mschap_v2",
		MethodEAP: "eap", 99: "method_99",
	} {
		assert.Equal(t, want, m.String())
	}
	for k, want := range map[EventKind]string{
		EventChallenged: "challenged", EventSucceeded: "succeeded", EventFailed: "failed",
		EventMutualFailed: "mutual_failed", EventMalformed: "malformed", EventTimeout: "timeout", 99: "event_99",
	} {
		assert.Equal(t, want, k.String())
	}
}
