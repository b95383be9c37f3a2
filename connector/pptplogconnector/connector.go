package pptplogconnector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/internal/shared"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// tick is how often time passes for sessions.
const tick = time.Second

// node is what the collector sees of the connector for one signal.
type node struct {
	*shared.Component[*logConnector]
	consume consumer.ConsumeLogsFunc
}

var _ connector.Logs = (*node)(nil)

// Capabilities implements [consumer.Logs].
func (*node) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements [consumer.Logs].
func (n *node) ConsumeLogs(ctx context.Context, ld plog.Logs) error { return n.consume(ctx, ld) }

// logConnector feeds one engine with lines, and both signals with what it finds.
type logConnector struct {
	id        component.ID
	version   string
	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry

	// Set before Start; nil if the signal is not wired.
	logs    consumer.Logs
	metrics *metricsMaker

	mu      sync.Mutex // guards what follows
	engine  *pptplog.Engine
	hosts   *hosts
	events  *eventsMaker
	current current
	pending pending

	push sync.Mutex // is held while events are passed on: they keep their order

	stop     context.CancelFunc // ends the ticker; nil before Start
	stopPush context.CancelFunc // ends what is being passed on
	done     chan struct{}      // closed when the ticker has ended
}

func newLogConnector(set connector.Settings, cfg *Config) (*logConnector, error) {
	lines, err := cfg.parser()
	if err != nil {
		return nil, err
	}
	c := &logConnector{id: set.ID, version: set.BuildInfo.Version, cfg: cfg, logger: set.Logger, hosts: newHosts(cfg, set.ID)}
	c.events = newEventsMaker(cfg)
	c.engine, err = pptplog.New(pptplog.Config{
		Line: lines,
		Session: session.Config{
			MaxSessions: cfg.MaxSessions, MaxHosts: cfg.MaxHosts + 1, TTL: cfg.SessionTTL, Linger: cfg.Linger,
			OnSession: c.onSession, OnGateway: c.onGateway,
		},
		OnEvent: c.onEvent,
	})
	if err != nil {
		return nil, err
	}
	c.hosts.forget = c.engine.Forget
	if c.telemetry, err = newTelemetry(set); err != nil {
		return nil, err
	}
	return c, c.telemetry.observe(c)
}

// Start implements [component.Component].
func (c *logConnector) Start(context.Context, component.Host) error {
	ctx, stop := context.WithCancel(context.Background())
	pushCtx, stopPush := context.WithCancel(context.Background())
	c.stop, c.stopPush, c.done = stop, stopPush, make(chan struct{})
	go c.run(ctx, pushCtx)
	return nil
}

// run lets time pass until ctx is done.
func (c *logConnector) run(ctx, pushCtx context.Context) {
	defer close(c.done)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	report := time.NewTicker(c.cfg.Interval)
	defer report.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			c.mu.Lock()
			c.engine.Tick(now)
			c.mu.Unlock()
			if err := c.passOn(pushCtx); err != nil {
				c.logger.Debug("Events wait for the next component", zap.Error(err))
			}
		case now := <-report.C:
			c.report(pushCtx, now)
		}
	}
}

// Shutdown implements [component.Component]. Sessions whose end has been read are
// told, and metrics are reported once more. By the time of the first node's Shutdown, no
// line comes any more, and what is downstream of both nodes still takes data.
func (c *logConnector) Shutdown(ctx context.Context) error {
	defer c.telemetry.shutdown()
	if c.stop == nil {
		return nil
	}
	c.stop()
	stopped := context.AfterFunc(ctx, c.stopPush)
	defer stopped()
	defer c.stopPush()
	select {
	case <-c.done:
	case <-ctx.Done():
		return fmt.Errorf("waiting for events that are being passed on: %w", ctx.Err())
	}
	c.mu.Lock()
	c.engine.Tick(time.Now())
	c.engine.Flush()
	c.mu.Unlock()
	c.report(ctx, time.Now())
	if err := c.passOn(ctx); err != nil {
		c.logger.Warn("Events are lost that the next component did not take", zap.Int("events", c.pending.n), zap.Error(err))
	}
	return nil
}

// consumeForMetrics takes lines in if there is no node for logs: with both, each line
// comes twice.
func (c *logConnector) consumeForMetrics(ctx context.Context, ld plog.Logs) error {
	if c.logs != nil {
		return nil
	}
	return c.consume(ctx, ld)
}

// consume takes lines in, and passes events on. While the next component does not take
// what there is already, no more is taken in, and the sender is told to try again: its
// lines have not been seen then, so that it cannot happen to any twice.
func (c *logConnector) consume(ctx context.Context, ld plog.Logs) error {
	if err := c.passOn(ctx); err != nil {
		return err
	}
	now := time.Now()
	c.mu.Lock()
	c.read(now, ld)
	c.engine.Tick(now)
	c.mu.Unlock()
	if err := c.passOn(ctx); err != nil {
		c.logger.Debug("Events wait for the next component", zap.Error(err)) // and so will the next lines
	}
	return nil
}

// report passes the metrics on.
func (c *logConnector) report(ctx context.Context, now time.Time) {
	m := c.metrics
	if m == nil {
		return
	}
	c.mu.Lock()
	md := m.make(now, c.hosts)
	c.mu.Unlock()
	if md.DataPointCount() == 0 {
		return
	}
	if err := m.next.ConsumeMetrics(ctx, md); err != nil {
		c.logger.Warn("The pipeline did not accept metrics", zap.Error(err)) // the next report has them
	}
}
