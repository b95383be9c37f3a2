package main

import (
	"encoding/json"
	"io"
	"math"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// seconds is a duration, to the microsecond.
type seconds float64

func inSeconds(d time.Duration) seconds { return seconds(math.Round(d.Seconds()*1e6) / 1e6) }

// writeJSON writes the report.
func (s *session) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s.report())
}

func (s *session) report() *report {
	r := s.res
	out := &report{
		Schema: schemaVersion, Verdict: s.verdict(),
		Target: reportTarget{Host: s.clean(s.target.Host), Port: s.target.Port, Depth: s.target.Depth.String()},
		Start:  r.Start.UTC(), Duration: inSeconds(r.Duration),
		Local: valid(r.LocalAddr), Peer: valid(r.PeerAddr),
		Stages: []reportStage{}, Failure: s.failure(r.Failure), Warnings: []reportWarning{}, Checks: []reportCheck{},
		Negotiated: s.agreement(),
		RoundTrips: reportRTTs{ControlEcho: allSeconds(r.ControlEchoRTTs), LCPEcho: allSeconds(r.LCPEchoRTTs)},
	}
	if s.target.Depth >= pptpprobe.DepthAuth {
		out.Target.User = known(s.clean(s.target.Username))
	}
	if r.Connect > 0 {
		out.Connect = known(inSeconds(r.Connect))
	}
	for _, st := range r.Stages {
		out.Stages = append(out.Stages, reportStage{
			Stage: string(st.Stage), Outcome: string(st.Outcome), Offset: inSeconds(st.Start.Sub(r.Start)), Duration: inSeconds(st.Duration),
			Attempts: st.Attempts, Retransmits: st.Retransmits,
		})
	}
	for _, x := range r.Warnings {
		i, _ := x.Cause.Info()
		out.Warnings = append(out.Warnings, reportWarning{
			Stage: string(x.Stage), Cause: string(x.Cause), Severity: string(i.Severity), Detail: s.clean(x.Detail), Hint: known(s.clean(x.Hint)),
		})
	}
	out.Capture = known(r.CapturePath)
	for i := range r.Checks {
		out.Checks = append(out.Checks, s.reportCheck(&r.Checks[i]))
	}
	if r.CallConnected {
		out.Call = &reportCall{ID: r.CallID, PeerID: r.PeerCallID}
	}
	if v := r.Server; v != (pptpprobe.Server{}) {
		out.Server = &reportServer{Vendor: s.clean(v.Vendor), HostName: s.clean(v.HostName), Firmware: v.Firmware, Identification: known(s.clean(r.Identification))}
	}
	if g := &r.GRE; g.Tx.Packets+g.Rx.Packets > 0 {
		out.GRE = &reportGRE{
			Sent: g.Tx.Packets, Received: g.Rx.Packets, Lost: g.RxLost, Late: g.RxLate,
			Reordered: g.RxReordered, Duplicated: g.RxDuplicate, Malformed: g.RxMalformed,
		}
		if g.AckRTT.Count > 0 {
			out.RoundTrips.GREAck = known(inSeconds(g.AckRTT.Min))
		}
	}
	return out
}

func (s *session) failure(f *pptpprobe.Failure) *reportFailure {
	if f == nil {
		return nil
	}
	i, _ := f.Cause.Info()
	hint := f.Hint
	if s.interrupted { // nobody should raise the time-out for that
		hint = ""
	}
	out := &reportFailure{
		Stage: string(f.Stage), Cause: known(string(f.Cause)), Detail: s.clean(f.Detail), Likely: known(i.RootCause), Hint: known(s.clean(hint)),
		MSCHAPError: known(f.MSCHAPError), MSCHAPMessage: known(s.clean(f.MSCHAPMessage)),
		RASError: known(int(f.RAS)), TerminateReason: known(s.clean(f.TerminateReason)),
	}
	if f.ResultCode >= 0 {
		out.ResultCode = &f.ResultCode
	}
	if f.ErrorCode >= 0 {
		out.ErrorCode = &f.ErrorCode
	}
	if m := f.ICMP; m != nil {
		out.ICMP = &reportICMP{Type: m.Type, Code: m.Code, From: valid(m.From), MTU: known(m.MTU)}
	}
	return out
}

func (s *session) reportCheck(c *pptpprobe.CheckResult) reportCheck {
	out := reportCheck{
		Type: c.Check.Kind.String(), Name: s.clean(c.Check.Name),
		Offset: inSeconds(c.Start.Sub(s.res.Start)), Duration: inSeconds(c.Duration), Failure: s.failure(c.Failure),
	}
	if p := c.Ping; p != nil {
		out.Ping = &reportPing{
			Sent: p.Sent, Received: p.Received, Loss: math.Round(p.Loss()*1e4) / 1e4, RTTs: allSeconds(p.RTTs), Jitter: inSeconds(p.Jitter),
		}
	}
	if h := c.HTTP; h != nil {
		out.HTTP = &reportHTTP{Status: known(h.Status), Bytes: h.Bytes, Connect: known(inSeconds(h.Connect)), FirstByte: known(inSeconds(h.FirstByte))}
	}
	if t := c.TCP; t != nil {
		out.TCP = &reportTCP{Address: t.Address, Lookup: known(inSeconds(t.Lookup)), Connect: known(inSeconds(t.Connect))}
	}
	if d := c.DNS; d != nil {
		out.DNS = []reportDNS{}
		for i := range d.Servers {
			sv := &d.Servers[i]
			answers := []string{}
			for _, a := range sv.Answers {
				answers = append(answers, s.clean(a))
			}
			out.DNS = append(out.DNS, reportDNS{
				Server: sv.Server, RCode: known(s.clean(sv.RCode)), Answers: answers, Latency: known(inSeconds(sv.Latency)), TCP: sv.TCP, Failure: s.failure(sv.Failure),
			})
		}
	}
	if t := c.Throughput; t != nil {
		out.Throughput = &reportThroughput{
			Direction: t.Direction.String(), Status: known(t.Status), Bytes: t.Bytes, Elapsed: inSeconds(t.Elapsed), Rate: math.Round(t.Rate()), Complete: t.Complete,
		}
	}
	if m := c.MTU; m != nil {
		out.MTU = &reportMTU{Negotiated: m.Negotiated, Path: known(m.Path), Lost: known(m.Lost), Refused: known(m.Refused), Complete: m.Complete}
	}
	if e := c.Echo; e != nil {
		out.Echo = &reportEcho{LCP: reportedEchoes(&e.LCP), Control: reportedEchoes(&e.Control)}
	}
	return out
}

func reportedEchoes(e *pptpprobe.EchoStats) reportEchoes {
	return reportEchoes{Sent: e.Sent, Received: e.Received, RTTs: allSeconds(e.RTTs)}
}

func (s *session) agreement() agreement {
	n := &s.res.Negotiated
	a := agreement{
		AuthOffered: []string{}, Authenticated: s.res.AuthOK,
		Address: valid(n.LocalIP), PeerAddress: valid(n.PeerIP),
		DNS: append([]netip.Addr{}, n.DNS...), WINS: append([]netip.Addr{}, n.NBNS...),
	}
	for _, o := range n.AuthOffered {
		a.AuthOffered = append(a.AuthOffered, s.clean(o))
	}
	if s.passed(pptpprobe.StageLCP) {
		a.MRU, a.PeerMRU = &n.MRU, &n.PeerMRU
	}
	if n.Auth != 0 {
		a.Auth = known(n.Auth.String())
	}
	if st, ok := s.res.Stage(pptpprobe.StageCCP); ok && st.Outcome != pptpprobe.OutcomeFailed {
		bits := int(n.MPPE)
		a.MPPEBits = &bits
		if bits > 0 {
			a.MPPEMode = known(mppeMode(n.Stateless))
		}
	}
	return a
}

// known returns nil for the zero value, which stands for what is not known.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func valid(a netip.Addr) *netip.Addr {
	if !a.IsValid() {
		return nil
	}
	return &a
}

func allSeconds(l []time.Duration) []seconds {
	out := make([]seconds, len(l))
	for i, d := range l {
		out[i] = inSeconds(d)
	}
	return out
}
