package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

const (
	ipICMPHeaders = 28 // of an echo request
	smallPacket   = 84 // what ping sends; it passes wherever anything passes
	leastMTU      = tunnel.MinMTU

	baselineTries = 8 // small packets, to know loss and round trip of the path
	leastTries    = 3 // of each size
	mostTries     = 16
	mostProbes    = 300
	triesApart    = 20 * time.Millisecond
	leastWait     = 400 * time.Millisecond // for the last reply
	mostWait      = 2 * time.Second
	// mistaken is how likely a size may be taken for lost by chance.
	mistaken = 1e-5
)

// mtuSearch looks for the largest packet that the path carries (RFC 4821 calls
// it probing): echo requests that must not be fragmented. Chance is kept out of
// it by as many tries of each size as the loss of small packets asks for.
type mtuSearch struct {
	e     *checkEnv
	ctx   context.Context // of one check
	to    netip.Addr
	res   *MTUResult
	seq   uint16
	tries int           // of each size
	wait  time.Duration // for replies
	err   error         // of the last try that failed
}

// verdict is what became of one size.
type verdict uint8

const (
	sizePassed  verdict = iota
	sizeLost            // every try, without a word
	sizeRefused         // a router says that it is too large
	sizeUnknown         // the time was over
	sizeBroken          // a router says something else
)

func (e *checkEnv) checkMTU(ctx context.Context, r *CheckResult) {
	res := &MTUResult{Negotiated: e.tun.MTU()}
	r.MTU = res
	s := &mtuSearch{e: e, ctx: ctx, to: r.Check.Address, res: res, tries: baselineTries, wait: mostWait}
	if !s.baseline() {
		r.Failure = e.pingFailure(s.to, res.Sent, s.err)
		return
	}
	if !s.search() {
		r.Failure = e.pingFailure(s.to, s.tries, s.err)
		r.Failure.Detail += "; earlier ones were, so the path broke during the check"
		return
	}
	s.judge(r)
}

// baseline sends small packets, and sets tries and waiting time from what comes
// back. It returns false if nothing does.
func (s *mtuSearch) baseline() bool {
	var slowest time.Duration
	got := s.burst(smallPacket, baselineTries, func(rtt time.Duration) bool {
		slowest = max(slowest, rtt)
		return false // all of them
	})
	if got == 0 {
		return false
	}
	s.res.Path = smallPacket
	// One more lost than was seen, so that a few good ones do not mean a good path.
	loss := float64(baselineTries-got+1) / (baselineTries + 2)
	s.tries = min(max(int(math.Ceil(math.Log(mistaken)/math.Log(loss))), leastTries), mostTries)
	s.wait = min(max(4*slowest, leastWait), mostWait)
	return true
}

// search tries the negotiated size, and if that does not pass, narrows down what
// does. It returns false if the path broke meanwhile.
func (s *mtuSearch) search() bool {
	low, high := s.res.Path, s.res.Negotiated+1 // passed, and not
	next := s.res.Negotiated
	for first := true; ; first = false {
		v := s.try(next)
		if v == sizeLost && first {
			// Before all else: are small ones still answered, and was it no chance?
			if s.burst(smallPacket, s.tries, answered) == 0 && s.ctx.Err() == nil {
				return false
			}
			v = s.try(next)
		}
		if v == sizeLost && s.res.Refused > 0 && next > s.told() {
			v = sizeRefused // routers limit the rate of their errors (RFC 1812 §4.3.2.8)
		}
		switch v {
		case sizePassed:
			low = max(low, next)
			if low == s.told() && s.res.Lost == 0 {
				high = low + 1 // as the router says; asking again would be another error to be limited
			}
		case sizeLost:
			high = min(high, next)
			s.res.Lost = high
		case sizeRefused:
			high = min(high, next)
			s.res.Refused = high
		case sizeBroken:
			return false
		case sizeUnknown:
			return true
		}
		s.res.Path = low
		if s.res.Complete = low+1 >= high || high <= leastMTU; s.res.Complete {
			return true
		}
		next = s.next(low, high, v)
	}
}

// next is the size to try between one that passed and one that did not: what the
// router says, if it says something that helps, and half way otherwise.
func (s *mtuSearch) next(low, high int, v verdict) int {
	if told := s.told(); told > low && told < high && v == sizeRefused {
		return told
	}
	if low < leastMTU {
		return leastMTU
	}
	return low + (high-low)/2
}

func (s *mtuSearch) told() int {
	if s.res.ICMP == nil {
		return 0
	}
	return s.res.ICMP.MTU
}

func answered(time.Duration) bool { return true }

// try sends packets of one size until one is answered.
func (s *mtuSearch) try(size int) verdict {
	s.err = nil
	if s.burst(size, s.tries, answered) > 0 {
		return sizePassed
	}
	var icmp *tunnel.ICMPError
	switch {
	case errors.As(s.err, &icmp) && icmp.Type == 3 && icmp.Code == 4:
		s.res.ICMP = icmpSeen(icmp)
		return sizeRefused
	case icmp != nil:
		return sizeBroken
	case s.ctx.Err() != nil || s.res.Sent >= mostProbes:
		return sizeUnknown
	}
	return sizeLost
}

// burst sends up to n packets of one size, a little apart, and counts the
// replies. It ends with the reply that enough agrees to, with the first ICMP
// error, or when the time for replies is over.
func (s *mtuSearch) burst(size, n int, enough func(rtt time.Duration) bool) (replies int) {
	ctx, cancel := context.WithCancel(s.ctx)
	type result struct {
		rtt time.Duration
		err error
	}
	results := make(chan result, n)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	apart := time.NewTicker(triesApart)
	defer apart.Stop()
	over := time.NewTimer(s.wait + time.Duration(n)*triesApart)
	defer over.Stop()
	send := func() {
		s.seq++
		seq := s.seq
		s.res.Sent++
		wg.Go(func() {
			reply, err := s.e.tun.Ping(ctx, s.to, seq, size-ipICMPHeaders, true)
			results <- result{reply.RTT, err}
		})
	}
	send()
	for sent, ended := 1, 0; ended < n; {
		select {
		case r := <-results:
			ended++
			var icmp *tunnel.ICMPError
			switch {
			case r.err == nil:
				replies++
				s.res.Received++
				if enough(r.rtt) {
					return replies
				}
			case errors.As(r.err, &icmp):
				s.err = r.err
				return replies
			default:
				s.err = r.err
			}
		case <-apart.C:
			if sent < n && s.res.Sent < mostProbes {
				sent++
				send()
			}
		case <-over.C:
			return replies
		case <-ctx.Done():
			if s.err == nil {
				s.err = ctx.Err()
			}
			return replies
		}
	}
	return replies
}

// judge tells a path that is narrow and says so from one that swallows packets.
func (s *mtuSearch) judge(r *CheckResult) {
	res := r.MTU
	about := ""
	if !res.Complete {
		about = " at least"
	}
	switch {
	case res.Path >= res.Negotiated:
		res.Complete = true
	case res.Lost > 0:
		r.fail(CauseAppMTUBlackhole, nil,
			"packets of%s %d bytes pass to %s, but those of %d bytes get lost without an ICMP error; the session allows %d",
			about, res.Path, s.to, res.Lost, res.Negotiated)
		r.Failure.ICMP = res.ICMP
	case res.Refused > 0:
		limit := ""
		if res.ICMP.MTU > 0 {
			limit = fmt.Sprintf(", and that %d is the limit", res.ICMP.MTU)
		}
		r.warn(CauseAppMTULow, "packets of%s %d bytes pass to %s, less than the %d that the session allows; %s says that larger ones need to be fragmented%s",
			about, res.Path, s.to, res.Negotiated, res.ICMP.From, limit)
	default:
		r.fail(CauseLocalDeadline, s.ctx.Err(), "the time-out of %s, or %d packets, were not enough to find the path MTU to %s; give the check more time",
			r.Check.Timeout, res.Sent, s.to)
	}
}
