package gre

// historyLen is how many numbers back a packet is told late from duplicate (a
// power of two, and a multiple of 64).
const historyLen = 1024

// history remembers which of the last historyLen numbers have arrived.
type history [historyLen / 64]uint64

func (h *history) has(seq uint32) bool {
	return h[seq%historyLen/64]>>(seq%64)&1 != 0
}

func (h *history) set(seq uint32) { h[seq%historyLen/64] |= 1 << (seq % 64) }

// unsetRange forgets n numbers from seq on.
func (h *history) unsetRange(seq, n uint32) {
	if n >= historyLen {
		*h = history{}
		return
	}
	for ; n > 0; n-- {
		h[seq%historyLen/64] &^= 1 << (seq % 64)
		seq++
	}
}
