package privacy

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestModes(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.7")
	for mode, want := range map[Mode]struct{ name, addr string }{
		Plain: {"alice", "192.0.2.7"},
		// printf alice | openssl dgst -sha256 -hmac 'a key', the first 16 digits; of the
		// address, its 16 bytes as ::ffff:192.0.2.7.
		Hash: {"d8423a72610ac53b", "f8628ae03174bbce"},
		Drop: {},
	} {
		t.Run(mode, func(t *testing.T) {
			teller := New(mode, Key("a key"))
			assert.Equal(t, want.name, teller.Name("alice"))
			assert.Equal(t, want.addr, teller.Address(addr))
		})
	}
}

func TestHash(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.7")
	one, same, other := New(Hash, Key("a key")), New(Hash, Key("a key")), New(Hash, Key("another"))
	first := one.Address(addr)
	assert.NotEqual(t, first, one.Address(addr.Next()))
	assert.Equal(t, first, one.Address(addr), "the same after another")
	assert.Equal(t, first, same.Address(addr), "with the same key, everywhere")
	assert.NotEqual(t, first, other.Address(addr))
	assert.Equal(t, first, one.Address(netip.AddrFrom16(addr.As16())), "an IPv4 address in its IPv6 form")
	assert.NotEqual(t, one.Name("alice"), one.Name("bob"))
	random := Key("")
	assert.NotEqual(t, random, Key(""), "without a key, it is another one each time")
}

func TestNothing(t *testing.T) {
	for _, mode := range Modes {
		teller := New(mode, Key(""))
		assert.Empty(t, teller.Name(""), mode)
		assert.Empty(t, teller.Address(netip.Addr{}), mode)
	}
}
