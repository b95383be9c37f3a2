package snmppppreceiver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// How users and clients are told.
const (
	tellPlain = "plain"
	tellHash  = "hash"
	tellDrop  = "drop"
)

var tellModes = []string{tellPlain, tellHash, tellDrop}

// hashLength is how many bytes of the hash are told: enough that two of a
// million users share one with a probability of 3e-8.
const hashLength = 8

// teller turns names and addresses into what may be told of them. It is safe for
// concurrent use.
type teller struct {
	user, client string // the modes
	key          []byte
}

// newTeller returns a teller. There are so few addresses and names that a hash
// without a key hides nothing, so without one a random key is taken, which lasts
// until the receiver ends.
func newTeller(cfg *Config) *teller {
	return &teller{user: cfg.UserName, client: cfg.ClientAddress, key: keyOf(cfg.HashKey)}
}

func keyOf(key configopaque.String) []byte {
	if key != "" {
		return []byte(key)
	}
	k := make([]byte, sha256.Size)
	_, _ = rand.Read(k) // never fails, crypto/rand says
	return k
}

func (t *teller) hash(b []byte) string {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(b)
	return hex.EncodeToString(mac.Sum(nil)[:hashLength])
}

// userName is what is told of a user; empty: nothing.
func (t *teller) userName(name string) string {
	switch {
	case name == "" || t.user == tellDrop:
		return ""
	case t.user == tellHash:
		return t.hash([]byte(name))
	}
	return name
}

// address is what is told of a client's address; empty: nothing.
func (t *teller) address(a netip.Addr) string {
	switch {
	case !a.IsValid() || t.client == tellDrop:
		return ""
	case t.client == tellHash:
		b := a.As16()
		return t.hash(b[:])
	}
	return a.String()
}

// identity is what may be told of who a session is of.
type identity struct{ user, client, iface string }

// identity returns it. Some gateways name interfaces after users (<pptp-alice>):
// such a name is told only if the user's is.
func (t *teller) identity(s *snapshot.Session) identity {
	id := identity{user: t.userName(s.User), client: t.address(s.Peer), iface: s.Interface}
	if t.user != tellPlain && s.User != "" && strings.Contains(s.Interface, s.User) {
		id.iface = ""
	}
	return id
}

// String is for sentences: "of alice from 203.0.113.7 on ppp0".
func (id identity) String() string {
	var b strings.Builder
	for _, x := range []struct{ word, value string }{{" of ", id.user}, {" from ", id.client}, {" on ", id.iface}} {
		if x.value != "" {
			b.WriteString(x.word + x.value)
		}
	}
	return b.String()
}
