package greflowreceiver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/netip"

	"go.opentelemetry.io/collector/config/configopaque"
)

// How the address of a client is told.
const (
	clientPlain = "plain"
	clientHash  = "hash"
	clientDrop  = "drop"
)

var clientModes = []string{clientPlain, clientHash, clientDrop}

// hashLength is how many bytes of the hash are told: enough that two of a
// million clients share one with a probability of 3e-8.
const hashLength = 8

// clients turns the addresses of clients into what may be told of them. It is
// not safe for concurrent use.
type clients struct {
	mode string
	mac  hash.Hash
	sum  [sha256.Size]byte
}

// newClients returns a clients for mode. There are so few IPv4 addresses that a
// hash without a key hides nothing, so without one a random key is taken, which
// lasts until the receiver ends.
func newClients(mode string, key configopaque.String) *clients {
	c := &clients{mode: mode}
	if mode == clientHash {
		k := []byte(key)
		if len(k) == 0 {
			k = make([]byte, sha256.Size)
			_, _ = rand.Read(k) // never fails, crypto/rand says
		}
		c.mac = hmac.New(sha256.New, k)
	}
	return c
}

// text is what is told of addr; empty: nothing.
func (c *clients) text(addr netip.Addr) string {
	switch {
	case !addr.IsValid() || c.mode == clientDrop:
		return ""
	case c.mode == clientHash:
		a := addr.As16()
		c.mac.Reset()
		c.mac.Write(a[:])
		return hex.EncodeToString(c.mac.Sum(c.sum[:0])[:hashLength])
	}
	return addr.String()
}
