package mppe

import "encoding/binary"

// The header of a packet (RFC 3078 §3): four bits, of which B and C belong to
// MPPC compression, and the coherency count.
const (
	headerLen    = 2
	bitFlushed   = 0x8000 // A: the cipher was started anew before this packet
	bitEncrypted = 0x1000 // D
	countMask    = 0x0FFF
	flagCount    = 0x00FF // set in the count of a flag packet

	// A packet more than half of the count's space ahead is taken for a late one.
	maxAhead = (countMask + 1) / 2
)

// isFlag tells a flag packet, which changes the key in stateful mode (RFC 3078
// §7.3): one in 256.
func isFlag(count uint16) bool { return count&flagCount == flagCount }

// flagsBetween counts the flag packets after last and before the packet that is
// ahead packets after it.
func flagsBetween(last uint16, ahead int) int {
	return (int(last)+ahead)>>8 - (int(last)+1)>>8
}

func appendHeader(dst []byte, count uint16, flushed bool) []byte {
	h := bitEncrypted | count
	if flushed {
		h |= bitFlushed
	}
	return binary.BigEndian.AppendUint16(dst, h)
}
