package gateway

import (
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// The codes of CHAP (RFC 1994 section 4) and PAP (RFC 1334 section 2.2).
const (
	chapChallenge = 1
	chapResponse  = 2
	chapSuccess   = 3
	chapFailure   = 4
	papRequest    = 1
	papAck        = 2
	papNak        = 3
)

// verdict is what an authenticator thinks of a response.
type verdict struct {
	ok    bool
	user  string
	reply ppp.Packet
	keys  *chap.MPPEMaterial // with MS-CHAP
}

// authenticator is the server's side of PAP, CHAP, MS-CHAPv1 and MS-CHAPv2: it
// makes challenges and checks responses. It has no state but the challenge.
type authenticator struct {
	method    chap.Method
	users     map[string]string
	name      string // ours, in the Challenge
	id        uint8
	challenge []byte
}

// challengeLen is how long a Challenge is (RFC 2433 section 4, RFC 2759 section 3).
func challengeLen(m chap.Method) int {
	if m == chap.MethodMSCHAPv1 {
		return 8
	}
	return 16
}

// challengePacket is the Challenge with the current id and value.
func (a *authenticator) challengePacket() ppp.Packet {
	return ppp.Packet{Code: chapChallenge, ID: a.id, Data: chap.AppendValue(nil, a.challenge, a.name)}
}

// password finds the password of a user name with or without a domain.
func (a *authenticator) password(user string) (string, bool) {
	if p, ok := a.users[user]; ok {
		return p, true
	}
	p, ok := a.users[user[strings.LastIndexByte(user, '\\')+1:]]
	return p, ok
}

// check judges a packet of the client; false: it is no response to be judged.
func (a *authenticator) check(p ppp.Packet, f *Faults) (verdict, bool) {
	if a.method == chap.MethodPAP {
		return a.checkPAP(p, f)
	}
	value, user, err := chap.ParseValue(p.Data)
	if p.Code != chapResponse || p.ID != a.id || err != nil {
		return verdict{}, false
	}
	v := verdict{user: user}
	password, known := a.password(user)
	message := []byte("Access granted")
	switch {
	case !known:
	case a.method == chap.MethodMD5:
		want := chap.MD5Response(a.id, password, a.challenge)
		v.ok = subtle.ConstantTimeCompare(value, want[:]) == 1
	case len(value) == 49 && a.method == chap.MethodMSCHAPv1:
		v.checkV1(value, password, [8]byte(a.challenge))
	case len(value) == 49 && a.method == chap.MethodMSCHAPv2:
		proof := v.checkV2(value, user, password, [16]byte(a.challenge))
		message = successV2(proof, f)
	}
	if f.AuthFailure != "" {
		v.ok = false
	}
	v.reply = ppp.Packet{Code: chapSuccess, ID: p.ID, Data: message}
	if !v.ok {
		v.keys = nil
		v.reply = ppp.Packet{Code: chapFailure, ID: p.ID, Data: []byte(a.refusal(f))}
	}
	return v, true
}

// checkV1 checks an MS-CHAPv1 response (RFC 2433 section 5): LM response, NT
// response, and a flag that says which one counts. LM is not accepted.
func (v *verdict) checkV1(value []byte, password string, challenge [8]byte) {
	hash := chap.NTPasswordHash(password)
	want := chap.ChallengeResponse(challenge, hash)
	v.ok = value[48] == 1 && subtle.ConstantTimeCompare(value[24:48], want[:]) == 1
	v.keys = &chap.MPPEMaterial{
		Method: chap.MethodMSCHAPv1, PasswordHash: hash, PasswordHashHash: chap.HashNTPasswordHash(hash),
		NTResponse: want, Challenge: challenge,
	}
}

// checkV2 checks an MS-CHAPv2 response (RFC 2759 section 4) and returns our proof.
func (v *verdict) checkV2(value []byte, user, password string, challenge [16]byte) [20]byte {
	peer := [16]byte(value[:16])
	want := chap.NTResponse(challenge, peer, user, password)
	v.ok = subtle.ConstantTimeCompare(value[24:48], want[:]) == 1
	hash := chap.NTPasswordHash(password)
	v.keys = &chap.MPPEMaterial{
		Method: chap.MethodMSCHAPv2, PasswordHash: hash, PasswordHashHash: chap.HashNTPasswordHash(hash), NTResponse: want,
	}
	return chap.AuthenticatorResponse(password, want, peer, challenge, user)
}

// successV2 is the message of an MS-CHAPv2 Success (RFC 2759 section 5).
func successV2(proof [20]byte, f *Faults) []byte {
	switch {
	case f.AuthNoAuthenticator:
		return []byte("M=Access granted")
	case f.AuthBadAuthenticator:
		proof[0] ^= 0xFF
	}
	return fmt.Appendf(nil, "S=%X M=Access granted", proof)
}

// refusal is the message of a Failure. R=0: no retry is offered.
func (a *authenticator) refusal(f *Faults) string {
	switch {
	case f.AuthFailure != "":
		return f.AuthFailure
	case a.method == chap.MethodMSCHAPv2:
		return "E=691 R=0 V=3 M=Authentication failure"
	case a.method == chap.MethodMSCHAPv1:
		return "E=691 R=0 M=Authentication failure"
	}
	return "Authentication failure"
}

func (a *authenticator) checkPAP(p ppp.Packet, f *Faults) (verdict, bool) {
	user, password, err := chap.ParsePAPRequest(p.Data)
	if p.Code != papRequest || err != nil {
		return verdict{}, false
	}
	want, known := a.password(user)
	v := verdict{user: user}
	v.ok = known && f.AuthFailure == "" && subtle.ConstantTimeCompare([]byte(password), []byte(want)) == 1
	v.reply = ppp.Packet{Code: papAck, ID: p.ID, Data: chap.AppendPAPMessage(nil, "Access granted")}
	if !v.ok {
		v.reply = ppp.Packet{Code: papNak, ID: p.ID, Data: chap.AppendPAPMessage(nil, a.refusal(f))}
	}
	return v, true
}
