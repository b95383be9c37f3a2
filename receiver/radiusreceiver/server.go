package radiusreceiver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// server is one at run time. All but resting belongs to the goroutine that checks it.
type server struct {
	name, where string // where: host:port, with the name if it says more
	username    string // empty if it is not to be told
	cfg         radiuscheck.Config
	checker     checker
	interval    time.Duration
	start       time.Time
	resource    pcommon.Resource
	resting     atomic.Bool

	checks    []*check // in the order in which they first came
	durations histograms
	totals    freeradius.Totals
	restarted bool                       // since the round before
	unread    map[radiuscheck.Cause]bool // why its statistics could not be read: still, or no more
}

// finding is what one round found.
type finding struct {
	at            time.Time
	results       []radiuscheck.Result
	statistics    *freeradius.Statistics
	statisticsErr error
}

// outcome says whether the server passed in any way. It is not known of a round in which
// nobody was asked, as logins rest after a rejection.
func (f *finding) outcome() (known bool, err error) {
	for i := range f.results {
		r := &f.results[i]
		if r.OK() {
			return true, nil
		}
		err = fmt.Errorf("%s: %s", r.Failure.Cause, r.Failure.Detail)
	}
	if len(f.results) == 0 {
		return f.statistics != nil || f.statisticsErr != nil, f.statisticsErr
	}
	return true, err
}

// check is what is remembered of one way of asking.
type check struct {
	method  radiuscheck.Method
	signing radiuscheck.Signing

	ok          bool
	attempts    map[string]int64 // by outcome
	causes      map[radiuscheck.Cause]bool
	retransmits int64
	replies     exchange.Counts
	keys, asked bool // of MPPE: right; ever told

	failed time.Time         // when it first failed; zero: it passed
	cause  radiuscheck.Cause // of the last failure, or of the warning that lasts
	warned radiuscheck.Cause
}

// told is one result on its way out.
type told struct {
	check  *check
	result *radiuscheck.Result

	traceID pcommon.TraceID
	spanID  pcommon.SpanID

	newWarning bool
	recovered  radiuscheck.Cause // what it has recovered from
	outage     time.Duration
}

func (r *radiusReceiver) newServer(c *ServerConfig, start time.Time) (*server, error) {
	cfg := c.checker()
	// One account may be behind several servers, each of which would reject it.
	cfg.RejectedInterval = r.cfg.RejectedInterval * time.Duration(r.sharing(c))
	// What the interval leaves is for the other addresses of a name.
	interval := c.interval(r.cfg)
	cfg.Spare = max(0, interval-cfg.Longest()-time.Duration(r.cfg.Jitter*float64(interval)))
	ck, err := r.dial(cfg)
	if err != nil {
		return nil, err
	}
	s := &server{name: c.displayName(), cfg: cfg, checker: ck, interval: interval, start: start, unread: make(map[radiuscheck.Cause]bool)}
	if r.cfg.IncludeUsername {
		s.username = cfg.Username
	}
	s.where = c.Endpoint
	if s.name != c.Endpoint {
		s.where = s.name + " (" + c.Endpoint + ")"
	}
	rb := metadata.NewResourceBuilder(r.cfg.Metrics.ResourceAttributes)
	rb.SetPptpRadiusServer(s.name)
	if c.GatewayID != "" {
		rb.SetPptpGatewayID(c.GatewayID)
	}
	rb.SetServerAddress(cfg.Host)
	rb.SetServerPort(int64(cfg.Port))
	s.resource = r.finish(rb, s.name)
	return s, nil
}

// finish sets what all resources have.
func (r *radiusReceiver) finish(rb *metadata.ResourceBuilder, name string) pcommon.Resource {
	id := name + "@" + r.id.String()
	if r.cfg.Vantage != "" {
		rb.SetPptpVantage(r.cfg.Vantage)
		id += "@" + r.cfg.Vantage
	}
	rb.SetServiceNameRadius()
	rb.SetServiceInstanceID(id)
	return rb.Emit()
}

// sharing is how many servers are logged in to with the same account, one at least.
func (r *radiusReceiver) sharing(c *ServerConfig) (n int) {
	for i := range r.cfg.Servers {
		if o := &r.cfg.Servers[i].Check; o.Username == c.Check.Username && slices.ContainsFunc(o.Methods, logsIn) {
			n++
		}
	}
	return max(1, n)
}

func logsIn(method string) bool { return radiuscheck.Method(method).UsesPassword() }

// add counts a round. What follows is the same for all signals.
func (s *server) add(f *finding, random func() uint64) []told {
	list := make([]told, 0, len(f.results))
	for i := range f.results {
		r := &f.results[i]
		c := s.check(r)
		t := told{check: c, result: r}
		for t.traceID.IsEmpty() {
			binary.BigEndian.PutUint64(t.traceID[:8], random())
			binary.BigEndian.PutUint64(t.traceID[8:], random())
		}
		for t.spanID.IsEmpty() {
			binary.BigEndian.PutUint64(t.spanID[:], random())
		}
		c.add(r, &t)
		s.durations.add(r, &t)
		list = append(list, t)
	}
	s.restarted = f.statistics != nil && s.totals.Add(f.statistics)
	for known := range s.unread {
		s.unread[known] = false
	}
	if f.statisticsErr != nil {
		s.unread[unread(f.statisticsErr)] = true
	}
	return list
}

// unread is why statistics could not be read.
func unread(err error) radiuscheck.Cause {
	var silent *radiuscheck.StatisticsError
	if errors.As(err, &silent) {
		return silent.Cause
	}
	return radiuscheck.Unsupported // there is an answer, without them
}

func (s *server) check(r *radiuscheck.Result) *check {
	for _, c := range s.checks {
		if c.method == r.Method && c.signing == r.Signing {
			return c
		}
	}
	c := &check{
		method: r.Method, signing: r.Signing,
		attempts: make(map[string]int64), causes: make(map[radiuscheck.Cause]bool),
	}
	s.checks = append(s.checks, c)
	return c
}

func (c *check) add(r *radiuscheck.Result, t *told) {
	c.ok = r.OK()
	c.retransmits += int64(r.Retransmissions)
	for k, n := range r.Replies {
		c.replies[k] += n
	}
	if r.HasKeys {
		c.asked, c.keys = true, r.Keys
	}
	var now radiuscheck.Cause
	switch {
	case r.Failure != nil:
		now = r.Failure.Cause
	case r.Warning != nil:
		now = r.Warning.Cause
	}
	c.attempts[outcome(now)]++
	for known := range c.causes {
		c.causes[known] = false
	}
	if r.Failure != nil && r.Warning != nil { // it failed and was slow
		c.causes[r.Warning.Cause] = true
	}
	if now != "" {
		c.causes[now] = true
	}
	at := r.Start.Add(r.Total)
	switch {
	case r.Failure != nil && c.failed.IsZero():
		c.failed = at
	case r.Failure == nil && !c.failed.IsZero():
		t.recovered, t.outage = c.cause, at.Sub(c.failed)
		c.failed = time.Time{}
	}
	if r.Failure != nil {
		c.cause = now
	}
	var warning radiuscheck.Cause
	if r.Warning != nil {
		warning = r.Warning.Cause
	}
	t.newWarning = warning != "" && warning != c.warned
	c.warned = warning
}

// outcome is the last part of a cause.
func outcome(c radiuscheck.Cause) string {
	if c == "" {
		return "ok"
	}
	return strings.TrimPrefix(string(c), "radius.")
}
