package pptpcorrelationprocessor

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// queue appends events to those that wait for the logs pipeline. The oldest go when there are too many.
func (c *correlator) queue(events []plog.Logs) {
	c.outletsMu.Lock()
	deaf := len(c.logsOutlets) == 0
	c.outletsMu.Unlock()
	if deaf {
		c.telemetry.dropped(len(events))
		return
	}
	c.pendingMu.Lock()
	defer c.pendingMu.Unlock()
	defer c.count()
	c.pending = append(c.pending, events...)
	if over := len(c.pending) - c.cfg.Limits.MaxPending; over > 0 {
		c.telemetry.dropped(over)
		c.pending = append(c.pending[:0], c.pending[over:]...)
	}
}

// flush passes on what waits, and reports whether it did. What is refused waits for the next time.
func (c *correlator) flush() bool {
	c.pendingMu.Lock()
	defer c.pendingMu.Unlock()
	if len(c.pending) == 0 {
		return false
	}
	if err := c.pushLogs(joined(c.pending)); err != nil {
		c.telemetry.failed(failedSend)
		c.logger.Warn("No logs pipeline took the events; they come again", zap.Int("events", len(c.pending)), zap.Error(err))
		return false
	}
	clear(c.pending)
	c.pending = c.pending[:0]
	c.count()
	return true
}

// waiting is a copy of what waits.
func (c *correlator) waiting() plog.Logs {
	c.pendingMu.Lock()
	defer c.pendingMu.Unlock()
	return joined(c.pending)
}

// count notes how many wait, for those who must not wait for a pipeline that is stuck.
func (c *correlator) count() { c.waitingCount.Store(int64(len(c.pending))) }

// joined copies events into one.
func joined(list []plog.Logs) plog.Logs {
	out := plog.NewLogs()
	for _, ld := range list {
		for i := range ld.ResourceLogs().Len() {
			ld.ResourceLogs().At(i).CopyTo(out.ResourceLogs().AppendEmpty())
		}
	}
	return out
}
