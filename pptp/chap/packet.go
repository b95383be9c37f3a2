package chap

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	// ErrMalformed is wrapped by every error about a packet that breaks its format.
	ErrMalformed = errors.New("malformed authentication packet")
	// ErrUnexpected is wrapped by the error of a well-formed packet that cannot be
	// an answer to what was sent.
	ErrUnexpected = errors.New("unexpected authentication packet")
	// ErrTooLong says that a user name or password does not fit its field.
	ErrTooLong = errors.New("user name or password longer than 255 bytes")
	// ErrMethod says that a [Peer] does not speak the method it was made for.
	ErrMethod = errors.New("authentication method not supported")
)

// headerLen is the length of code, identifier and length (RFC 1994 §4).
const headerLen = 4

// The codes of CHAP (RFC 1994 §4).
const (
	codeChallenge = 1
	codeResponse  = 2
	codeSuccess   = 3
	codeFailure   = 4
)

// The codes of PAP (RFC 1334 §2.2).
const (
	codeRequest = 1
	codeAck     = 2
	codeNak     = 3
)

// parsePacket splits a whole packet. Bytes after its length are padding of the
// lower layer and are ignored (RFC 1994 §4). data aliases b.
func parsePacket(b []byte) (code, id uint8, data []byte, err error) {
	if len(b) < headerLen {
		return 0, 0, nil, fmt.Errorf("%w: %d bytes are no header", ErrMalformed, len(b))
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerLen || n > len(b) {
		return 0, 0, nil, fmt.Errorf("%w: length field %d in %d bytes", ErrMalformed, n, len(b))
	}
	return b[0], b[1], b[headerLen:n], nil
}

// newPacket returns a whole packet.
func newPacket(code, id uint8, data []byte) []byte {
	b := make([]byte, 0, headerLen+len(data))
	b = append(b, code, id)
	b = binary.BigEndian.AppendUint16(b, uint16(headerLen+len(data)))
	return append(b, data...)
}
