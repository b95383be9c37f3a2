package pptpprobereceiver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// minutes runs a receiver with one target for a time, and returns its sessions
// and the metrics of each minute.
func minutes(t *testing.T, length, rejected time.Duration, result func() *pptpprobe.Result) (sessions int, md []pmetric.Metrics) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		probe := always(result)
		cfg := targets(defaultConfig(), "vpn1.example.com")
		cfg.RejectedInterval = rejected
		var sink consumertest.MetricsSink
		m, err := probe.factory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, &sink)
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), componenttest.NewNopHost()))
		pass(length)
		require.NoError(t, m.Shutdown(t.Context()))
		sessions, _ = probe.count()
		md = sink.AllMetrics()
	})
	return sessions, md
}

func TestRefusedCredentialsRest(t *testing.T) {
	sessions, md := minutes(t, 10*time.Minute, 5*time.Minute, authResult)
	assert.Equal(t, 2, sessions, "one login each five minutes")
	require.Len(t, md, 10, "and metrics each minute all the same")
	var last time.Time
	for i, one := range md {
		points := 0
		for _, m := range one.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != "pptp.probe.up" {
				continue
			}
			points++
			p := m.Sum().DataPoints().At(0)
			assert.Zero(t, p.IntValue())
			if i%5 == 0 {
				continue // of a session, whose time is that of the fixture
			}
			assert.True(t, p.Timestamp().AsTime().After(last), "as of now")
			last = p.Timestamp().AsTime()
		}
		assert.Equal(t, 1, points)
	}
	attempts := func(md pmetric.Metrics) (n int64) {
		for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
			if m.Name() == "pptp.probe.attempts" {
				for _, p := range m.Sum().DataPoints().All() {
					n += p.IntValue()
				}
			}
		}
		return n
	}
	assert.EqualValues(t, 1, attempts(md[4]), "what is repeated counts nothing")
	assert.EqualValues(t, 2, attempts(md[5]))
}

func TestNoRest(t *testing.T) {
	sessions, md := minutes(t, 5*time.Minute, 0, authResult)
	assert.Equal(t, 5, sessions, "not asked for")
	assert.Len(t, md, 5)
	sessions, _ = minutes(t, 5*time.Minute, time.Hour, greResult)
	assert.Equal(t, 5, sessions, "the failure is no verdict on the credentials")
}

func TestRestWithoutMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := always(authResult)
		var sink consumertest.LogsSink
		l, err := probe.factory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), targets(defaultConfig(), "vpn1.example.com"), &sink)
		require.NoError(t, err)
		require.NoError(t, l.Start(t.Context(), componenttest.NewNopHost()))
		pass(4 * time.Minute)
		require.NoError(t, l.Shutdown(t.Context()))
		assert.Len(t, sink.AllLogs(), 1)
	})
}
