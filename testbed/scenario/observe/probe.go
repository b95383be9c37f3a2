package observe

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// Probe is a pptp_probe: one vantage, one target.
type Probe struct {
	Vantage  *world.Vantage
	Gateway  *world.Gateway
	Interval time.Duration
	Offset   time.Duration
	// Data is whether it looks through the tunnel, and Large with packets of full size.
	Data, Large bool
	// Patience is its budget for LCP, AuthPatience that for authentication.
	Patience, AuthPatience time.Duration

	attempts, warnings map[string]int
	failing            map[string]string // stage of error.type
	accepted           int
	connect, auth      histogram
	due                *finished
	last               pmetric.Metrics // of a session whose credentials were refused
	rests              time.Time       // until when
}

// finished is a session whose result is told when it has ended.
type finished struct {
	at  time.Time
	out world.Outcome
}

// Limits of the receiver from which on a success is degraded.
const (
	slowConnect = time.Second
	slowAuth    = 5 * time.Second
	maxGRELoss  = 0.1
	pings       = 10
	maxPings    = 2 // that may be lost of them
)

// Look runs a session when it is time to, and tells its result when it is over.
func (p *Probe) Look(w *world.World, to *Telemetry) {
	if p.attempts == nil {
		p.attempts, p.warnings, p.failing = make(map[string]int), make(map[string]int), make(map[string]string)
	}
	turn := w.Now.Add(p.Offset).Truncate(p.Interval).After(w.Now.Add(p.Offset - world.Step))
	if turn && w.Now.Before(p.rests) {
		p.repeat(w, to)
		return
	}
	if p.due == nil && turn {
		out := w.Call(p.Gateway, &world.Caller{
			Addr: p.Vantage.Addr, User: "probe", Way: p.Vantage.Out, Password: w.ProbePassword, Probe: true,
			Patience: p.Patience, AuthPatience: p.AuthPatience,
		})
		p.due = &finished{at: w.Now.Add(out.Took), out: out}
	}
	if p.due == nil || p.due.at.After(w.Now) || w.Blind {
		return
	}
	n := to.Metrics.ResourceMetrics().Len()
	p.tell(w, to, p.due)
	if p.due.out.Error == "auth.rejected" {
		p.rests, p.last = w.Now.Add(rejectedInterval), pmetric.NewMetrics()
		to.Metrics.ResourceMetrics().At(n).CopyTo(p.last.ResourceMetrics().AppendEmpty())
	}
	p.due = nil
}

// rejectedInterval is how long the receiver does not log in again with credentials that were refused. Meanwhile it repeats
// the last metrics.
const rejectedInterval = 5 * time.Minute

func (p *Probe) repeat(w *world.World, to *Telemetry) {
	if w.Blind {
		return
	}
	now := pcommon.NewTimestampFromTime(w.Now)
	r := to.Metrics.ResourceMetrics().AppendEmpty()
	p.last.ResourceMetrics().At(0).CopyTo(r)
	list := r.ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		switch m := list.At(i); m.Type() {
		case pmetric.MetricTypeSum:
			stamp(m.Sum().DataPoints(), now)
		case pmetric.MetricTypeGauge:
			stamp(m.Gauge().DataPoints(), now)
		case pmetric.MetricTypeHistogram:
			for j := range m.Histogram().DataPoints().Len() {
				m.Histogram().DataPoints().At(j).SetTimestamp(now)
			}
		default:
		}
	}
}

func stamp(points pmetric.NumberDataPointSlice, now pcommon.Timestamp) {
	for i := range points.Len() {
		points.At(i).SetTimestamp(now)
	}
}

func (p *Probe) resource() []string {
	return []string{"service.name", "pptp", "pptp.gateway.id", p.Gateway.ID, "pptp.vantage", p.Vantage.Name,
		"pptp.target", p.Gateway.ID, "server.address", p.Gateway.Addr.String()}
}

func (p *Probe) tell(w *world.World, to *Telemetry, f *finished) {
	failure, stage := p.failure(w, &f.out)
	p.attempts[failure]++
	m := to.metrics(w.Now, p.resource()...)
	up := 0.0
	e := to.events(p.resource()...)
	trace := [16]byte{1, byte(w.Rand.IntN(256)), byte(w.Rand.IntN(256)), byte(w.Rand.IntN(256))}
	if failure == "" {
		up = 1
		for _, name := range []string{"pptp.session.established", "pptp.session.closed"} {
			e.event(name, w.Now, "pptp.depth", p.depth()).SetTraceID(trace)
		}
	} else {
		p.failing[failure] = stage
		r := e.event("pptp.session.failed", w.Now, "error.type", failure, "pptp.stage", stage, "pptp.depth", p.depth())
		r.SetTraceID(trace)
		r.Attributes().PutDouble("pptp.session.duration", f.out.Took.Seconds())
	}
	m.state("pptp.probe.up", up)
	for _, cause := range keys(p.failing) {
		now := 0.0
		if cause == failure {
			now = 1
		}
		m.state("pptp.probe.failing", now, "error.type", cause, "pptp.stage", p.failing[cause])
	}
	for _, cause := range keys(p.attempts) {
		m.count("pptp.probe.attempts", float64(p.attempts[cause]), "error.type", cause)
	}
	got := 0.0
	if f.out.GotGRE {
		got = 1
	}
	m.state("pptp.gre.data.ok", got)
	if f.out.AuthTook > 0 && f.out.Stage != "auth" {
		p.accepted++
		p.auth.add(f.out.AuthTook)
	}
	m.count("pptp.auth.success", float64(p.accepted))
	m.count("pptp.mppe.decrypt.errors", 0)
	m.histogram("pptp.auth.duration", p.auth)
	if failure == "" {
		p.connect.add(f.out.Took)
		p.quality(w, m, e, trace, &f.out)
	}
	m.histogram("pptp.connect.duration", p.connect)
	for _, cause := range keys(p.warnings) {
		m.count("pptp.probe.warnings", float64(p.warnings[cause]), "pptp.warning", cause)
	}
}

func (p *Probe) depth() string {
	if p.Data {
		return "application"
	}
	return "network"
}

// failure is what stops the session, with the checks that this probe makes, and the stage that it says.
func (p *Probe) failure(w *world.World, out *world.Outcome) (cause, stage string) {
	switch {
	case out.Error == "mppe.key_mismatch" && !p.Data:
		return "", ""
	case out.Error == "hold.control_lost" && !p.Large:
		return "", ""
	case out.Error != "":
		return out.Error, stageOf(out)
	case p.Data && out.Loss > 0.99:
		if w.Rand.IntN(2) == 0 || p.Gateway.Errors > 0 {
			return "app.peer_unreachable", "app"
		}
		return "app.beyond_unreachable", "app"
	case p.Large && !out.Large:
		return "app.mtu_blackhole", "app"
	}
	return "", ""
}

// stageOf is the stage of pptp_probe in which the call failed.
func stageOf(out *world.Outcome) string {
	switch out.Error {
	case "gre.tx_lost", "auth.protocol_refused":
		return "lcp"
	case "ppp.server_daemon_failed":
		return "gre"
	case "mppe.key_mismatch":
		return "app"
	}
	stage, _, _ := strings.Cut(out.Error, ".")
	if stage == "mppe" {
		return "ccp"
	}
	return stage
}

// quality is what is measured of a session that works.
func (p *Probe) quality(w *world.World, m metrics, e events, trace pcommon.TraceID, out *world.Outcome) {
	warn := func(cause string) {
		p.warnings[cause]++
		e.event("pptp.quality.degraded", w.Now, "error.type", cause, "pptp.depth", p.depth()).SetTraceID(trace)
	}
	if out.RTT > slowConnect {
		warn("tcp.connect_slow")
	}
	if out.AuthTook > slowAuth {
		warn("auth.slow")
	}
	if !p.Data {
		return
	}
	lost := 0
	for range pings {
		if w.Rand.Float64() < out.Loss {
			lost++
		}
	}
	m.gauge("pptp.tunnel.icmp.loss", float64(lost)/pings, "pptp.check", "icmp")
	if lost > maxPings {
		warn("app.icmp_loss")
	}
	if out.Loss > maxGRELoss && p.Gateway.Forwarding == 0 {
		warn("gre.loss")
	}
}
