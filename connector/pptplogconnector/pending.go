package pptplogconnector

import (
	"context"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// pending holds events until the next component has taken them.
type pending struct {
	ld   plog.Logs
	n    int
	last *source // whose resource is the last one
	init bool
}

// add returns the record of a new event of a source.
func (p *pending) add(s *source, scope, version string) plog.LogRecord {
	if !p.init {
		p.ld, p.init = plog.NewLogs(), true
	}
	if p.last != s {
		p.last = s
		rl := p.ld.ResourceLogs().AppendEmpty()
		s.resource.CopyTo(rl.Resource())
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(scope)
		sl.Scope().SetVersion(version)
	}
	p.n++
	rl := p.ld.ResourceLogs().At(p.ld.ResourceLogs().Len() - 1)
	return rl.ScopeLogs().At(0).LogRecords().AppendEmpty()
}

// take empties it.
func (p *pending) take() (ld plog.Logs, n int) {
	ld, n = p.ld, p.n
	*p = pending{}
	return ld, n
}

// giveBack puts events in front of those that came since.
func (p *pending) giveBack(ld plog.Logs, n int) {
	if p.init {
		p.ld.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
		n += p.n
	}
	*p = pending{ld: ld, n: n, init: true}
}

// passOn gives events to the next component. The error is that of one that does not take
// any now: the events are kept.
func (c *logConnector) passOn(ctx context.Context) error {
	c.push.Lock()
	defer c.push.Unlock()
	c.mu.Lock()
	ld, n := c.pending.take()
	c.mu.Unlock()
	if n == 0 {
		return nil
	}
	mine := plog.NewLogs() // what is given away may be changed
	ld.CopyTo(mine)
	err := c.logs.ConsumeLogs(ctx, mine)
	switch {
	case err == nil:
		c.telemetry.emitted(n)
		return nil
	case consumererror.IsPermanent(err):
		c.telemetry.dropped(reasonRefused, n)
		c.logger.Warn("The pipeline refused events for good", zap.Int("events", n), zap.Error(err))
		return nil
	}
	c.mu.Lock()
	c.pending.giveBack(ld, n)
	c.mu.Unlock()
	return err
}
