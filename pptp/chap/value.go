package chap

import "fmt"

// ParseValue splits the data of a Challenge or Response (RFC 1994 §4.1): one
// octet of size, the value, and the name up to the end. value aliases data. The
// error wraps [ErrMalformed]: no size octet, or a value beyond the data.
func ParseValue(data []byte) (value []byte, name string, err error) {
	value, rest, ok := cutCounted(data)
	if !ok {
		return nil, "", fmt.Errorf("%w: value size beyond the %d bytes of data", ErrMalformed, len(data))
	}
	return value, string(rest), nil
}

// AppendValue appends what [ParseValue] reads. A value longer than the 255 bytes
// that the size octet can say is cut.
func AppendValue(dst, value []byte, name string) []byte {
	value = value[:min(len(value), 255)]
	dst = append(dst, byte(len(value)))
	dst = append(dst, value...)
	return append(dst, name...)
}

// cutCounted takes one octet of length and as many bytes off the front of b.
func cutCounted(b []byte) (counted, rest []byte, ok bool) {
	if len(b) == 0 || len(b)-1 < int(b[0]) {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n:n], b[n:], true
}
