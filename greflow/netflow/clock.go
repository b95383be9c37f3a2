package netflow

import "time"

// clock is what a datagram says of time.
type clock struct {
	export    int64 // ns since the epoch
	arrival   int64 // the same, but ours
	uptime    uint32
	hasUptime bool // uptime is that of the export time, or of nothing
}

const (
	ntpEpoch  = 2208988800 // 1970 in seconds since 1900
	maxMillis = 1<<63/1_000_000 - 1
)

// at returns the time that v means, in ns since the epoch; 0 if it is unknown.
func (c *clock) at(k kind, v uint64) int64 {
	if k == kindUptime && c.hasUptime {
		// The difference is right when either has wrapped after 49.7 days and the other not.
		return c.export - int64(int32(c.uptime-uint32(v)))*int64(time.Millisecond)
	}
	return c.absolute(k, v)
}

func (c *clock) absolute(k kind, v uint64) int64 {
	switch k {
	case kindMillis:
		if v > maxMillis {
			return 0
		}
		return int64(v) * int64(time.Millisecond)
	case kindSeconds:
		return int64(uint32(v)) * int64(time.Second)
	case kindNTP: // RFC 7011 sections 6.1.9 and 6.1.10
		if v == 0 {
			return 0
		}
		s := int64(v>>32) - ntpEpoch
		if s < 0 {
			s += 1 << 32 // the era that begins in 2036
		}
		return s*int64(time.Second) + int64((v&0xffffffff)*uint64(time.Second)>>32)
	case kindDelta:
		return c.export - int64(uint32(v))*int64(time.Microsecond)
	}
	return 0
}

// since finds sysUpTime of an exporter that has started at that time, in ms since
// the epoch; the header of IPFIX does not have it.
func (c *clock) since(ms uint64) bool {
	if ms == 0 || ms > maxMillis {
		return false
	}
	c.uptime, c.hasUptime = uint32(c.export/int64(time.Millisecond)-int64(ms)), true
	return true
}

// Bounds of the end of a record around its export, beyond which a clock is wrong.
const (
	clockAhead    = int64(60 * time.Second)
	clockBehind   = int64(time.Hour)        // and twice the active time-out
	defaultActive = int64(1800 * 1e9)       // of most exporters
	maxActive     = int64(30 * 24 * 3600e9) // what one may say
)

// earliest is the earliest end that a record may have.
func (c *clock) earliest(active int64) int64 {
	if active <= 0 {
		active = defaultActive
	}
	return c.export - clockBehind - 2*active
}

// clamp returns start and end of a record whose end cannot be. It was exported at
// the export time, so it ended then or a bit before; its duration may still be right.
func (c *clock) clamp(start, end, active int64) (int64, int64) {
	if active <= 0 {
		active = defaultActive
	}
	duration := end - start
	if start == 0 || duration < 0 || duration > clockBehind+2*active {
		return c.export, c.export
	}
	return c.export - duration, c.export
}
