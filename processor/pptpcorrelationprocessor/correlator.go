package pptpcorrelationprocessor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/evidence"
)

// correlator is what all pipelines of one configuration share: the reader of evidence, the engine, and a
// goroutine that evaluates.
//
//	passing metrics, logs ──▶ reader ──▶ engine ──every interval──▶ storage ──▶ metrics and logs pipelines
type correlator struct {
	id        component.ID
	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	index     *inventory.Index
	pipelines int // guarded by the factory

	outletsMu      sync.Mutex
	metricsOutlets []*metricsOutlet
	logsOutlets    []*logsOutlet
	maker          *metricsMaker

	startOnce sync.Once
	startErr  error
	stop      context.CancelFunc // nil before start
	done      chan struct{}
	store     store

	mu      sync.Mutex // guards what follows
	engine  *health.Engine
	reader  *evidence.Reader
	observe func(*health.Evidence)
	now     time.Time
	events  []plog.Logs     // of the evaluation that runs
	changed map[string]bool // gateways that the evaluation changed
	windows map[string]bool // of the file, that the engine was told

	file windowFile // the ticker's

	pendingMu sync.Mutex
	pending   []plog.Logs // events that wait for the logs pipeline, oldest first

	waitingCount atomic.Int64 // how many these are

	verdicts verdicts
}

func newCorrelator(set processor.Settings, cfg *Config) (*correlator, error) {
	book, err := cfg.codebook()
	if err != nil {
		return nil, err
	}
	c := &correlator{
		id: set.ID, cfg: cfg, logger: set.Logger, index: inventory.NewIndex(cfg.Gateways),
		changed: make(map[string]bool), windows: make(map[string]bool), file: windowFile{path: cfg.Maintenance.File},
	}
	c.verdicts.byID = make(map[string]shown)
	if c.reader, err = evidence.NewReader(cfg.reader(book, set.TelemetrySettings)); err != nil {
		return nil, err
	}
	hc, err := cfg.health(book)
	if err != nil {
		return nil, err
	}
	hc.OnEvent = c.onEvent
	if c.engine, err = health.New(hc); err != nil {
		return nil, err
	}
	if c.telemetry, err = newTelemetry(set, c); err != nil {
		return nil, err
	}
	c.observe = func(ev *health.Evidence) { c.engine.Observe(c.now, ev) }
	return c, nil
}

// start begins with the first pipeline; all get its error.
func (c *correlator) start(ctx context.Context, host component.Host) error {
	c.startOnce.Do(func() { c.startErr = c.begin(ctx, host) })
	return c.startErr
}

func (c *correlator) begin(ctx context.Context, host component.Host) error {
	if err := c.open(ctx, host); err != nil {
		return err
	}
	switch {
	case len(c.openLogs()) == 0:
		c.logger.Info("No logs pipeline has this processor: no event tells of verdicts and incidents, and no event is evidence")
	case len(c.openMetrics()) == 0:
		c.logger.Info("No metrics pipeline has this processor: no metric tells of verdicts, and no metric is evidence")
	}
	run, stop := context.WithCancel(context.Background())
	c.stop, c.done = stop, make(chan struct{})
	go func() {
		defer close(c.done)
		c.run(run)
	}()
	return nil
}

// shutdown ends the evaluations, and keeps what a restart must not lose.
func (c *correlator) shutdown(ctx context.Context) error {
	defer c.telemetry.shutdown()
	if c.stop == nil {
		return c.store.close(ctx)
	}
	c.stop()
	select {
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.save(ctx)
	return c.store.close(ctx)
}

// processMetrics reads evidence out of metrics, which pass.
func (c *correlator) processMetrics(_ context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	if c.reader.WantsMetrics(md) {
		c.mu.Lock()
		c.now = time.Now()
		c.reader.Metrics(c.now, md, c.observe)
		c.mu.Unlock()
	}
	if c.cfg.Annotate.Enabled {
		for i := range md.ResourceMetrics().Len() {
			c.annotate(md.ResourceMetrics().At(i).Resource().Attributes())
		}
	}
	return md, nil
}

// processLogs reads evidence out of log records, which pass.
func (c *correlator) processLogs(_ context.Context, ld plog.Logs) (plog.Logs, error) {
	if c.reader.WantsLogs(ld) {
		c.mu.Lock()
		c.now = time.Now()
		c.reader.Logs(c.now, ld, c.observe)
		c.mu.Unlock()
	}
	if c.cfg.Annotate.Enabled {
		for i := range ld.ResourceLogs().Len() {
			c.annotate(ld.ResourceLogs().At(i).Resource().Attributes())
		}
	}
	return ld, nil
}

// run evaluates every interval until ctx ends.
func (c *correlator) run(ctx context.Context) {
	t := time.NewTicker(c.cfg.Interval)
	defer t.Stop()
	var reported, saved time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		c.readWindows()
		all := now.Sub(reported) >= c.cfg.MetricsInterval || now.Before(reported)
		found := c.evaluate(now, all)
		if all {
			reported = now
		}
		if len(found.events) > 0 || now.Sub(saved) >= c.cfg.SaveInterval || now.Before(saved) {
			// Before anything is told: see store.
			c.queue(found.events)
			c.save(ctx)
			saved = now
		}
		c.tell(ctx, now, &found)
	}
}

// found is what an evaluation leaves to be told.
type found struct {
	events   []plog.Logs
	verdicts []verdict
}

// verdict is what is told of a gateway in metrics.
type verdict struct {
	health.Verdict
	ages map[health.Source]time.Duration
}

// evaluate makes the verdicts; all or those that changed are to be told in metrics.
func (c *correlator) evaluate(now time.Time, all bool) (out found) {
	c.mu.Lock()
	defer c.mu.Unlock()
	begin := time.Now()
	c.now = now
	c.reader.Tick(now, c.observe)
	c.engine.Evaluate(now)
	c.telemetry.evaluated(time.Since(begin))
	out.events, c.events = c.events, nil
	if len(c.openMetrics()) > 0 {
		add := func(v health.Verdict) bool {
			ages := c.engine.EvidenceAge(v.Gateway, now)
			if c.cfg.ExpectAll || len(ages) > 0 || v.IncidentID != "" {
				out.verdicts = append(out.verdicts, verdict{v, ages})
			}
			return true
		}
		if all {
			c.engine.Verdicts(add)
			c.maker.forget(now)
		} else {
			for id := range c.changed {
				if v, ok := c.engine.Verdict(id); ok {
					add(v)
				}
			}
		}
	}
	if all {
		c.verdicts.forget(c.engine)
	}
	clear(c.changed)
	return out
}

// onEvent takes an event from the engine, while it evaluates.
func (c *correlator) onEvent(ev *health.Event) {
	c.events = append(c.events, c.event(ev))
	if v := ev.Verdict; v != nil {
		c.changed[v.Gateway] = true
		c.verdicts.set(v)
	}
}

// tell passes on what was found, and the events that wait.
func (c *correlator) tell(ctx context.Context, now time.Time, f *found) {
	if len(f.verdicts) > 0 {
		if md := c.maker.make(now, f.verdicts); md.DataPointCount() > 0 {
			if err := c.pushMetrics(md); err != nil && ctx.Err() == nil {
				c.telemetry.failed(failedSend)
				c.logger.Warn("A metrics pipeline did not take the verdicts; they come again", zap.Error(err))
			}
		}
	}
	if c.flush() {
		c.forgetTold(ctx)
	}
}

// readWindows takes up the file of maintenance windows if it changed. Windows of a file that cannot be
// read stay as they are.
func (c *correlator) readWindows() {
	list, ok, err := c.file.changed()
	if err != nil {
		c.telemetry.failed(failedLoad)
		c.logger.Warn("The file of maintenance windows cannot be used; windows stay as they are", zap.Error(err))
	}
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := c.windows
	c.windows = make(map[string]bool, len(list))
	for _, w := range list {
		if err := c.engine.AddWindow(w); err != nil {
			c.logger.Warn("A maintenance window of the file does not count", zap.Error(err))
			continue
		}
		c.windows[w.Name] = true
		delete(gone, w.Name)
	}
	for name := range gone {
		c.engine.RemoveWindow(name)
	}
}
