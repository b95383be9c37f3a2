package mppe

import (
	"fmt"
	"strconv"
	"strings"
)

// Bits is the value of CCP option 18, Supported Bits (RFC 3078 §2).
type Bits uint32

// The bits and, in brackets, their letters in RFC 3078.
const (
	BitStateless Bits = 0x01000000 // [H] a new key for every packet
	Bit56        Bits = 0x80       // [M] 56-bit keys
	Bit128       Bits = 0x40       // [S] 128-bit keys
	Bit40        Bits = 0x20       // [L] 40-bit keys
	BitD         Bits = 0x10       // [D] obsolete
	BitMPPC      Bits = 0x01       // [C] compression
)

var bitLetters = []struct {
	bit    Bits
	letter string
}{{BitStateless, "H"}, {Bit56, "M"}, {Bit128, "S"}, {Bit40, "L"}, {BitD, "D"}, {BitMPPC, "C"}}

// String returns the value and the letters of the bits it has: "01000040 (H S)".
func (b Bits) String() string {
	var letters []string
	for _, l := range bitLetters {
		if b&l.bit != 0 {
			letters = append(letters, l.letter)
		}
	}
	return fmt.Sprintf("%08x (%s)", uint32(b), strings.Join(letters, " "))
}

// Strength is the length of the keys in bits.
type Strength uint8

// The strengths of RFC 3078. Any other value counts as Bits128.
const (
	Bits40  Strength = 40
	Bits56  Strength = 56
	Bits128 Strength = 128
)

// String returns the number of bits.
func (s Strength) String() string { return strconv.Itoa(int(s)) }

// Bit returns the bit that offers s in CCP.
func (s Strength) Bit() Bits {
	switch s {
	case Bits40:
		return Bit40
	case Bits56:
		return Bit56
	}
	return Bit128
}

// keyLen is the number of key bytes used: 40-bit and 56-bit keys have 8, some of
// them known (RFC 3079 §3.1, §3.2).
func (s Strength) keyLen() int {
	if s == Bits40 || s == Bits56 {
		return 8
	}
	return 16
}

// Config is what CCP and the authentication agreed for one direction.
type Config struct {
	Strength  Strength
	Stateless bool     // a new key for every packet; else one per 256 packets
	Key       [16]byte // the start key of this direction; 40 and 56 bit use its first 8 bytes
}

// Format writes strength and mode, whatever the verb and the flags are: the key
// must not get into a log.
func (c Config) Format(f fmt.State, _ rune) {
	mode := "stateful"
	if c.Stateless {
		mode = "stateless"
	}
	fmt.Fprint(f, c.Strength.String()+" bit "+mode)
}

// MarshalText returns what Format writes.
func (c Config) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%v", c), nil }
