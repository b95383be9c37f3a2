package eventlog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// emitted is what a builder emits for an event.
func emitted(resource, name string) plog.Logs {
	out := plog.NewLogs()
	rl := out.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("id", resource)
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetEventName(name)
	return out
}

func TestAppend(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	out := plog.NewLogs()
	assert.True(t, Append(out, emitted("a", "first"), true, now, plog.SeverityNumberInfo, "one"), "the first brings its resource")
	assert.False(t, Append(out, plog.NewLogs(), true, now, plog.SeverityNumberInfo, "not wanted"))
	assert.True(t, Append(out, emitted("b", "second"), true, now, plog.SeverityNumberWarn, "two"))
	assert.True(t, Append(out, emitted("c", "third"), false, now, plog.SeverityNumberError2, ""))

	require.Equal(t, 2, out.ResourceLogs().Len())
	first := out.ResourceLogs().At(0)
	id, _ := first.Resource().Attributes().Get("id")
	assert.Equal(t, "a", id.Str())
	require.Equal(t, 2, first.ScopeLogs().At(0).LogRecords().Len())
	lr := first.ScopeLogs().At(0).LogRecords().At(1)
	assert.Equal(t, "second", lr.EventName())
	assert.Equal(t, "WARN", lr.SeverityText())
	assert.Equal(t, "two", lr.Body().Str())
	assert.Equal(t, now.UnixNano(), lr.ObservedTimestamp().AsTime().UnixNano())
	lr = out.ResourceLogs().At(1).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, "ERROR", lr.SeverityText())
	assert.Empty(t, lr.Body().AsString())
}

func TestSeverityText(t *testing.T) {
	for n, want := range map[plog.SeverityNumber]string{
		plog.SeverityNumberDebug: "DEBUG", plog.SeverityNumberInfo: "INFO", plog.SeverityNumberInfo4: "INFO",
		plog.SeverityNumberWarn: "WARN", plog.SeverityNumberError: "ERROR", plog.SeverityNumberFatal: "FATAL",
	} {
		assert.Equal(t, want, severityText(n))
	}
}
