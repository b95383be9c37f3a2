package radiuscheck

import (
	"crypto/md5"
	"crypto/subtle"
	"fmt"
	"io"
	"strings"

	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc3079"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Microsoft's vendor attributes (RFC 2548).
const (
	microsoft       = 311
	msCHAPError     = 2
	msCHAPChallenge = 11
	msMPPESendKey   = 16
	msMPPERecvKey   = 17
	msCHAP2Response = 25
	msCHAP2Success  = 26
)

// credentials are one login: what goes into the request, and what an Access-Accept to
// it must hold.
type credentials interface {
	fill(b *packet.Builder, key *packet.Key)
	verify(r *Result, reply packet.Packet, auth *packet.Authenticator, key *packet.Key)
}

// newCredentials prepares a login with new challenges.
func newCredentials(c *Config, m Method, random io.Reader) (credentials, error) {
	challenge := make([]byte, 33)
	if _, err := io.ReadFull(random, challenge); err != nil {
		return nil, fmt.Errorf("making a challenge: %w", err)
	}
	switch m {
	case PAP:
		return pap{c.Password}, nil
	case CHAP:
		return chap{c.Password, challenge[32], challenge[:16]}, nil
	}
	m2 := &mschapv2{
		password: []byte(c.Password), id: challenge[32], challenge: challenge[:16], peer: challenge[16:32],
		requireKeys: c.RequireKeys,
	}
	// The domain is no part of the name that is hashed (RFC 2759, section 4).
	name := c.Username[strings.LastIndexByte(c.Username, '\\')+1:]
	m2.name = []byte(name)
	var err error
	if m2.response, err = rfc2759.GenerateNTResponse(m2.challenge, m2.peer, m2.name, m2.password); err != nil {
		return nil, fmt.Errorf("computing the MS-CHAPv2 response: %w", err)
	}
	return m2, nil
}

// pap is RFC 2865, section 5.2.
type pap struct{ password string }

func (p pap) fill(b *packet.Builder, key *packet.Key) { b.Password(key, p.password) }

func (pap) verify(*Result, packet.Packet, *packet.Authenticator, *packet.Key) {}

// chap is RFC 2865, sections 5.3 and 5.40.
type chap struct {
	password  string
	id        byte
	challenge []byte
}

func (c chap) fill(b *packet.Builder, _ *packet.Key) {
	h := md5.New()
	h.Write([]byte{c.id})
	h.Write([]byte(c.password))
	h.Write(c.challenge)
	b.Add(packet.CHAPPassword, h.Sum([]byte{c.id}))
	b.Add(packet.CHAPChallenge, c.challenge)
}

func (chap) verify(*Result, packet.Packet, *packet.Authenticator, *packet.Key) {}

// mschapv2 is RFC 2548, section 2.3.
type mschapv2 struct {
	name, password  []byte
	id              byte
	challenge, peer []byte
	response        []byte
	requireKeys     bool
}

func (m *mschapv2) fill(b *packet.Builder, _ *packet.Key) {
	b.VendorAttribute(microsoft, msCHAPChallenge, m.challenge)
	v := append([]byte{m.id, 0}, m.peer...)
	v = append(v, make([]byte, 8)...) // reserved
	b.VendorAttribute(microsoft, msCHAP2Response, append(v, m.response...))
}

func (m *mschapv2) verify(r *Result, reply packet.Packet, auth *packet.Authenticator, key *packet.Key) {
	if detail := m.verifySuccess(reply); detail != "" {
		r.fail(MutualFailed, detail)
	}
	cause, detail := m.verifyKeys(reply, auth, key)
	r.HasKeys, r.Keys = true, detail == ""
	if detail != "" && (m.requireKeys || cause != NoMPPEKeys) {
		r.fail(cause, detail)
	}
}

// verifySuccess says what is wrong with the proof that the server knows the password.
func (m *mschapv2) verifySuccess(reply packet.Packet) string {
	got, ok := reply.LookupVendor(microsoft, msCHAP2Success)
	if !ok {
		return "The Access-Accept has no MS-CHAP2-Success."
	}
	want, err := rfc2759.GenerateAuthenticatorResponse(m.challenge, m.peer, m.response, m.name, m.password)
	if err != nil {
		return "The proof cannot be computed: " + err.Error()
	}
	// One octet of identifier, then "S=" and 40 digits; a message may follow.
	if len(got) < 1+len(want) || got[0] != m.id {
		return "MS-CHAP2-Success is not in its format."
	}
	if subtle.ConstantTimeCompare([]byte(strings.ToUpper(string(got[1:1+len(want)]))), []byte(want)) != 1 {
		return "S= in MS-CHAP2-Success does not prove that the server knows the password."
	}
	return ""
}

// verifyKeys says what is wrong with the keys.
func (m *mschapv2) verifyKeys(reply packet.Packet, auth *packet.Authenticator, key *packet.Key) (Cause, string) {
	for _, k := range []struct {
		name string
		typ  uint8
		send bool
	}{{"MS-MPPE-Send-Key", msMPPESendKey, true}, {"MS-MPPE-Recv-Key", msMPPERecvKey, false}} {
		value, ok := reply.LookupVendor(microsoft, k.typ)
		if !ok {
			return NoMPPEKeys, "The Access-Accept has no " + k.name + "."
		}
		got, err := key.RevealKey(value, auth)
		if err != nil {
			return MPPEKeysUndecryptable, k.name + " cannot be decrypted."
		}
		want, err := rfc3079.MakeKey(m.response, m.password, k.send)
		if err != nil || subtle.ConstantTimeCompare(got, want) != 1 {
			return MPPEKeysUndecryptable, k.name + " decrypts to another key than the password gives."
		}
	}
	return "", ""
}
