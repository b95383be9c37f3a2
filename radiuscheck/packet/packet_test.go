package packet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"layeh.com/radius"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(tb, err)
	return b
}

// The secret of the examples in RFC 2865 and RFC 5997.
const rfcSecret = "xyzzy5461"

func TestRFC2865Example(t *testing.T) {
	want := unhex(t, "01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f"+
		"02 12 0d be 70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03")
	key := NewKey(rfcSecret)
	auth := Authenticator(unhex(t, "0f403f9473978057bd83d5cb98f4227a"))
	b := NewRequest(AccessRequest, 0, auth)
	b.Text(UserName, "nemo")
	b.Password(key, "arctangent")
	b.Address(NASIPAddress, NASIPv6Address, netip.MustParseAddr("192.168.1.16"))
	b.Number(NASPort, 3)
	p, err := b.Request(key)
	require.NoError(t, err)
	assert.Equal(t, want, []byte(p))

	hidden, ok := p.Lookup(UserPassword)
	require.True(t, ok)
	password, err := key.RevealPassword(hidden, &auth)
	require.NoError(t, err)
	assert.Equal(t, "arctangent", password)

	reply, err := Parse(unhex(t, "02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00 0e 06 c0 a8 01 03"))
	require.NoError(t, err)
	signed, err := key.VerifyReply(reply, &auth)
	require.NoError(t, err)
	assert.False(t, signed)
}

func TestRFC5997Example(t *testing.T) {
	want := unhex(t, "0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3 e2 43 82 20 97 c8 4f a3")
	key := NewKey(rfcSecret)
	auth := Authenticator(unhex(t, "8a54f4686fb394c52866e302185d0623"))
	b := NewRequest(StatusServer, 0xda, auth)
	b.Sign()
	p, err := b.Request(key)
	require.NoError(t, err)
	assert.Equal(t, want, []byte(p))
	signed, err := key.VerifyRequest(p)
	require.NoError(t, err)
	assert.True(t, signed)

	reply, err := Parse(unhex(t, "02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66"))
	require.NoError(t, err)
	_, err = key.VerifyReply(reply, &auth)
	require.NoError(t, err)
}

func TestVerifyReply(t *testing.T) {
	key := NewKey("secret")
	b := NewRequest(AccessRequest, 7, Authenticator{1, 2, 3})
	b.Sign()
	request, err := b.Request(key)
	require.NoError(t, err)
	auth := request.Authenticator()
	good := func(key *Key, sign bool) Packet {
		r := NewReply(AccessAccept, request)
		if sign {
			r.Sign()
		}
		r.Text(ReplyMessage, "hello")
		p, err := r.Reply(key)
		require.NoError(t, err)
		return p
	}
	t.Run("signed", func(t *testing.T) {
		signed, err := key.VerifyReply(good(key, true), &auth)
		require.NoError(t, err)
		assert.True(t, signed)
	})
	t.Run("not signed", func(t *testing.T) {
		signed, err := key.VerifyReply(good(key, false), &auth)
		require.NoError(t, err)
		assert.False(t, signed)
	})
	t.Run("another secret", func(t *testing.T) {
		_, err := key.VerifyReply(good(NewKey("other"), false), &auth)
		require.ErrorIs(t, err, ErrAuthenticator)
	})
	t.Run("another request", func(t *testing.T) {
		_, err := key.VerifyReply(good(key, false), &Authenticator{9})
		require.ErrorIs(t, err, ErrAuthenticator)
	})
	t.Run("a bit flipped", func(t *testing.T) {
		for i := range len(good(key, true)) {
			p := good(key, true)
			p[i] ^= 1
			if q, err := Parse(p); err == nil {
				_, err = key.VerifyReply(q, &auth)
				require.Error(t, err, "octet %d", i)
			}
		}
	})
	// What an attacker who breaks MD5 can make: the Response Authenticator is right, the
	// Message-Authenticator is not.
	t.Run("wrong Message-Authenticator only", func(t *testing.T) {
		p := good(key, true)
		p[headerLen+2] ^= 1
		copy(p[4:], key.digest(p, &auth)[:])
		signed, err := key.VerifyReply(p, &auth)
		require.ErrorIs(t, err, ErrMessageAuthenticator)
		assert.True(t, signed)
	})
	t.Run("short Message-Authenticator", func(t *testing.T) {
		r := NewReply(AccessAccept, request)
		r.Add(MessageAuthenticator, []byte{1, 2})
		_, err := r.Reply(key)
		require.ErrorIs(t, err, ErrMessageAuthenticator)
	})
}

func TestParseErrors(t *testing.T) {
	header := make([]byte, headerLen)
	tests := []struct {
		name string
		data []byte
	}{
		{"empty", nil},
		{"short header", header[:19]},
		{"length below header", header},
		{"length beyond data", append([]byte{1, 0, 0, 30}, header[4:]...)},
		{"length beyond the limit", append([]byte{1, 0, 0xff, 0xff}, make([]byte, 0xffff)...)},
		{"half an attribute", append(append([]byte{1, 0, 0, 21}, header[4:]...), 1)},
		{"attribute of length 0", append(append([]byte{1, 0, 0, 22}, header[4:]...), 1, 0)},
		{"attribute of length 1", append(append([]byte{1, 0, 0, 22}, header[4:]...), 1, 1)},
		{"attribute beyond the end", append(append([]byte{1, 0, 0, 23}, header[4:]...), 1, 4, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.data)
			var format *FormatError
			require.ErrorAs(t, err, &format)
			assert.Contains(t, err.Error(), "malformed RADIUS packet")
		})
	}
}

func TestPaddingIsCutOff(t *testing.T) {
	p, err := Parse(append(append([]byte{2, 0, 0, 20}, make([]byte, 16)...), 1, 2, 3))
	require.NoError(t, err)
	assert.Len(t, p, headerLen)
}

func TestVendor(t *testing.T) {
	b := NewRequest(AccessAccept, 1, Authenticator{})
	b.VendorAttribute(9, 1, []byte("cisco"))
	b.VendorAttribute(311, 16, []byte("a"))
	// Two in one, and what does not follow the recommended format.
	b.Add(VendorSpecific, append(binary.BigEndian.AppendUint32(nil, 311), 17, 3, 'b', 18, 3, 'c', 19, 9))
	b.Add(VendorSpecific, []byte{0, 0, 1})
	b.Add(VendorSpecific, append(binary.BigEndian.AppendUint32(nil, 311), 20, 0))
	p, err := b.Reply(NewKey("s"))
	require.NoError(t, err)
	var got []string
	for typ, v := range p.Vendor(311) {
		got = append(got, fmt.Sprintf("%d=%s", typ, v))
	}
	assert.Equal(t, []string{"16=a", "17=b", "18=c"}, got)
	_, ok := p.LookupVendor(311, 99)
	assert.False(t, ok)
	_, ok = p.Lookup(UserName)
	assert.False(t, ok)
}

func TestTunnelAttributes(t *testing.T) {
	b := NewRequest(AccessRequest, 1, Authenticator{})
	b.TaggedNumber(TunnelType, 1, 1)
	b.TaggedText(TunnelClientEndpoint, 1, "203.0.113.7")
	b.TaggedText(TunnelServerEndpoint, 1, "") // left out
	p, err := b.Request(NewKey("s"))
	require.NoError(t, err)
	assert.Equal(t, unhex(t, "40 06 01 00 00 01"), []byte(p[headerLen:headerLen+6]))
	v, _ := p.Lookup(TunnelClientEndpoint)
	assert.Equal(t, "\x01203.0.113.7", string(v))
}

func TestBuilderErrors(t *testing.T) {
	key := NewKey("s")
	tests := []struct {
		name string
		fill func(*Builder)
		want string
	}{
		{"attribute", func(b *Builder) { b.Text(UserName, strings.Repeat("u", 254)) }, "attribute 1: 254 bytes"},
		{"password", func(b *Builder) { b.Password(key, strings.Repeat("p", 129)) }, "129 bytes"},
		{"vendor attribute", func(b *Builder) { b.VendorAttribute(1, 1, make([]byte, 250)) }, "attribute 26: 256 bytes"},
		{"packet", func(b *Builder) {
			for range 17 {
				b.Add(ReplyMessage, make([]byte, 253))
			}
		}, "packet: 4379 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewRequest(AccessRequest, 1, Authenticator{})
			tt.fill(b)
			b.Text(ReplyMessage, "the first fault counts")
			_, err := b.Request(key)
			require.ErrorContains(t, err, tt.want)
			_, err = b.Reply(key)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TestOracle compares with another implementation.
func TestOracle(t *testing.T) {
	key := NewKey("secret")
	auth := Authenticator{5, 6, 7}
	for _, n := range []int{0, 1, 15, 16, 17, 32, 127, 128} {
		password := strings.Repeat("p", n)
		b := NewRequest(AccessRequest, 1, auth)
		b.Password(key, password)
		p, err := b.Request(key)
		require.NoError(t, err)
		v, _ := p.Lookup(UserPassword)
		got, err := radius.UserPassword(v, []byte("secret"), auth[:])
		require.NoError(t, err)
		assert.Equal(t, password, string(got))
		mine, err := key.RevealPassword(v, &auth)
		require.NoError(t, err)
		assert.Equal(t, password, mine)
	}
	for _, n := range []int{0, 15, 16, 31, 32} {
		secret := []byte(strings.Repeat("k", n))
		v, err := radius.NewTunnelPassword(secret, []byte{0x80, 1}, []byte("secret"), auth[:])
		require.NoError(t, err)
		got, err := key.RevealKey(v, &auth)
		require.NoError(t, err)
		assert.Equal(t, string(secret), string(got))
	}
	b := NewRequest(AccountingRequest, 9, auth)
	b.Text(UserName, "nemo")
	p, err := b.Request(key)
	require.NoError(t, err)
	assert.True(t, radius.IsAuthenticRequest(p, []byte("secret")))
	r := NewReply(AccountingResponse, p)
	reply, err := r.Reply(key)
	require.NoError(t, err)
	assert.True(t, radius.IsAuthenticResponse(reply, p, []byte("secret")))
}

func TestHiddenValuesOfTheWrongSize(t *testing.T) {
	key, auth := NewKey("s"), Authenticator{}
	for _, n := range []int{0, 1, 15, 17, 144} {
		_, err := key.RevealPassword(make([]byte, n), &auth)
		require.ErrorIs(t, err, ErrHidden, n)
	}
	for _, v := range [][]byte{nil, make([]byte, 17), append([]byte{0x80}, make([]byte, 18)...), make([]byte, 18)} {
		_, err := key.RevealKey(v, &auth)
		require.ErrorIs(t, err, ErrHidden, v)
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	k := NewKey("hunter2-theSecret")
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k)} {
		assert.NotContains(t, s, "hunter2")
	}
}

func TestCodeNames(t *testing.T) {
	for c := range 13 {
		assert.NotEmpty(t, Code(c).String())
	}
	assert.Equal(t, "Access-Reject", AccessReject.String())
	assert.Equal(t, "code 99", Code(99).String())
}

func TestVerifyAllocatesNothing(t *testing.T) {
	key := NewKey("secret")
	reply, auth := benchReply(t, key)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		p, err := Parse(reply)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := key.VerifyReply(p, &auth); err != nil {
			t.Fatal(err)
		}
		if _, ok := p.LookupVendor(311, 16); !ok {
			t.Fatal("no key")
		}
	}))
}

// benchReply is an Access-Accept with keys, as a PPTP gateway gets it.
func benchReply(tb testing.TB, key *Key) (Packet, Authenticator) {
	b := NewRequest(AccessRequest, 1, Authenticator{4})
	b.Sign()
	request, err := b.Request(key)
	require.NoError(tb, err)
	r := NewReply(AccessAccept, request)
	r.Sign()
	r.Number(ServiceType, 2)
	r.Number(FramedProtocol, 1)
	r.VendorAttribute(311, 26, make([]byte, 43))
	r.VendorAttribute(311, 16, make([]byte, 34))
	r.VendorAttribute(311, 17, make([]byte, 34))
	reply, err := r.Reply(key)
	require.NoError(tb, err)
	return reply, request.Authenticator()
}

func BenchmarkParseAndVerifyReply(b *testing.B) {
	key := NewKey("secret")
	reply, auth := benchReply(b, key)
	b.ReportAllocs()
	for b.Loop() {
		p, err := Parse(reply)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := key.VerifyReply(p, &auth); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	reply, _ := benchReply(b, NewKey("secret"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(reply); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOracleParseAndVerifyReply is layeh.com/radius, which does not verify the
// Message-Authenticator.
func BenchmarkOracleParseAndVerifyReply(b *testing.B) {
	secret := []byte("secret")
	reply, auth := benchReply(b, NewKey("secret"))
	request := append([]byte{1, 1, 0, 20}, auth[:]...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := radius.Parse(reply, secret); err != nil || !radius.IsAuthenticResponse(reply, request, secret) {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildAccessRequest(b *testing.B) {
	key := NewKey("secret")
	addr := netip.MustParseAddr("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		r := NewRequest(AccessRequest, 1, Authenticator{4})
		r.Sign()
		r.Text(UserName, "monitor")
		r.Password(key, "a-long-password")
		r.Number(ServiceType, 2)
		r.Number(FramedProtocol, 1)
		r.Address(NASIPAddress, NASIPv6Address, addr)
		if _, err := r.Request(key); err != nil {
			b.Fatal(err)
		}
	}
}
