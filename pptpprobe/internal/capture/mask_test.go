package capture

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const testPassword = "correct horse battery"

// secret returns bytes that nothing else in a file has.
func secret(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i*7)
	}
	return b
}

// framings are all forms in which a frame may come. CHAP and PAP have protocol
// numbers that cannot be compressed to one byte.
var framings = map[string]func(p ppp.Protocol, info []byte) []byte{
	"FF 03":    func(p ppp.Protocol, info []byte) []byte { return ppp.AppendFrame(nil, p, info) },
	"no FF 03": func(p ppp.Protocol, info []byte) []byte { return ppp.AppendFrame(nil, p, info)[2:] },
	"FF 03 twice": func(p ppp.Protocol, info []byte) []byte {
		return append([]byte{0xFF, 3}, ppp.AppendFrame(nil, p, info)...)
	},
}

// exchange is an authentication, with what must not be in a file and what must.
type exchange struct {
	proto       ppp.Protocol
	in, out     [][]byte // control packets
	hide, shown [][]byte
}

func exchanges(t *testing.T) map[string]exchange {
	t.Helper()
	pap, err := chap.AppendPAPRequest(nil, `CORP\probe`, testPassword)
	require.NoError(t, err)
	challenge8, challenge16, response16 := secret(0x81, 8), secret(0x91, 16), secret(0xA1, 16)
	// LM response, NT response, flag (RFC 2433 §4); peer challenge, reserved, NT response, flags (RFC 2759 §4)
	v1 := append(secret(0x11, 48), 1)
	v2 := append(append(secret(0x21, 16), make([]byte, 8)...), append(secret(0x31, 24), 0)...)
	proof := strings.ToUpper(hex.EncodeToString(secret(0x41, 20)))
	retry := strings.ToUpper(hex.EncodeToString(secret(0x51, 16)))
	return map[string]exchange{
		"PAP": {
			proto: ppp.PAP,
			out:   [][]byte{chapPacket(1, pap)},
			in:    [][]byte{chapPacket(3, chap.AppendPAPMessage(nil, "Login incorrect"))},
			hide:  [][]byte{[]byte(testPassword), []byte("horse")},
			shown: [][]byte{[]byte(`CORP\probe`), []byte("Login incorrect")},
		},
		"CHAP-MD5": {
			proto: ppp.CHAP,
			in:    [][]byte{chapPacket(1, chap.AppendValue(nil, challenge16, "gw")), chapPacket(3, []byte("Welcome to gw."))},
			out:   [][]byte{chapPacket(2, chap.AppendValue(nil, response16, "probe"))},
			hide:  [][]byte{challenge16, response16},
			shown: [][]byte{[]byte("\x10" + strings.Repeat("\x00", 16) + "probe"), []byte("Welcome to gw.")},
		},
		"MS-CHAPv1": {
			proto: ppp.CHAP,
			in: [][]byte{
				chapPacket(1, chap.AppendValue(nil, challenge8, "gw")),
				chapPacket(4, []byte("E=691 R=1 C="+retry[:16]+" V=2")),
			},
			out:   [][]byte{chapPacket(2, chap.AppendValue(nil, v1, "probe"))},
			hide:  [][]byte{challenge8, v1[:8], v1[16:24], v1[24:48], []byte(retry[:16])},
			shown: [][]byte{[]byte("E=691 R=1 C=0000000000000000 V=2")},
		},
		"MS-CHAPv2": {
			proto: ppp.CHAP,
			in: [][]byte{
				chapPacket(1, chap.AppendValue(nil, challenge16, "gw")),
				chapPacket(3, []byte("S="+proof+" M=Access granted")),
				chapPacket(4, []byte("E=691 R=1 C="+retry+" V=3 M=Access denied")),
			},
			out:   [][]byte{chapPacket(2, chap.AppendValue(nil, v2, `CORP\probe`))},
			hide:  [][]byte{challenge16, v2[:16], v2[24:48], v2[24:32], []byte(proof), []byte(retry)},
			shown: [][]byte{[]byte(`CORP\probe`), []byte("S=" + strings.Repeat("0", 40) + " M=Access granted"), []byte(" V=3 M=Access denied")},
		},
		"EAP": {
			proto: ppp.EAP,
			in:    [][]byte{chapPacket(1, append([]byte{4, 16}, challenge16...))},
			out:   [][]byte{chapPacket(2, []byte("\x01probe")), chapPacket(2, append([]byte{26}, v2...))},
			hide:  [][]byte{challenge16, v2[24:48]},
			shown: [][]byte{[]byte("\x01probe")},
		},
		"password change": {
			proto: ppp.CHAP,
			out:   [][]byte{chapPacket(7, secret(0x61, 582))},
			hide:  [][]byte{secret(0x61, 582)[:16], secret(0x61, 582)[500:516]},
		},
		"unknown authentication": {
			proto: 0xC027, // Shiva's
			out:   [][]byte{chapPacket(1, []byte(testPassword))},
			hide:  [][]byte{[]byte(testPassword)},
		},
		"MPPE": {
			proto: ppp.Compressed,
			in:    [][]byte{append([]byte{0x90, 0x05}, secret(0x71, 60)...)},
			hide:  [][]byte{secret(0x71, 60)[:8], secret(0x71, 60)[52:]},
			shown: [][]byte{{0x90, 0x05, 0}},
		},
		"rejected PAP": { // RFC 1661 §5.7: the rejected packet is quoted
			proto: ppp.LCP,
			in: [][]byte{
				chapPacket(8, append([]byte{0xC0, 0x23}, chapPacket(1, pap)...)),
				chapPacket(7, chapPacket(8, append([]byte{0xC2, 0x23}, chapPacket(2, chap.AppendValue(nil, v2, "probe"))...))),
			},
			hide:  [][]byte{[]byte(testPassword), v2[:16], v2[24:48]},
			shown: [][]byte{[]byte(`CORP\probe`)},
		},
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for name, x := range exchanges(t) {
		for how, frame := range framings {
			t.Run(name+"/"+how, func(t *testing.T) {
				for _, secrets := range []bool{false, true} {
					c := newScript(newStore(t, func(c *Config) { c.Secrets = secrets }))
					c.call()
					var all [][]byte
					for i, packet := range append(append([][]byte(nil), x.in...), x.out...) {
						p := grePacket(ourCall, uint32(i), frame(x.proto, packet))
						all = append(all, p)
						// Either way: a looping or hostile peer sends our own packets.
						c.r.GREReceived(c.tick(), p)
						c.r.GRESent(c.tick(), p)
					}
					d := decode(t, c.save(t))
					got := d.gre()
					require.Len(t, got, 2*len(all))
					for i, p := range got {
						assert.Len(t, p, len(all[i/2]), "lengths stay")
						assert.Equal(t, all[i/2][:16], p[:16], "so do headers")
						if secrets {
							assert.Equal(t, all[i/2], p)
						}
					}
					for _, b := range x.hide {
						assert.Equal(t, secrets, bytes.Contains(d.raw, b), "%x", b)
					}
					if !secrets {
						for _, b := range x.shown {
							assert.True(t, bytes.Contains(d.raw, b), "%q", b)
						}
					}
					assert.Equal(t, secrets, strings.Contains(d.section.Comment, "may hold passwords"))
				}
			})
		}
	}
}

// What is not secret stays, with two bytes of protocol and with one.
func TestNothingElseIsMasked(t *testing.T) {
	ip := []byte("\x45\x00\x00\x14 an IPv4 packet \xc2\x23")
	for name, frame := range map[string][]byte{
		"LCP":                   ppp.AppendFrame(nil, ppp.LCP, chapPacket(1, []byte{1, 4, 5, 0x78})),
		"LCP, echo":             ppp.AppendFrame(nil, ppp.LCP, chapPacket(9, []byte("\x01\x02\x03\x04anything"))),
		"IPCP":                  ppp.AppendFrame(nil, ppp.IPCP, chapPacket(1, []byte{3, 6, 10, 0, 0, 1})),
		"CCP":                   ppp.AppendFrame(nil, ppp.CCP, chapPacket(1, []byte{18, 6, 1, 0, 0, 0x40})),
		"CBCP":                  ppp.AppendFrame(nil, ppp.CBCP, chapPacket(1, []byte{1, 2})),
		"link quality":          ppp.AppendFrame(nil, 0xC025, secret(1, 48)),
		"IPv4":                  ppp.AppendFrame(nil, ppp.IPv4, ip),
		"IPv4, one byte":        append([]byte{0x21}, ip...),
		"IPv4, FF 03, one byte": append([]byte{0xFF, 3, 0x21}, ip...),
		"CHAP, too short":       {0xC2, 0x23, 1, 2, 3},
		"CHAP, no value":        ppp.AppendFrame(nil, ppp.CHAP, chapPacket(2, nil)),
		"PAP, no user":          ppp.AppendFrame(nil, ppp.PAP, chapPacket(1, nil)),
		"PAP, no password":      ppp.AppendFrame(nil, ppp.PAP, chapPacket(1, []byte("\x05probe"))),
		"LCP, too short":        {0xC0, 0x21, 8, 1},
		"rejected IPv6CP":       ppp.AppendFrame(nil, ppp.LCP, chapPacket(8, []byte("\x80\x57\x01\x01\x00\x0e\x01\x0a12345678"))),
		"one byte":              {0xFF},
		"nothing":               {},
	} {
		t.Run(name, func(t *testing.T) {
			p := grePacket(1, 1, frame)
			got := bytes.Clone(p)
			maskPacket(got)
			assert.Equal(t, p, got)
		})
	}
	for name, p := range map[string][]byte{
		"short": {0x30, 0x01, 0x88}, "header only": {0x30, 0x81, 0x88, 0x0B, 0, 0, 0, 1},
		"ack only": gre.Packet{CallID: 1, HasAck: true, Ack: 7}.AppendTo(nil),
	} {
		t.Run("GRE, "+name, func(t *testing.T) {
			got := bytes.Clone(p)
			maskPacket(got)
			assert.Equal(t, p, got)
		})
	}
}

// What cannot be understood is masked from there on.
func TestMalformedIsMasked(t *testing.T) {
	pw := []byte(testPassword)
	pap := func(length byte, data string) []byte {
		return append([]byte{0xC0, 0x23, 1, 1, 0, length}, data...)
	}
	quoted := chapPacket(1, append([]byte("\x05probe\x15"), pw...))
	deep := append([]byte{0xC0, 0x23}, quoted...)
	for range maxQuotes + 2 {
		deep = append([]byte{0xC0, 0x21}, chapPacket(8, deep)...)
	}
	for name, frame := range map[string][]byte{
		"PAP, length beyond the frame":        pap(200, "\x05probe\x15"+testPassword),
		"PAP, length before the password":     pap(10, "\x05probe\x15"+testPassword),
		"PAP, length zero":                    pap(0, "\x05probe\x15"+testPassword),
		"PAP, user beyond the packet":         pap(200, "\xF0probe\x15"+testPassword),
		"PAP, password shorter than there is": pap(200, "\x05probe\x02"+testPassword),
		"PAP, password longer than there is":  pap(200, "\x05probe\xF0"+testPassword),
		"PAP, unknown code":                   append([]byte{0xC0, 0x23, 9, 1, 0, 25}, pw...),
		"CHAP, value beyond the packet":       append([]byte{0xC2, 0x23, 2, 1, 0, 26, 0xF0}, pw...),
		"CHAP, length beyond the frame":       append([]byte{0xC2, 0x23, 2, 1, 9, 0, 0x15}, pw...),
		"CHAP, length zero":                   append([]byte{0xC2, 0x23, 2, 1, 0, 0, 0x15}, pw...),
		"CHAP, behind the packet":             append([]byte{0xC2, 0x23, 2, 1, 0, 5, 0x00}, pw...),
		"EAP, unknown code":                   append([]byte{0xC2, 0x27, 9, 1, 0, 25}, pw...),
		"reject in reject in reject":          deep,
	} {
		t.Run(name, func(t *testing.T) {
			require.True(t, bytes.Contains(frame, pw))
			got := grePacket(1, 1, frame)
			maskPacket(got)
			assert.False(t, bytes.Contains(got, pw), "%q", got)
		})
	}
	t.Run("GRE", func(t *testing.T) {
		good := grePacket(1, 1, append([]byte{0xC0, 0x23}, quoted...))
		for name, change := range map[string]func(b []byte){
			"flags":             func(b []byte) { b[0] |= 0x80 },
			"version":           func(b []byte) { b[1] &^= 7 },
			"protocol":          func(b []byte) { b[3]++ },
			"length too short":  func(b []byte) { b[5] -= 20 },
			"length too long":   func(b []byte) { b[5] += 20 },
			"no sequence":       func(b []byte) { b[0] &^= 0x10; copy(b[8:], b[12:]) },
			"no acknowledgment": func(b []byte) { b[1] &^= 0x80; copy(b[12:], b[16:]) },
		} {
			got := bytes.Clone(good)
			change(got)
			maskPacket(got)
			assert.False(t, bytes.Contains(got, []byte("horse")), "%s: %q", name, got)
			assert.Len(t, got, len(good))
		}
	})
}

// What servers make of "S=<hex> M=text" and of "E= R= C= V= M=" (RFC 2759 §5, 6).
func TestMaskText(t *testing.T) {
	z := strings.Repeat("0", 40)
	h := strings.Repeat("0123456789ABCDEFabcd", 2)
	for in, want := range map[string]string{
		"S=" + h:                         "S=" + z,
		"S=" + h + " M=OK":               "S=" + z + " M=OK",
		"S=" + h + "M=OK":                "S=" + z + "M=OK",
		"S=" + h + "\x00":                "S=" + z + "\x00",
		"S=" + h + "-M=OK":               "S=" + strings.Repeat("0", 45),
		"s=" + h:                         "s=" + z,
		"M=OK S=" + h:                    "M=OK S=" + z,
		"S=binary \x01\x02":              "S=000000000",
		"S=":                             "S=",
		"S= M=none":                      "S= M=none",
		"E=691 R=0 C=0123 V=3 M=No way":  "E=691 R=0 C=0000 V=3 M=No way",
		"E=691 R=0 V=3":                  "E=691 R=0 V=3",
		"E=691 M=Access=denied":          "E=691 M=Access=denied",
		"no key 0123456789abcdef":        "no key 0000000000000000",
		"no key 0123456789abcde":         "no key 0123456789abcde",
		"I don't like you.  Go 'way.":    "I don't like you.  Go 'way.",
		"C=" + h[:32] + "," + "deadbeef": "C=00000000000000000000000000000000000000000",
		"":                               "",
	} {
		b := []byte(in)
		maskText(b)
		assert.Equal(t, want, string(b), "%q", in)
	}
}

func FuzzMask(f *testing.F) {
	pap, err := chap.AppendPAPRequest(nil, "probe", testPassword)
	require.NoError(f, err)
	f.Add(grePacket(1, 1, ppp.AppendFrame(nil, ppp.PAP, chapPacket(1, pap))))
	f.Add(grePacket(1, 1, ppp.AppendFrame(nil, ppp.CHAP, chapPacket(2, chap.AppendValue(nil, secret(1, 49), "probe")))))
	f.Add(grePacket(1, 1, ppp.AppendFrame(nil, ppp.CHAP, chapPacket(3, []byte("S=0123456789ABCDEF0123456789ABCDEF01234567 M=ok")))))
	f.Fuzz(func(t *testing.T, packet []byte) {
		p := bytes.Clone(packet)
		maskPacket(p)
		require.Len(t, p, len(packet))
		require.Equal(t, packet[:min(greHeader, len(p))], p[:min(greHeader, len(p))])
		again := bytes.Clone(p)
		maskPacket(again)
		require.Equal(t, p, again, "nothing is left to mask")
		requireMasked(t, p)
	})
}

// requireMasked reads a packet as a session does, and finds no secret in it.
func requireMasked(t *testing.T, packet []byte) {
	t.Helper()
	g, err := gre.Parse(packet)
	if err != nil {
		return
	}
	proto, info, err := ppp.ParseFrame(g.Payload)
	if err != nil {
		return
	}
	c, err := ppp.ParsePacket(info)
	if err != nil {
		return
	}
	switch {
	case proto == ppp.CHAP && (c.Code == 1 || c.Code == 2):
		if value, _, err := chap.ParseValue(c.Data); err == nil {
			require.Equal(t, make([]byte, len(value)), value)
		}
	case proto == ppp.CHAP && c.Code == 3:
		if s := chap.ParseSuccess(c.Data); s.HasResponse {
			require.Zero(t, s.AuthenticatorResponse)
		}
	case proto == ppp.CHAP && c.Code == 4:
		for _, b := range chap.ParseFailure(c.Data).Challenge {
			require.Zero(t, b)
		}
	case proto == ppp.PAP && c.Code == 1:
		if _, password, err := chap.ParsePAPRequest(c.Data); err == nil {
			require.Empty(t, strings.Trim(password, "\x00"))
		}
	}
}

// The corpus that is committed holds each method once.
func TestCorpus(t *testing.T) {
	entries, err := os.ReadDir("testdata/fuzz/FuzzMask")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(entries), 6)
}
