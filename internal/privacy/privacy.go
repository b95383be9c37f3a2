// Package privacy turns names of users and addresses of clients into what may be told
// of them.
package privacy

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/netip"
	"sync"

	"go.opentelemetry.io/collector/config/configopaque"
)

// Mode is how something is told.
type Mode = string

// The modes.
const (
	Plain Mode = "plain"
	Hash  Mode = "hash"
	Drop  Mode = "drop"
)

// Modes are all of them, for the validation of a configuration.
var Modes = []Mode{Plain, Hash, Drop}

// hashLength is how many bytes of the hash are told: enough that two of a
// million users share one with a probability of 3e-8.
const hashLength = 8

// Teller tells names and addresses in one mode. Equal ones stay equal when they are
// hashed. The zero value tells them plainly. It is safe for concurrent use.
type Teller struct {
	mode Mode

	mu  sync.Mutex // guards what follows
	mac hash.Hash
	sum [sha256.Size]byte
}

// New returns a teller of mode. Tellers with the same key hash alike. There are so few addresses and names
// that a hash without a key hides nothing, so use [Key].
func New(mode Mode, key []byte) *Teller {
	t := &Teller{mode: mode}
	if mode == Hash {
		t.mac = hmac.New(sha256.New, key)
	}
	return t
}

// Key returns the key that a user configured, or a random one, which lasts until the
// process ends.
func Key(configured configopaque.String) []byte {
	if configured != "" {
		return []byte(configured)
	}
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails, crypto/rand says
	return key
}

// Name is what is told of a name; empty: nothing.
func (t *Teller) Name(name string) string {
	switch {
	case name == "" || t.mode == Drop:
		return ""
	case t.mode == Hash:
		return t.hashed([]byte(name))
	}
	return name
}

// Address is what is told of an address; empty: nothing. An IPv4 address and its form in
// IPv6 have the same hash.
func (t *Teller) Address(a netip.Addr) string {
	switch {
	case !a.IsValid() || t.mode == Drop:
		return ""
	case t.mode == Hash:
		b := a.As16()
		return t.hashed(b[:])
	}
	return a.String()
}

func (t *Teller) hashed(b []byte) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mac.Reset()
	t.mac.Write(b)
	return hex.EncodeToString(t.mac.Sum(t.sum[:0])[:hashLength])
}
