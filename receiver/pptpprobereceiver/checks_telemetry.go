package pptpprobereceiver

import (
	"net/http"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// observeCheck adds the times of one check to the histograms.
func (t *targetMetrics) observeCheck(c *pptpprobe.CheckResult) {
	hs := &t.histograms
	good := series{check: c.Check.Name}
	all := good // the same, with the error
	if c.Failure != nil {
		all.errorType = string(causeOf(c.Failure))
	}
	switch {
	case c.Ping != nil:
		for _, d := range c.Ping.RTTs {
			hs.observe(tunnelICMPRTT, good, d)
		}
	case c.HTTP != nil:
		if c.HTTP.Connect > 0 {
			hs.observe(tunnelTCPDuration, good, c.HTTP.Connect)
		}
		hs.observe(tunnelHTTPDuration, all, c.Duration)
	case c.Throughput != nil:
		if c.Throughput.Connect > 0 {
			hs.observe(tunnelTCPDuration, good, c.Throughput.Connect)
		}
	case c.TCP != nil && c.TCP.Connect > 0:
		hs.observe(tunnelTCPDuration, good, c.TCP.Connect)
	case c.TCP != nil:
		hs.observe(tunnelTCPDuration, all, c.Duration)
	case c.DNS != nil:
		for i := range c.DNS.Servers {
			observeDNS(hs, c, &c.DNS.Servers[i])
		}
	}
}

// observeDNS adds one lookup: what an answer took, or else what waiting for one did.
func observeDNS(hs *histograms, c *pptpprobe.CheckResult, s *pptpprobe.DNSServerResult) {
	se, took := series{check: c.Check.Name}, s.Latency
	if s.Failure != nil {
		se.errorType = string(causeOf(s.Failure))
	}
	if s.RCode == "" {
		took = c.Duration
	}
	hs.observe(tunnelDNSDuration, se, took)
}

// recordCheck records the gauges of one check.
func (m *metricsMaker) recordCheck(c *pptpprobe.CheckResult, ts pcommon.Timestamp) {
	name := c.Check.Name
	if p := c.Ping; p != nil && p.Sent > 0 {
		m.mb.RecordPptpTunnelIcmpLossDataPoint(ts, p.Loss(), name)
		if p.Received > 1 {
			m.mb.RecordPptpTunnelIcmpJitterDataPoint(ts, p.Jitter.Seconds(), name)
		}
	}
	if x := c.Throughput; x != nil && c.Failure == nil {
		m.mb.RecordPptpTunnelThroughputDataPoint(ts, x.Rate(), name, ioDirection(x.Direction))
	}
	if x := c.MTU; x != nil && pathKnown(c) {
		m.mb.RecordPptpTunnelMtuDataPoint(ts, int64(x.Path), metadata.AttributePptpMtuKindPath, metadata.WithPptpMtuCheckMetricAttribute(name))
	}
}

// pathKnown says whether a check found out what the path carries. It did so too
// when it failed because that is not enough.
func pathKnown(c *pptpprobe.CheckResult) bool {
	return c.MTU.Path > 0 && (c.Failure == nil || c.Failure.Cause == pptpprobe.CauseAppMTUBlackhole)
}

func ioDirection(d pptpprobe.Direction) metadata.AttributeNetworkIoDirection {
	if d == pptpprobe.Upload {
		return metadata.AttributeNetworkIoDirectionTransmit
	}
	return metadata.AttributeNetworkIoDirectionReceive
}

// fillCheck puts on the span of a check what it found.
func (s *session) fillCheck(span ptrace.Span, c *pptpprobe.CheckResult) {
	a := span.Attributes()
	putText(a, "pptp.check", c.Check.Name)
	switch c.Check.Kind {
	case pptpprobe.CheckICMP:
		putPing(a, c)
	case pptpprobe.CheckHTTP:
		if c.HTTP != nil {
			putStatus(a, c.HTTP.Status)
			a.PutInt("http.response.body.size", c.HTTP.Bytes)
		}
		a.PutStr("http.request.method", http.MethodGet)
		putText(a, "url.full", redactURL(c.Check.URL))
	case pptpprobe.CheckThroughput:
		putTransfer(a, c)
	case pptpprobe.CheckTCP:
		putText(a, "pptp.tunnel.tcp.destination", c.Check.Endpoint)
		if c.TCP != nil && c.TCP.Address.IsValid() {
			a.PutStr("network.peer.address", c.TCP.Address.Addr().String())
			a.PutInt("network.peer.port", int64(c.TCP.Address.Port()))
		}
	case pptpprobe.CheckDNS:
		s.putDNS(span, c)
	case pptpprobe.CheckMTU:
		putMTU(a, c)
	case pptpprobe.CheckEcho:
		if c.Echo != nil {
			a.PutInt("pptp.lcp.echo.sent", int64(c.Echo.LCP.Sent))
			a.PutInt("pptp.lcp.echo.received", int64(c.Echo.LCP.Received))
			a.PutInt("pptp.control.echo.sent", int64(c.Echo.Control.Sent))
			a.PutInt("pptp.control.echo.received", int64(c.Echo.Control.Received))
		}
	}
	for i := range c.Warnings {
		s.addWarning(span, &c.Warnings[i])
	}
	if f := c.Failure; f != nil {
		s.putFailure(a, f)
		s.setError(span, f)
	}
}

func putPing(a pcommon.Map, c *pptpprobe.CheckResult) {
	if c.Ping == nil {
		return
	}
	putText(a, "pptp.tunnel.icmp.destination", addrText(c.Check.Address))
	a.PutInt("pptp.tunnel.icmp.sent", int64(c.Ping.Sent))
	a.PutInt("pptp.tunnel.icmp.received", int64(c.Ping.Received))
}

func putStatus(a pcommon.Map, status int) {
	if status != 0 {
		a.PutInt("http.response.status_code", int64(status))
	}
}

func putTransfer(a pcommon.Map, c *pptpprobe.CheckResult) {
	method := http.MethodGet
	if c.Check.Direction == pptpprobe.Upload {
		method = http.MethodPost
	}
	a.PutStr("http.request.method", method)
	putText(a, "url.full", redactURL(c.Check.URL))
	a.PutStr("network.io.direction", ioDirection(c.Check.Direction).String())
	if x := c.Throughput; x != nil {
		putStatus(a, x.Status)
		a.PutInt("pptp.tunnel.throughput.bytes", x.Bytes)
		a.PutDouble("pptp.tunnel.throughput.rate", x.Rate())
		a.PutBool("pptp.tunnel.throughput.complete", x.Complete)
	}
}

// putDNS puts the question on the span, and the answer of each server as an event of it.
func (s *session) putDNS(span ptrace.Span, c *pptpprobe.CheckResult) {
	putText(span.Attributes(), "dns.question.name", c.Check.Query)
	putText(span.Attributes(), "pptp.tunnel.dns.question.type", c.Check.QueryType)
	if c.DNS == nil {
		return
	}
	for i := range c.DNS.Servers {
		x := &c.DNS.Servers[i]
		e := span.Events().AppendEmpty()
		e.SetName("pptp.tunnel.dns.answer")
		e.SetTimestamp(pcommon.NewTimestampFromTime(c.Start.Add(c.Duration)))
		a := e.Attributes()
		putText(a, "pptp.tunnel.dns.server", addrText(x.Server))
		a.PutInt("pptp.tunnel.dns.requests", int64(x.Requests))
		a.PutBool("pptp.tunnel.dns.tcp", x.TCP)
		if x.RCode != "" {
			a.PutStr("pptp.tunnel.dns.rcode", x.RCode)
			a.PutDouble("pptp.tunnel.dns.latency", x.Latency.Seconds())
		}
		if len(x.Answers) > 0 {
			answers := a.PutEmptySlice("dns.answers")
			for _, text := range x.Answers {
				answers.AppendEmpty().SetStr(s.text(text))
			}
		}
		if f := x.Failure; f != nil {
			a.PutStr("error.type", string(causeOf(f)))
			putText(a, "pptp.detail", s.text(f.Detail))
		}
	}
}

func putMTU(a pcommon.Map, c *pptpprobe.CheckResult) {
	x := c.MTU
	if x == nil {
		return
	}
	putText(a, "pptp.tunnel.mtu.destination", addrText(c.Check.Address))
	a.PutInt("pptp.tunnel.mtu.negotiated", int64(x.Negotiated))
	for _, n := range []struct {
		key   string
		value int
	}{{"pptp.tunnel.mtu.path", x.Path}, {"pptp.tunnel.mtu.lost", x.Lost}, {"pptp.tunnel.mtu.refused", x.Refused}} {
		if n.value > 0 {
			a.PutInt(n.key, int64(n.value))
		}
	}
	if x.ICMP != nil {
		a.PutStr("pptp.tunnel.mtu.icmp.source", addrText(x.ICMP.From))
		a.PutInt("pptp.tunnel.mtu.icmp.mtu", int64(x.ICMP.MTU))
	}
	a.PutBool("pptp.tunnel.mtu.complete", x.Complete)
	a.PutInt("pptp.tunnel.icmp.sent", int64(x.Sent))
	a.PutInt("pptp.tunnel.icmp.received", int64(x.Received))
}

// hadProblem says whether the check failed or warned with this cause.
func hadProblem(c *pptpprobe.CheckResult, cause pptpprobe.Cause) bool {
	if c.Failure != nil && c.Failure.Cause == cause {
		return true
	}
	for i := range c.Warnings {
		if c.Warnings[i].Cause == cause {
			return true
		}
	}
	return false
}
