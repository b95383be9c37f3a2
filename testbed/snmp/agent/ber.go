package agent

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// BER (X.690) as far as SNMP uses it (RFC 3417 section 8): written apart from the
// library that the code under test uses, so that a mistake there cannot cancel out.

var errBER = errors.New("not BER")

// tlv takes one element off b.
func tlv(b []byte) (tag byte, value, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, errBER
	}
	tag, n, b := b[0], int(b[1]), b[2:]
	if n > 0x80 {
		k := n & 0x7f
		if k > 3 || len(b) < k {
			return 0, nil, nil, errBER
		}
		n = 0
		for _, x := range b[:k] {
			n = n<<8 | int(x)
		}
		b = b[k:]
	}
	if n > len(b) {
		return 0, nil, nil, errBER
	}
	return tag, b[:n], b[n:], nil
}

// appendTLV appends an element.
func appendTLV(b []byte, tag byte, value []byte) []byte {
	b = append(b, tag)
	switch n := len(value); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, value...)
}

func integer(b []byte) int64 {
	var n int64
	for i, x := range b {
		if i == 0 && x >= 0x80 {
			n = -1
		}
		n = n<<8 | int64(x)
	}
	return n
}

// appendInteger appends an integer in as few octets as it needs (two's complement).
func appendInteger(b []byte, tag byte, n int64) []byte {
	v := make([]byte, 0, 9)
	for shift := 56; shift >= 0; shift -= 8 {
		v = append(v, byte(n>>shift))
	}
	for len(v) > 1 && (v[0] == 0 && v[1] < 0x80 || v[0] == 0xff && v[1] >= 0x80) {
		v = v[1:]
	}
	return appendTLV(b, tag, v)
}

// appendUnsigned is appendInteger for Counter64 above 2^63.
func appendUnsigned(b []byte, tag byte, n uint64) []byte {
	if int64(n) >= 0 {
		return appendInteger(b, tag, int64(n))
	}
	v := []byte{0}
	for shift := 56; shift >= 0; shift -= 8 {
		v = append(v, byte(n>>shift))
	}
	return appendTLV(b, tag, v)
}

// parseOID reads the dotted form.
func parseOID(s string) ([]uint32, error) {
	parts := strings.Split(strings.TrimPrefix(s, "."), ".")
	o := make([]uint32, len(parts))
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, err
		}
		o[i] = uint32(n)
	}
	return o, nil
}

func appendOID(b []byte, o []uint32) []byte {
	var v []byte
	if len(o) >= 2 {
		v = base128(v, o[0]*40+o[1])
		for _, x := range o[2:] {
			v = base128(v, x)
		}
	}
	return appendTLV(b, 0x06, v)
}

func base128(b []byte, n uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			b = append(b, byte(n>>shift)|0x80)
		}
	}
	return append(b, byte(n)&0x7f)
}

func decodeOID(b []byte) []uint32 {
	var o []uint32
	var n uint32
	for _, x := range b {
		n = n<<7 | uint32(x&0x7f)
		if x < 0x80 {
			if o == nil {
				first := min(n/40, 2)
				o = append(o, first, n-first*40)
			} else {
				o = append(o, n)
			}
			n = 0
		}
	}
	return slices.Clip(o)
}
