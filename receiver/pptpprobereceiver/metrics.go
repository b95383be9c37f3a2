package pptpprobereceiver

import (
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// metricsMaker turns sessions into metrics. It is safe for concurrent use, as
// long as each target has at most one session at a time.
type metricsMaker struct {
	histograms [histogramCount]bool
	keepUp     bool // the user wants pptp.probe.up

	mu    sync.Mutex // guards mb, which holds one session at a time
	mb    *metadata.MetricsBuilder
	start pcommon.Timestamp
}

func newMetricsMaker(cfg *Config, set receiver.Settings) *metricsMaker {
	mbc := cfg.Metrics
	m := &metricsMaker{histograms: cfg.Histograms.enabled(), keepUp: mbc.Metrics.PptpProbeUp.Enabled}
	// Always recorded, and taken out again if not wanted: so the builder returns
	// nothing only if a filter on the resource says so, and that filter then
	// counts for the histograms too.
	mbc.Metrics.PptpProbeUp.Enabled = true
	m.mb = metadata.NewMetricsBuilder(mbc, set)
	return m
}

// begin sets the start of all cumulative series.
func (m *metricsMaker) begin(start pcommon.Timestamp) {
	m.start = start
	m.mb.Reset(metadata.WithStartTime(start))
}

// failureState is one reason to fail, as pptp.probe.failing reports it.
type failureState struct {
	cause pptpprobe.Cause
	stage pptpprobe.Stage
}

// targetMetrics are the cumulative values of one target. Everything is bounded
// by the closed lists of causes and stages.
type targetMetrics struct {
	attempts     map[pptpprobe.Cause]int64 // by error.type, "" for success
	authFailures map[pptpprobe.Cause]int64
	warnings     map[pptpprobe.Cause]int64
	failing      []failureState // all that were ever seen, in that order
	authSuccess  int64

	txPackets, rxPackets, txBytes, rxBytes int64
	lost, reordered, duplicate             int64
	retransmits                            [len(retransmitting)]int64
	decryptErrors, rekeys, resets          int64
	mtu                                    int64

	held       *heldMetrics // nil: the target is not held
	histograms histograms
}

func newTargetMetrics() *targetMetrics {
	return &targetMetrics{
		attempts:     make(map[pptpprobe.Cause]int64),
		authFailures: make(map[pptpprobe.Cause]int64),
		warnings:     make(map[pptpprobe.Cause]int64),
	}
}

// retransmitting are the stages whose repeated requests are counted.
var retransmitting = [...]struct {
	stage    pptpprobe.Stage
	protocol metadata.AttributePptpProtocol
}{
	{pptpprobe.StageLCP, metadata.AttributePptpProtocolLcp},
	{pptpprobe.StageAuth, metadata.AttributePptpProtocolAuth},
	{pptpprobe.StageCCP, metadata.AttributePptpProtocolCcp},
	{pptpprobe.StageIPCP, metadata.AttributePptpProtocolIpcp},
}

// add counts one session.
func (t *targetMetrics) add(s *session) {
	r := s.result
	var cause pptpprobe.Cause
	if f := r.Failure; f != nil {
		cause = causeOf(f)
		if st := (failureState{cause, f.Stage}); !slices.Contains(t.failing, st) {
			t.failing = append(t.failing, st)
		}
		if f.Stage == pptpprobe.StageAuth {
			t.authFailures[cause]++
		}
	}
	t.attempts[cause]++
	if r.AuthOK {
		t.authSuccess++
	}
	for i := range r.Warnings {
		t.warnings[r.Warnings[i].Cause]++
	}
	t.addGRE(&r.GRE)
	for i, p := range retransmitting {
		if st, ok := r.Stage(p.stage); ok {
			t.retransmits[i] += int64(st.Retransmits)
		}
	}
	e := encryptionOf(r)
	t.decryptErrors += int64(e.errors)
	t.rekeys += int64(e.rekeys)
	t.resets += int64(e.resets)
	if s.agreed.lcp {
		t.mtu = int64(s.agreed.mtu)
	}
	t.observe(r, string(cause))
}

// addGRE counts packets.
func (t *targetMetrics) addGRE(g *gre.Stats) {
	t.txPackets += int64(g.Tx.Packets)
	t.rxPackets += int64(g.Rx.Packets)
	t.txBytes += int64(g.Tx.Bytes)
	t.rxBytes += int64(g.Rx.Bytes)
	t.lost += int64(g.RxLost)
	t.reordered += int64(g.RxReordered)
	t.duplicate += int64(g.RxDuplicate)
}

// observe adds the times of one session to the histograms.
func (t *targetMetrics) observe(r *pptpprobe.Result, cause string) {
	hs := &t.histograms
	hs.observe(probeDuration, series{errorType: cause}, r.Duration)
	for i := range r.Stages {
		st := &r.Stages[i]
		if st.Outcome == pptpprobe.OutcomeSkipped {
			continue
		}
		var failed string
		if r.Failure != nil && r.Failure.Stage == st.Stage {
			failed = cause
		}
		hs.observe(stageDuration, series{stage: string(st.Stage), errorType: failed}, st.Duration)
		if st.Stage == pptpprobe.StageAuth {
			hs.observe(authDuration, series{errorType: failed}, st.Duration)
		}
	}
	if r.Connect > 0 {
		hs.observe(connectDuration, series{}, r.Connect)
	}
	if rtt := r.GRE.AckRTT; rtt.Count > 0 {
		hs.observe(greAckRTT, series{}, rtt.Sum/time.Duration(rtt.Count))
	}
	for _, d := range r.ControlEchoRTTs {
		hs.observe(controlEchoRTT, series{}, d)
	}
	for _, d := range r.LCPEchoRTTs {
		hs.observe(lcpEchoRTT, series{}, d)
	}
	for i := range r.Checks {
		t.observeCheck(&r.Checks[i])
	}
}

// make returns the metrics of the target after session s. They are empty if the
// user wants none of them.
func (m *metricsMaker) make(s *session, ex *exemplar) pmetric.Metrics {
	s.target.metrics.add(s)
	return m.emit(s, ex)
}

// emit returns the metrics of the target as they are; the gauges are those of s.
func (m *metricsMaker) emit(s *session, ex *exemplar) pmetric.Metrics {
	t := s.target.metrics
	ts := pcommon.NewTimestampFromTime(s.end())

	m.mu.Lock()
	m.record(s, ts)
	out := m.mb.Emit(metadata.WithResource(s.target.resource))
	m.mu.Unlock()
	if out.ResourceMetrics().Len() == 0 {
		return out
	}
	list := out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	if !m.keepUp {
		list.RemoveIf(func(x pmetric.Metric) bool { return x.Name() == metadata.MetricsInfo.PptpProbeUp.Name })
	}
	t.histograms.appendTo(list, &m.histograms, m.start, ts, ex)
	if list.Len() == 0 {
		return pmetric.NewMetrics()
	}
	return out
}

func (m *metricsMaker) record(s *session, ts pcommon.Timestamp) {
	t, r, depth := s.target.metrics, s.result, s.target.probe.Depth
	m.mb.RecordPptpProbeUpDataPoint(ts, state(r.OK()))
	for _, c := range slices.Sorted(maps.Keys(t.attempts)) {
		m.mb.RecordPptpProbeAttemptsDataPoint(ts, t.attempts[c], errorType(c)...)
	}
	for _, f := range t.failing {
		now := r.Failure != nil && causeOf(r.Failure) == f.cause && r.Failure.Stage == f.stage
		m.mb.RecordPptpProbeFailingDataPoint(ts, state(now), metadata.WithErrorTypeMetricAttribute(string(f.cause)),
			metadata.WithPptpStageMetricAttribute(string(f.stage)))
	}
	m.recordHeld(t.held, ts)
	for _, c := range slices.Sorted(maps.Keys(t.warnings)) {
		m.mb.RecordPptpProbeWarningsDataPoint(ts, t.warnings[c], string(c))
	}
	if depth >= pptpprobe.DepthGRE {
		m.recordGRE(s, ts)
		for i, p := range retransmitting {
			m.mb.RecordPptpLcpRetransmitsDataPoint(ts, t.retransmits[i], p.protocol)
		}
		if t.mtu > 0 {
			m.mb.RecordPptpTunnelMtuDataPoint(ts, t.mtu, metadata.AttributePptpMtuKindNegotiated)
		}
	}
	if depth >= pptpprobe.DepthAuth {
		m.mb.RecordPptpAuthSuccessDataPoint(ts, t.authSuccess)
		for _, c := range slices.Sorted(maps.Keys(t.authFailures)) {
			m.mb.RecordPptpAuthFailuresDataPoint(ts, t.authFailures[c], errorType(c)...)
		}
	}
	if depth >= pptpprobe.DepthNetwork {
		m.mb.RecordPptpMppeDecryptErrorsDataPoint(ts, t.decryptErrors)
		m.mb.RecordPptpMppeRekeysDataPoint(ts, t.rekeys)
		m.mb.RecordPptpCcpResetsDataPoint(ts, t.resets)
	}
	for i := range r.Checks {
		m.recordCheck(&r.Checks[i], ts)
	}
}

func (m *metricsMaker) recordGRE(s *session, ts pcommon.Timestamp) {
	t, g := s.target.metrics, &s.result.GRE
	m.mb.RecordPptpGreDataOkDataPoint(ts, state(s.result.DataOK))
	m.mb.RecordPptpGrePacketsDataPoint(ts, t.txPackets, metadata.AttributeNetworkIoDirectionTransmit)
	m.mb.RecordPptpGrePacketsDataPoint(ts, t.rxPackets, metadata.AttributeNetworkIoDirectionReceive)
	m.mb.RecordPptpGreIoDataPoint(ts, t.txBytes, metadata.AttributeNetworkIoDirectionTransmit)
	m.mb.RecordPptpGreIoDataPoint(ts, t.rxBytes, metadata.AttributeNetworkIoDirectionReceive)
	m.mb.RecordPptpGrePacketLostDataPoint(ts, t.lost)
	m.mb.RecordPptpGrePacketReorderedDataPoint(ts, t.reordered)
	m.mb.RecordPptpGrePacketDuplicateDataPoint(ts, t.duplicate)
	if g.Rx.Packets+g.RxLost > 0 {
		m.mb.RecordPptpGrePacketLossDataPoint(ts, float64(g.RxLost)/float64(g.Rx.Packets+g.RxLost))
	}
}

// errorType is the attribute of a failure, none for the empty cause.
func errorType(c pptpprobe.Cause) []metadata.MetricAttributeOption {
	if c == "" {
		return nil
	}
	return []metadata.MetricAttributeOption{metadata.WithErrorTypeMetricAttribute(string(c))}
}

// state is 1 for true.
func state(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
