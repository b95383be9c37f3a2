package pptpprobe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

// beginPeriod begins a report interval.
func (s *session) beginPeriod(now time.Time) {
	h := s.held
	h.since, h.greBase = now, s.gre.Stats()
	h.lcp, h.ctl = gre.RTT{}, gre.RTT{}
}

// sumPeriod is the report interval so far.
func (s *session) sumPeriod() HoldStatus {
	h := s.held
	p := s.link.Stats()
	st := HoldStatus{Since: h.since, GRE: greSince(s.gre.Stats(), h.greBase), PPP: p, LCPEcho: h.lcp, ControlEcho: h.ctl}
	st.LCPEchoRTTs = lastRTTs(s.res.LCPEchoRTTs, h.lcp.Count)
	st.ControlEchoRTTs = lastRTTs(s.res.ControlEchoRTTs, h.ctl.Count)
	// The fate of the last request is open, unless the last reply came after it.
	settled := p.EchoSent
	if settled > h.sentAtReply {
		settled--
	}
	if settled > h.sentBase {
		st.EchoSent = settled - h.sentBase
	}
	if got := p.EchoReplies - h.replyBase; got < st.EchoSent {
		st.EchoLost = st.EchoSent - got
	}
	h.sentBase, h.replyBase = max(h.sentBase, settled), p.EchoReplies
	h.sum.EchoSent += st.EchoSent
	h.sum.EchoLost += st.EchoLost
	return st
}

// greSince is what was counted from base to now.
func greSince(now, base gre.Stats) gre.Stats {
	d := now
	for _, c := range []struct{ v, base *uint64 }{
		{&d.Tx.Packets, &base.Tx.Packets}, {&d.Tx.Bytes, &base.Tx.Bytes},
		{&d.Rx.Packets, &base.Rx.Packets}, {&d.Rx.Bytes, &base.Rx.Bytes},
		{&d.TxAcksOnly, &base.TxAcksOnly}, {&d.RxAcksOnly, &base.RxAcksOnly},
		{&d.RxLost, &base.RxLost}, {&d.RxLate, &base.RxLate}, {&d.RxReordered, &base.RxReordered},
		{&d.RxDuplicate, &base.RxDuplicate}, {&d.RxStray, &base.RxStray}, {&d.RxRestarts, &base.RxRestarts},
		{&d.RxMalformed, &base.RxMalformed}, {&d.TxAcked, &base.TxAcked}, {&d.AckRTT.Count, &base.AckRTT.Count},
	} {
		*c.v -= *c.base
	}
	d.AckRTT = gre.RTT{Count: d.AckRTT.Count, Sum: d.AckRTT.Sum - base.AckRTT.Sum}
	return d
}

// addRTT adds one round trip.
func addRTT(r *gre.RTT, d time.Duration) {
	if r.Count == 0 || d < r.Min {
		r.Min = d
	}
	r.Max = max(r.Max, d)
	r.Last = d
	r.Sum += d
	r.Count++
}

// status reports the interval that ends, and whether that changes how the session does.
func (s *session) status(now time.Time) {
	h := s.held
	st := s.sumPeriod()
	s.beginPeriod(now)
	h.nextReport = h.nextReport.Add(h.cfg.ReportInterval)
	if !now.Before(h.nextReport) { // the host slept
		h.nextReport = now.Add(h.cfg.ReportInterval)
	}
	h.report(HoldReport{At: now, Kind: HoldStatusReport, Status: st})
	why := h.judge(&st)
	switch bad := why != ""; {
	case bad && !h.degraded:
		h.sum.Degraded++
		h.report(HoldReport{At: now, Kind: HoldDegraded, Detail: why, Status: st})
	case !bad && h.degraded:
		h.report(HoldReport{At: now, Kind: HoldRecovered, Status: st})
	}
	h.degraded = why != ""
}

// judge says what of an interval is worse than wanted, empty if nothing is.
func (h *holder) judge(st *HoldStatus) string {
	var why []string
	if l := st.Loss(); h.cfg.DegradedLoss > 0 && l > h.cfg.DegradedLoss {
		why = append(why, fmt.Sprintf("%.1f %% of the packets were lost, more than %.1f %%", 100*l, 100*h.cfg.DegradedLoss))
	}
	if st.LCPEcho.Count > 0 && h.cfg.DegradedRTT > 0 {
		if mean := st.LCPEcho.Sum / time.Duration(st.LCPEcho.Count); mean > h.cfg.DegradedRTT {
			why = append(why, fmt.Sprintf("LCP echoes took %s, more than %s", mean.Round(100*time.Microsecond), h.cfg.DegradedRTT))
		}
	}
	return strings.Join(why, "; ")
}

// maxKeptRTTs is how many round trips a result keeps: the last ones.
const maxKeptRTTs = 64

// keepRTT appends d to a list of bounded length.
func keepRTT(list []time.Duration, d time.Duration) []time.Duration {
	if len(list) < maxKeptRTTs {
		return append(list, d)
	}
	copy(list, list[1:])
	list[len(list)-1] = d
	return list
}

// lastRTTs is a copy of the last n of a list, or of all there are.
func lastRTTs(list []time.Duration, n uint64) []time.Duration {
	return slices.Clone(list[len(list)-int(min(n, uint64(len(list)))):])
}
