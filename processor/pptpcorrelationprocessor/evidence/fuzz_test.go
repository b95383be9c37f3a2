package evidence

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// FuzzReader reads whatever OTLP there can be: no panic, and no evidence that the engine calls invalid.
func FuzzReader(f *testing.F) {
	var mm pmetric.ProtoMarshaler
	var lm plog.ProtoMarshaler
	for _, md := range []pmetric.Metrics{
		sessionMetrics(start, "application", "", ""), sessionMetrics(start, "network", "gre.no_reply", "gre"),
		metricsOf(start, ofGateway, append(pool(1, 2), datum{"pptp.sessions", 3, attrs{"pptp.session.state": "up"}})...),
		metricsOf(start, attrs{"pptp.radius.server": "radius-1"}, datum{"radius.check.up", 1, attrs{"radius.method": "pap"}}),
	} {
		b, err := mm.MarshalMetrics(md)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, []byte(nil))
	}
	ld := plog.NewLogs()
	sessionEvent(ld, "pptp.session.failed", start, 1, "pptp.depth", "network", "error.type", "gre.no_reply", "pptp.stage", "gre")
	sessionEvent(ld, "pptp.session.failed", start, 1, "pptp.log.program", "pptpd", "error.type", "lcp.timeout", "client.address", "a")
	sessionEvent(ld, "pptp.session.closed", start, 1, "pptp.log.program", "pptpd", "pptp.session.outcome", "established")
	sessionEvent(ld, "pptp.log.daemon_start", start, 1, "pptp.log.program", "pptpd")
	b, err := lm.MarshalLogs(ld)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(nil), b)

	f.Fuzz(func(t *testing.T, metrics, logs []byte) {
		r := newReader(t, Config{Gateways: testGateways, MaxSeries: 64, MaxSessions: 16, Regular: []Regular{{Signal: "log.activity", After: time.Minute}}})
		engine, err := health.New(health.Config{Gateways: HealthGateways(testGateways), Learn: true, MaxGateways: 16})
		if err != nil {
			t.Fatal(err)
		}
		now := start
		observe := func(ev *health.Evidence) {
			switch o := engine.Observe(now, ev); o {
			case health.UnknownSignal, health.UnknownValue:
				t.Fatalf("%s: %+v", o, ev)
			case health.Invalid:
				if len(ev.Gateway) <= 256 && len(ev.Vantage) <= 256 {
					t.Fatalf("%s: %+v", o, ev)
				}
			default:
			}
		}
		var mu pmetric.ProtoUnmarshaler
		var lu plog.ProtoUnmarshaler
		md, errM := mu.UnmarshalMetrics(metrics)
		ld, errL := lu.UnmarshalLogs(logs)
		for range 3 {
			if errM == nil {
				r.WantsMetrics(md)
				r.Metrics(now, md, observe)
			}
			if errL == nil {
				r.WantsLogs(ld)
				r.Logs(now, ld, observe)
			}
			r.Tick(now, observe)
			engine.Evaluate(now)
			now = now.Add(time.Minute)
		}
		if s := r.Stats(); s.Series > 64 || s.Sessions > 16 || s.Streams > 16*StreamsPerSession || s.Windows > 48 {
			t.Fatalf("a table grew beyond its bound: %+v", s)
		}
	})
}
