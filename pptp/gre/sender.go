package gre

import "time"

// timedPackets is of how many packets the sending time is kept (a power of two).
const timedPackets = 128

// sender numbers data packets and matches the peer's acknowledgements to them.
type sender struct {
	next  uint32               // number of the next packet
	acked uint32               // highest number acknowledged; before the first, one less than the first number
	base  time.Time            // when the first packet was sent; sent counts from it
	sent  [timedPackets]uint32 // microseconds: they wrap, and their differences do not mind
}

// send takes the next number.
func (s *sender) send(now time.Time) uint32 {
	if s.base.IsZero() {
		s.base = now
	}
	seq := s.next
	s.sent[seq%timedPackets] = s.micros(now)
	s.next++
	return seq
}

// acknowledged returns how many packets ack acknowledges that were not before,
// and, when timed, how long ago the one it names was sent. It must lie among the
// unacknowledged ones: an old number says nothing new, and one never sent, as the
// 0xFFFFFFFF that Cisco sends before it has received anything, says nothing at all.
func (s *sender) acknowledged(now time.Time, ack uint32) (n uint32, rtt time.Duration, timed bool) {
	if !Before(s.acked, ack) || !Before(ack, s.next) {
		return 0, 0, false
	}
	n = ack - s.acked
	s.acked = ack
	if s.next-ack > timedPackets {
		return n, 0, false
	}
	rtt = time.Duration(int32(s.micros(now)-s.sent[ack%timedPackets])) * time.Microsecond
	return n, rtt, rtt >= 0
}

func (s *sender) micros(now time.Time) uint32 { return uint32(now.Sub(s.base) / time.Microsecond) }
