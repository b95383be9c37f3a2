package pptplogconnector

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// What is given back comes before what came since.
func TestPending(t *testing.T) {
	var p pending
	a, b := &source{}, &source{}
	a.resource, b.resource = plog.NewResourceLogs().Resource(), plog.NewResourceLogs().Resource()
	for _, s := range []*source{a, a, b} {
		p.add(s, "scope", "1").SetEventName("old")
	}
	ld, n := p.take()
	assert.Equal(t, 3, n)
	assert.Equal(t, 2, ld.ResourceLogs().Len(), "one for each source")
	p.add(b, "scope", "1").SetEventName("new")
	p.giveBack(ld, n)
	ld, n = p.take()
	assert.Equal(t, 4, n)
	var names []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
			names = append(names, lr.EventName())
		}
	}
	assert.Equal(t, []string{"old", "old", "old", "new"}, names)
	_, n = p.take()
	assert.Zero(t, n)
}

func TestSyslogSeverity(t *testing.T) {
	last := plog.SeverityNumberFatal4
	for s := event.Emergency; s <= event.Debug; s++ {
		n := syslogSeverity(s)
		assert.Less(t, n, last, s)
		last = n
	}
	assert.Equal(t, plog.SeverityNumberDebug, last)
	assert.Equal(t, plog.SeverityNumberUnspecified, syslogSeverity(event.SeverityUnknown))
}
