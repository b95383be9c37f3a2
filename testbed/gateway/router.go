package gateway

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// router is one session's way to the services and back, with the faults of a
// network on it. It belongs to the session's goroutine.
type router struct {
	local  netip.Addr
	faults func() *Faults
	agenda *agenda
	rng    *rand.Rand
	up     bucket
	down   bucket
}

// bucket is a policer: what exceeds the rate, with bursts of a tenth of a second,
// is dropped.
type bucket struct {
	level float64 // bytes
	at    time.Time
}

func (b *bucket) admit(now time.Time, n, rate int) bool {
	burst := max(float64(rate)/10, 3000)
	if b.at.IsZero() {
		b.level = burst
	} else {
		b.level = min(burst, b.level+now.Sub(b.at).Seconds()*float64(rate))
	}
	b.at = now
	if b.level < float64(n) {
		return false
	}
	b.level -= float64(n)
	return true
}

// fromClient passes a packet of the client on to next, or not; reply takes what
// the gateway itself answers.
func (r *router) fromClient(now time.Time, packet []byte, next func(*ipv4), reply func([]byte)) {
	p, ok := parseIPv4(packet)
	if !ok {
		return
	}
	f := r.faults()
	switch {
	case f.MTU > 0 && len(p.raw) > f.MTU:
		if f.MTUSignal && p.df {
			reply(icmpError(&p, r.local, codeFragNeeded, f.MTU))
		} else if f.MTUSignal {
			next(&p) // a router would have cut it in pieces
		}
		return
	case f.RateLimit > 0 && !r.up.admit(now, len(p.raw), f.RateLimit):
		return
	case f.BeyondSilent && p.dst != r.local:
		return
	case p.protocol == protoICMP && f.ICMPLoss > 0 && r.rng.Float64() < f.ICMPLoss:
		return
	}
	next(&p)
}

// toClient passes a packet for the client on to send, now, later or not at all.
func (r *router) toClient(now time.Time, packet []byte, send func(now time.Time, packet []byte)) {
	f := r.faults()
	switch {
	case f.MTU > 0 && len(packet) > f.MTU && !f.MTUSignal:
		return
	case f.RateLimit > 0 && !r.down.admit(now, len(packet), f.RateLimit):
		return
	case f.ICMPJitter > 0 && len(packet) > 9 && packet[9] == protoICMP:
		late := append([]byte(nil), packet...)
		r.agenda.after(now, time.Duration(r.rng.Int64N(int64(f.ICMPJitter))), func(now time.Time) { send(now, late) })
		return
	}
	send(now, packet)
}
