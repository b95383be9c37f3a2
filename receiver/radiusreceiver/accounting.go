package radiusreceiver

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// accountant listens to accounting, and tells of it: of metrics at every interval, of
// events as they come.
type accountant struct {
	cfg       *Config
	out       *outlet
	telemetry *telemetry
	user      *privacy.Teller
	client    *privacy.Teller
	resource  pcommon.Resource
	start     time.Time
	server    *accounting.Server

	events chan event // from the tracker's callbacks, which must not wait

	mu    sync.Mutex // guards the rest
	until time.Time  // when the second ends
	left  int        // events that may still come in it
}

func (r *radiusReceiver) newAccountant(ctx context.Context, start time.Time) (*accountant, error) {
	key := privacy.Key(r.cfg.Accounting.HashKey)
	a := &accountant{
		cfg: r.cfg, out: &r.out, telemetry: r.telemetry, start: start,
		user: privacy.New(r.cfg.Accounting.UserName, key), client: privacy.New(r.cfg.Accounting.ClientAddress, key),
		events: make(chan event, r.cfg.Accounting.MaxEvents),
	}
	config := r.cfg.Accounting.tracker()
	if r.out.logs != nil {
		config.OnAnomaly, config.OnRestart, config.OnNoisy = a.anomaly, a.restart, a.noisy
	}
	tracker, err := accounting.New(config)
	if err != nil {
		return nil, err
	}
	if a.server, err = accounting.Listen(ctx, r.cfg.Accounting.listener(), tracker); err != nil {
		return nil, err
	}
	rb := metadata.NewResourceBuilder(r.cfg.Metrics.ResourceAttributes)
	if name := r.cfg.Accounting.Server; name != "" {
		rb.SetPptpRadiusServer(name)
	}
	addr := a.server.Addr()
	rb.SetServerAddress(addr.Addr().String())
	rb.SetServerPort(int64(addr.Port()))
	a.resource = r.finish(rb, "accounting")
	return a, nil
}

// close ends the listener. A nil accountant has none.
func (a *accountant) close() error {
	if a == nil {
		return nil
	}
	return a.server.Close()
}

// run tells until ctx is done.
func (a *accountant) run(ctx context.Context) {
	ticker := time.NewTicker(a.cfg.CollectionInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			for len(a.events) > 0 { // the listener is closed, so there will be no more
				a.push(<-a.events)
			}
			return
		case now := <-ticker.C:
			a.report(now)
		case e := <-a.events:
			a.push(e)
		}
	}
}

func (a *accountant) push(e event) { a.out.pushLogs(a.out.logs.render(a.resource, []event{e})) }

// offer takes an event, if there is room for it.
func (a *accountant) offer(e event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !e.at.Before(a.until) {
		a.until, a.left = e.at.Add(time.Second), a.cfg.Accounting.MaxEvents
	}
	if a.left > 0 {
		select {
		case a.events <- e:
			a.left--
			return
		default:
		}
	}
	a.telemetry.eventDropped()
}

// report passes the metrics on.
func (a *accountant) report(now time.Time) {
	if m := a.out.metrics; m != nil {
		a.out.pushMetrics(m.accounting(a, now))
	}
}

// accounting returns the metrics of the listener.
func (m *metricsMaker) accounting(a *accountant, now time.Time) pmetric.Metrics {
	ts := timestamp(now)
	var stats accounting.Stats
	var list []accounting.NASStats
	a.server.Do(func(t *accounting.Tracker) {
		stats = t.Stats()
		t.EachNAS(func(n *accounting.NASStats) bool {
			list = append(list, *n)
			return true
		})
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, name := range nasNames(list) {
		m.mb.Reset(metadata.WithStartTime(timestamp(list[i].Since))) // one that was forgotten counts from zero
		m.nas(&list[i], name, ts)
	}
	m.mb.Reset(metadata.WithStartTime(timestamp(a.start)))
	for kind, name := range accounting.Kinds() {
		m.mb.RecordRadiusAccountingAnomaliesDataPoint(ts, int64(stats.Anomalies[kind]), name)
	}
	for o, n := range stats.Outcomes {
		m.mb.RecordRadiusAccountingPacketsDataPoint(ts, int64(n), accounting.Outcome(o).String())
	}
	s := a.server.Stats()
	for _, d := range []struct {
		why string
		n   uint64
	}{
		{"unknown_client", s.UnknownClient}, {"malformed", s.Malformed}, {"bad_authenticator", s.BadAuthenticator}, {"unsupported", s.Unsupported},
		{"status_server", s.StatusServer},
	} {
		m.mb.RecordRadiusAccountingPacketsDataPoint(ts, int64(d.n), d.why)
	}
	return m.mb.Emit(metadata.WithResource(a.resource))
}

// nasNames are the attribute of each NAS: its name, with its address where several have
// the same, as two points of one series would be one too many.
func nasNames(list []accounting.NASStats) []string {
	out, count := make([]string, len(list)), make(map[string]int)
	for i := range list {
		out[i] = strings.ToValidUTF8(list[i].NAS.String(), "\uFFFD")
		count[out[i]]++
	}
	for i := range list {
		if count[out[i]] > 1 {
			out[i] += " (" + list[i].NAS.Address.String() + ")"
		}
	}
	return out
}

func (m *metricsMaker) nas(n *accounting.NASStats, name string, ts pcommon.Timestamp) {
	m.mb.RecordRadiusAccountingSessionsDataPoint(ts, int64(n.Active), name)
	for i, status := range accounting.RecordStatuses {
		m.mb.RecordRadiusAccountingRecordsDataPoint(ts, int64(n.Records[i]), metadata.MapAttributeRadiusAccountingStatus[status.String()], name)
	}
	m.mb.RecordRadiusAccountingDuplicatesDataPoint(ts, int64(n.Duplicate), name)
	for c, count := range n.Stops {
		if count > 0 {
			m.mb.RecordRadiusAccountingStopsDataPoint(ts, int64(count), name, accounting.Cause(c).String())
		}
	}
	m.mb.RecordRadiusAccountingIoDataPoint(ts, int64(n.BytesIn), metadata.AttributeNetworkIoDirectionReceive, name)
	m.mb.RecordRadiusAccountingIoDataPoint(ts, int64(n.BytesOut), metadata.AttributeNetworkIoDirectionTransmit, name)
}

// table is one of the tracker.
type table struct {
	name           string
	entries, limit int
	evicted        uint64
}

func (a *accountant) tables() []table {
	var s accounting.Stats
	a.server.Do(func(t *accounting.Tracker) { s = t.Stats() })
	return []table{
		{"sessions", s.Sessions, s.MaxSessions, s.SessionsEvicted},
		{"nas", s.NAS, s.MaxNAS, 0}, // records of more are refused
		{"recent", s.Recent, s.MaxRecent, s.RecentEvicted},
		{"talkers", s.Talkers, s.MaxTalkers, s.TalkersEvicted},
	}
}
