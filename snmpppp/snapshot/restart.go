package snapshot

import "time"

// wrap is when sysUpTime and hrSystemUptime start again at 0: 2^32 hundredths of a
// second, 497 days.
const wrap = (1 << 32) * 10 * time.Millisecond

// Restarted says whether the agent has been restarted from a to b. Elapsed is the time
// between the two by our clock; 0: not known.
func Restarted(a, b *Agent, elapsed time.Duration) bool {
	switch {
	case a.Uptime == 0 && a.EngineBoots == 0: // nothing is known of a
		return false
	case a.EngineID != "" && b.EngineID != "" && a.EngineID != b.EngineID:
		return true
	case a.EngineBoots != 0 && b.EngineBoots != 0 && a.EngineBoots != b.EngineBoots:
		return true
	}
	return b.Uptime < a.Uptime && !wrapped(a.Uptime, b.Uptime, elapsed)
}

// hostRestarted says whether the host has been restarted, too.
func hostRestarted(a, b *Agent, elapsed time.Duration) bool {
	return a.HostUptime != 0 && b.HostUptime != 0 && b.HostUptime < a.HostUptime && !wrapped(a.HostUptime, b.HostUptime, elapsed)
}

// wrapped says whether an uptime became less because it started again at 0, and not
// because what it is about did. Both are near that moment then.
func wrapped(before, after, elapsed time.Duration) bool {
	if elapsed == 0 {
		elapsed = time.Hour
	}
	passed := wrap - before + after
	return passed >= 0 && passed <= 2*elapsed+time.Minute
}
