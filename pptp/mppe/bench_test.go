package mppe

import (
	"fmt"
	"testing"
)

// benchSizes are of plaintext: a packet of a transport that acknowledges, a full one.
var benchSizes = []int{100, 1400}

// BenchmarkSeal has beside it the same work done with crypto/rc4 and crypto/sha1.
func BenchmarkSeal(b *testing.B) {
	for _, stateless := range []bool{true, false} {
		for _, size := range benchSizes {
			plain := ipv4(size)
			b.Run(fmt.Sprintf("%s/%d/ours", modeName(stateless), size), func(b *testing.B) {
				e := NewEncryptor(Config{Strength: Bits128, Stateless: stateless, Key: testKey})
				dst := make([]byte, 0, size+headerLen)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					_ = e.Seal(dst, plain)
				}
			})
			b.Run(fmt.Sprintf("%s/%d/crypto_rc4", modeName(stateless), size), func(b *testing.B) {
				e := newPeer(Bits128, stateless)
				dst := make([]byte, 0, size+headerLen)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					_ = e.seal(dst, plain)
				}
			})
		}
	}
}

// BenchmarkOpen decrypts packets made beforehand: 4096 of them, so that the count
// wraps from the last to the first, and the keys go on.
func BenchmarkOpen(b *testing.B) {
	for _, stateless := range []bool{true, false} {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", modeName(stateless), size), func(b *testing.B) {
				cfg := Config{Strength: Bits128, Stateless: stateless, Key: testKey}
				e, d := NewEncryptor(cfg), NewDecryptor(cfg)
				packets := make([][]byte, countMask+1)
				for i := range packets {
					packets[i] = e.Seal(nil, ipv4(size))
				}
				dst := make([]byte, 0, size)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				i := 0
				for b.Loop() {
					if _, err := d.Open(dst, packets[i]); err != nil {
						b.Fatal(err)
					}
					if i++; i == len(packets) {
						i, d = 0, NewDecryptor(cfg)
					}
				}
			})
		}
	}
}
