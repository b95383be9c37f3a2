package mppe

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPlausible(t *testing.T) {
	ip4 := ipv4(42)[1:] // 21 and 40 bytes of IPv4
	edit := func(b []byte, at int, v byte) []byte {
		c := append([]byte(nil), b...)
		c[at] = v
		return c
	}
	ip6 := append([]byte{0x57, 0x60, 0, 0, 0, 0, 8}, make([]byte, 34+8)...)
	for _, tt := range []struct {
		name string
		in   []byte
		want bool
	}{
		{"IPv4, protocol in two octets", append([]byte{0}, ip4...), true},
		{"IPv4, protocol compressed", ip4, true},
		{"IPv4 with bytes after it", append(ip4[:len(ip4):len(ip4)], 0, 0), true},
		{"IPv4 cut", ip4[:len(ip4)-1], false},
		{"IPv4 without a header", ip4[:20], false},
		{"IPv4 of version 6", edit(ip4, 1, 0x65), false},
		{"IPv4 with a header of 16 bytes", edit(ip4, 1, 0x44), false},
		{"IPv4 with a header longer than itself", edit(ip4, 1, 0x4F), false},
		{"IPv6", ip6, true},
		{"IPv6, protocol in two octets", append([]byte{0}, ip6...), true},
		{"IPv6 of version 4", edit(ip6, 1, 0x45), false},
		{"IPv6 cut", ip6[:len(ip6)-1], false},
		{"IPv6 without a header", ip6[:40], false},
		{"VJ compressed", []byte{0x2D, 1}, true},
		{"VJ uncompressed is IPv4", edit(ip4, 0, 0x2F), true},
		{"VJ uncompressed is not IPv4", []byte{0x2F, 1}, false},
		{"VJ compressed, protocol in two octets", []byte{0, 0x2D, 1}, true},
		{"bridging is not negotiated", []byte{0x31, 1}, false},
		{"LCP is never encrypted", []byte{0xC0, 0x21, 1, 1}, false},
		{"unknown", []byte{0xC7, 0x45}, false},
		{"protocol only", []byte{0, 0x2D}, false},
		{"nothing", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, Plausible(tt.in))
		})
	}
}

func TestRandomBytesAreSeldomPlausible(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 60)
	n := 0
	for range 10_000 {
		random(r, b)
		if Plausible(b) {
			n++
		}
	}
	assert.Less(t, n, 10_000/100)
}
