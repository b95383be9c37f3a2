package pptpcorrelationprocessor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"

	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// errClosed: the pipeline has ended.
var errClosed = errors.New("the pipeline has ended")

// outlet is the way out of one pipeline. What is pushed never overtakes its end: after close
// returned nothing is passed on any more.
type outlet struct {
	ctx    context.Context // of what is being passed on
	cancel context.CancelFunc

	mu     sync.Mutex // held while something is
	closed atomic.Bool
}

func newOutlet() outlet {
	ctx, cancel := context.WithCancel(context.Background())
	return outlet{ctx: ctx, cancel: cancel}
}

func (o *outlet) push(send func(context.Context) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed.Load() {
		return errClosed
	}
	return send(o.ctx)
}

// close ends what is being passed on, and waits for it.
func (o *outlet) close() {
	o.closed.Store(true)
	o.cancel()
	o.mu.Lock() // whoever had it is done
	defer o.mu.Unlock()
}

type metricsOutlet struct {
	outlet
	next consumer.Metrics
}

type logsOutlet struct {
	outlet
	next consumer.Logs
}

func (c *correlator) addMetrics(set processor.Settings, next consumer.Metrics) *metricsOutlet {
	c.outletsMu.Lock()
	defer c.outletsMu.Unlock()
	if c.maker == nil {
		c.maker = newMetricsMaker(c, metadata.NewMetricsBuilder(c.cfg.Metrics, set))
	}
	o := &metricsOutlet{outlet: newOutlet(), next: next}
	c.metricsOutlets = append(c.metricsOutlets, o)
	return o
}

func (c *correlator) addLogs(next consumer.Logs) *logsOutlet {
	c.outletsMu.Lock()
	defer c.outletsMu.Unlock()
	o := &logsOutlet{outlet: newOutlet(), next: next}
	c.logsOutlets = append(c.logsOutlets, o)
	return o
}

// pushMetrics passes metrics on to all pipelines. The callee owns what it gets.
func (c *correlator) pushMetrics(md pmetric.Metrics) error {
	var errs []error
	open := c.openMetrics()
	for i, o := range open {
		mine := md
		if i < len(open)-1 {
			mine = pmetric.NewMetrics()
			md.CopyTo(mine)
		}
		errs = append(errs, o.push(func(ctx context.Context) error { return o.next.ConsumeMetrics(ctx, mine) }))
	}
	return errors.Join(errs...)
}

// pushLogs passes a copy of events on to all pipelines. There is an error only if none took them: what
// one has taken must not come again.
func (c *correlator) pushLogs(ld plog.Logs) error {
	var errs []error
	taken := false
	for _, o := range c.openLogs() {
		mine := plog.NewLogs()
		ld.CopyTo(mine)
		if err := o.push(func(ctx context.Context) error { return o.next.ConsumeLogs(ctx, mine) }); err != nil {
			errs = append(errs, err)
			continue
		}
		taken = true
	}
	if taken {
		return nil
	}
	return errors.Join(append(errs, errNoOutlet)...)
}

// errNoOutlet: nobody takes events.
var errNoOutlet = errors.New("no logs pipeline took the events")

func (c *correlator) openMetrics() (out []*metricsOutlet) {
	c.outletsMu.Lock()
	defer c.outletsMu.Unlock()
	for _, o := range c.metricsOutlets {
		if !o.closed.Load() {
			out = append(out, o)
		}
	}
	return out
}

func (c *correlator) openLogs() (out []*logsOutlet) {
	c.outletsMu.Lock()
	defer c.outletsMu.Unlock()
	for _, o := range c.logsOutlets {
		if !o.closed.Load() {
			out = append(out, o)
		}
	}
	return out
}
