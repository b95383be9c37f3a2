package pptpprobereceiver

import (
	"sort"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// bounds are the upper limits of the buckets in seconds: those of the semantic
// conventions for HTTP, and 20, 30 and 60 for the slow timers of this protocol.
var bounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 30, 60}

// histogramID names a histogram. They are made by hand, because the generator of
// the other metrics has none.
type histogramID uint8

const (
	authDuration histogramID = iota
	connectDuration
	controlEchoRTT
	greAckRTT
	lcpEchoRTT
	probeDuration
	stageDuration
	tunnelDNSDuration
	tunnelHTTPDuration
	tunnelICMPRTT
	tunnelTCPDuration
	histogramCount
)

// histogramInfos describe the histograms. The README repeats this.
var histogramInfos = [histogramCount]struct{ name, description string }{
	authDuration:       {"pptp.auth.duration", "Duration of the authentication."},
	connectDuration:    {"pptp.connect.duration", "Time from the start of a session until IPCP was up."},
	controlEchoRTT:     {"pptp.control.echo.rtt", "Round trip of Echo-Requests on the control connection."},
	greAckRTT:          {"pptp.gre.ack.rtt", "Mean time of a session until the gateway acknowledged a GRE packet."},
	lcpEchoRTT:         {"pptp.lcp.echo.rtt", "Round trip of LCP Echo-Requests."},
	probeDuration:      {"pptp.probe.duration", "Duration of sessions with their teardown."},
	stageDuration:      {"pptp.probe.stage.duration", "Duration of the stages of sessions."},
	tunnelDNSDuration:  {"pptp.tunnel.dns.lookup.duration", "Duration of DNS lookups through the tunnel, one for each server."},
	tunnelHTTPDuration: {"pptp.tunnel.http.duration", "Duration of HTTP requests through the tunnel."},
	tunnelICMPRTT:      {"pptp.tunnel.icmp.rtt", "Round trip of ICMP echo requests through the tunnel."},
	tunnelTCPDuration:  {"pptp.tunnel.tcp.connect.duration", "Duration of TCP handshakes through the tunnel."},
}

// enabled says which histograms the user wants.
func (c *HistogramsConfig) enabled() [histogramCount]bool {
	return [histogramCount]bool{
		authDuration:       c.AuthDuration.Enabled,
		connectDuration:    c.ConnectDuration.Enabled,
		controlEchoRTT:     c.ControlEchoRTT.Enabled,
		greAckRTT:          c.GREAckRTT.Enabled,
		lcpEchoRTT:         c.LCPEchoRTT.Enabled,
		probeDuration:      c.ProbeDuration.Enabled,
		stageDuration:      c.StageDuration.Enabled,
		tunnelDNSDuration:  c.TunnelDNSDuration.Enabled,
		tunnelHTTPDuration: c.TunnelHTTPDuration.Enabled,
		tunnelICMPRTT:      c.TunnelICMPRTT.Enabled,
		tunnelTCPDuration:  c.TunnelTCPDuration.Enabled,
	}
}

// series are the attributes of one line of a histogram; empty ones are absent.
type series struct{ stage, errorType, check string }

// histogram is one cumulative series.
type histogram struct {
	series series
	count  uint64
	sum    float64
	counts []uint64

	// The value of the last session, if it contributed one, for the exemplar.
	last  float64
	fresh bool
}

func (h *histogram) observe(d time.Duration) {
	v := d.Seconds()
	h.count++
	h.sum += v
	h.counts[sort.SearchFloat64s(bounds, v)]++
	h.last, h.fresh = v, true
}

// histograms are those of one target. The number of series is bounded by the
// closed lists of stages and causes, and by the configured checks.
type histograms [histogramCount][]*histogram

func (hs *histograms) observe(id histogramID, s series, d time.Duration) {
	for _, h := range hs[id] {
		if h.series == s {
			h.observe(d)
			return
		}
	}
	h := &histogram{series: s, counts: make([]uint64, len(bounds)+1)}
	h.observe(d)
	hs[id] = append(hs[id], h)
}

// exemplar joins a point to the trace of the session that changed it.
type exemplar struct {
	traceID pcommon.TraceID
	spanID  pcommon.SpanID
}

// appendTo appends what is enabled. With an exemplar, the series that the last
// session changed carry it.
func (hs *histograms) appendTo(out pmetric.MetricSlice, enabled *[histogramCount]bool, start, ts pcommon.Timestamp, ex *exemplar) {
	for id := range hs {
		if !enabled[id] || len(hs[id]) == 0 {
			continue
		}
		m := out.AppendEmpty()
		m.SetName(histogramInfos[id].name)
		m.SetDescription(histogramInfos[id].description)
		m.SetUnit("s")
		hist := m.SetEmptyHistogram()
		hist.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		hist.DataPoints().EnsureCapacity(len(hs[id]))
		for _, h := range hs[id] {
			dp := hist.DataPoints().AppendEmpty()
			dp.SetStartTimestamp(start)
			dp.SetTimestamp(ts)
			dp.SetCount(h.count)
			dp.SetSum(h.sum)
			dp.ExplicitBounds().FromRaw(bounds)
			dp.BucketCounts().FromRaw(h.counts)
			putText(dp.Attributes(), "pptp.stage", h.series.stage)
			putText(dp.Attributes(), "pptp.check", h.series.check)
			putText(dp.Attributes(), "error.type", h.series.errorType)
			if h.fresh && ex != nil {
				e := dp.Exemplars().AppendEmpty()
				e.SetTimestamp(ts)
				e.SetDoubleValue(h.last)
				e.SetTraceID(ex.traceID)
				e.SetSpanID(ex.spanID)
			}
			h.fresh = false
		}
	}
}

// putText sets an attribute unless it is empty.
func putText(m pcommon.Map, key, value string) {
	if value != "" {
		m.PutStr(key, value)
	}
}
