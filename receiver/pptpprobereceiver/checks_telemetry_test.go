package pptpprobereceiver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

func checkWarning(c pptpprobe.Cause, ms int) []pptpprobe.Warning {
	return []pptpprobe.Warning{{Stage: pptpprobe.StageApp, Cause: c, Detail: "not so good", Hint: "look", At: at(ms)}}
}

func checkFailure(c pptpprobe.Cause, detail string) *pptpprobe.Failure {
	return &pptpprobe.Failure{Stage: pptpprobe.StageApp, Cause: c, Detail: detail, Hint: "do something", ResultCode: -1, ErrorCode: -1}
}

// checksResult is a session whose checks all passed, some of them with a warning.
func checksResult() *pptpprobe.Result {
	r := goodResult()
	r.Warnings = nil
	ms := time.Millisecond
	server, other := netip.MustParseAddr("10.0.0.53"), netip.MustParseAddr("10.0.0.54")
	r.Checks = []pptpprobe.CheckResult{
		{
			Check: pptpprobe.Check{Kind: pptpprobe.CheckICMP, Name: "icmp gateway", Address: netip.MustParseAddr("10.0.0.1")},
			Ping:  &pptpprobe.PingResult{Sent: 2, Received: 1, RTTs: []time.Duration{21 * ms}}, Warnings: checkWarning(pptpprobe.CauseAppICMPLoss, 450),
		},
		{
			Check: pptpprobe.Check{Kind: pptpprobe.CheckTCP, Name: "ssh", Endpoint: "intranet.example.com:22"},
			TCP:   &pptpprobe.TCPResult{Address: netip.MustParseAddrPort("10.1.0.9:22"), Lookup: 20 * ms, Connect: 30 * ms},
		},
		{
			Check: pptpprobe.Check{Kind: pptpprobe.CheckDNS, Name: "names", Query: "intranet.example.com", QueryType: "A"},
			DNS: &pptpprobe.DNSResult{Servers: []pptpprobe.DNSServerResult{
				{Server: server, RCode: "NOERROR", Answers: []string{"10.1.0.9"}, Latency: 25 * ms, Requests: 1},
				{Server: other, RCode: "NOERROR", Answers: []string{"10.1.0.9", "says " + thePassword}, Latency: 60 * ms, Requests: 2, TCP: true},
			}},
		},
		{
			Check:      pptpprobe.Check{Kind: pptpprobe.CheckThroughput, Name: "down", URL: "http://user:" + thePassword + "@intranet.example.com/big"},
			Throughput: &pptpprobe.ThroughputResult{Status: 200, Bytes: 1 << 20, Elapsed: 4 * time.Second, Connect: 24 * ms, Complete: true},
		},
		{
			Check:      pptpprobe.Check{Kind: pptpprobe.CheckThroughput, Name: "up", URL: "http://intranet.example.com/sink", Direction: pptpprobe.Upload},
			Throughput: &pptpprobe.ThroughputResult{Direction: pptpprobe.Upload, Status: 200, Bytes: 1 << 19, Elapsed: 4 * time.Second, Connect: 24 * ms},
			Warnings:   checkWarning(pptpprobe.CauseAppThroughputLow, 900),
		},
		{
			Check: pptpprobe.Check{Kind: pptpprobe.CheckMTU, Name: "mtu gateway", Address: netip.MustParseAddr("10.0.0.1")},
			MTU: &pptpprobe.MTUResult{Negotiated: 1396, Path: 1280, Refused: 1281, Sent: 20, Received: 12, Complete: true,
				ICMP: &pptpprobe.ICMPError{Type: 3, Code: 4, From: netip.MustParseAddr("10.0.0.254"), MTU: 1280}},
			Warnings: checkWarning(pptpprobe.CauseAppMTULow, 950),
		},
		{
			Check: pptpprobe.Check{Kind: pptpprobe.CheckMTU, Name: "mtu intranet", Address: netip.MustParseAddr("10.1.0.9")},
			MTU:   &pptpprobe.MTUResult{Negotiated: 1396, Path: 1396, Sent: 9, Received: 9, Complete: true},
		},
		{
			Check: pptpprobe.Check{Kind: pptpprobe.CheckEcho, Name: "echo"},
			Echo: &pptpprobe.EchoResult{LCP: pptpprobe.EchoStats{Sent: 3, Received: 3, RTTs: []time.Duration{20 * ms, 21 * ms, 22 * ms}},
				Control: pptpprobe.EchoStats{Sent: 3, Received: 3, RTTs: []time.Duration{19 * ms, 19 * ms, 19 * ms}}},
		},
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		c.Start, c.Duration = at(400+100*i), 100*ms
		r.Warnings = append(r.Warnings, c.Warnings...)
	}
	return r
}

// failedChecksResult is the same session on a bad day.
func failedChecksResult() *pptpprobe.Result {
	r := checksResult()
	r.Warnings = nil
	for i := range r.Checks {
		r.Checks[i].Warnings = nil
	}
	c := r.Checks
	c[1].TCP = &pptpprobe.TCPResult{Address: netip.MustParseAddrPort("10.1.0.9:22")}
	c[1].Failure = checkFailure(pptpprobe.CauseAppTCPTimeout, "no TCP connection")
	c[2].Failure = checkFailure(pptpprobe.CauseAppDNSTimeout, "10.0.0.54 did not answer")
	c[2].DNS.Servers[1] = pptpprobe.DNSServerResult{Server: c[2].DNS.Servers[1].Server, Requests: 2, Failure: c[2].Failure}
	c[3].Failure = checkFailure(pptpprobe.CauseAppHTTPTimeout, "the download stopped")
	c[3].Throughput = &pptpprobe.ThroughputResult{}
	c[4].Failure = checkFailure(pptpprobe.CauseAppHTTPStatus, "status 500")
	c[5].Failure = checkFailure(pptpprobe.CauseAppMTUBlackhole, "packets get lost")
	c[5].MTU = &pptpprobe.MTUResult{Negotiated: 1396, Path: 1280, Lost: 1281, Sent: 60, Received: 20, Complete: true}
	c[6].Failure = checkFailure(pptpprobe.CauseAppBeyondUnreachable, "nothing there")
	c[6].MTU = &pptpprobe.MTUResult{Negotiated: 1396, Sent: 8}
	c[7].Failure = checkFailure(pptpprobe.CauseLCPEchoTimeout, "no answer")
	c[7].Echo = &pptpprobe.EchoResult{LCP: pptpprobe.EchoStats{Sent: 3}, Control: pptpprobe.EchoStats{Sent: 1}}
	r.Failure = c[1].Failure
	r.Stages[9].Outcome = pptpprobe.OutcomeFailed
	return r
}

// A check that could not even begin has no result of its own.
func TestChecksWithoutResults(t *testing.T) {
	r := checksResult()
	for i := range r.Checks {
		c := &r.Checks[i]
		*c = pptpprobe.CheckResult{Check: c.Check, Start: c.Start, Failure: checkFailure(pptpprobe.CauseLocalDeadline, "no time")}
	}
	r.Failure = r.Checks[0].Failure
	b := newBench(t, nil)
	b.run(r)
	spans := b.lastTraces().ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	assert.Equal(t, 1+10+len(r.Checks), spans.Len())
	metrics := b.lastMetrics().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range metrics.Len() {
		assert.NotContains(t, metrics.At(i).Name(), "pptp.tunnel.throughput")
	}
}

// The event of a failure, and that of a warning, lead to the check that had it.
func TestEventsOfChecksNameTheirSpan(t *testing.T) {
	b := newBench(t, nil)
	b.run(checksResult(), failedChecksResult())
	spans := map[pcommon.SpanID]string{}
	for _, traces := range b.sinks.traces.AllTraces() {
		list := traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range list.Len() {
			spans[list.At(i).SpanID()] = list.At(i).Name()
		}
	}
	found := map[string]string{}
	for _, logs := range b.sinks.logs.AllLogs() {
		list := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		for i := range list.Len() {
			if cause, ok := list.At(i).Attributes().Get("error.type"); ok {
				found[cause.Str()] = spans[list.At(i).SpanID()]
				if list.At(i).EventName() == "pptp.quality.degraded" {
					assert.Equal(t, plog.SeverityNumberWarn, list.At(i).SeverityNumber())
				}
			}
		}
	}
	require.Equal(t, map[string]string{
		"app.icmp_loss": "pptp.app.icmp", "app.throughput_low": "pptp.app.throughput", "app.mtu_low": "pptp.app.mtu",
		"app.tcp_timeout": "pptp.app.tcp",
	}, found)
}
