package snmppppreceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

func TestSeriesOfAttributes(t *testing.T) {
	for _, want := range []map[string]any{
		{},
		{"a": "text", "b": int64(-7), "c": ""},
		{"user.name": "Иван", "n": int64(1723)},
	} {
		m := pcommon.NewMap()
		require.NoError(t, m.FromRaw(want))
		got := pcommon.NewMap()
		decode(encode(m), got)
		assert.Equal(t, want, got.AsRaw())
	}
}

// A series that ends is ended once, and what is not known at a poll does not end.
func TestEnds(t *testing.T) {
	b := newBench(t, nil)
	ended := func() (list []string) {
		metrics := b.lastMetrics(t).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
		for i := range metrics.Len() {
			points := pointsOf(metrics.At(i))
			for k := range points.Len() {
				if points.At(k).Flags().NoRecordedValue() {
					list = append(list, metrics.At(i).Name())
				}
			}
		}
		return list
	}
	b.run(polls{gateway(0, 1)})
	assert.Empty(t, ended())
	b.run(polls{failed(walk.KindTimeout)})
	assert.Equal(t, []string{"snmp.agent.up"}, ended())
	b.run(polls{failed(walk.KindTimeout)})
	assert.Empty(t, ended())
	b.run(polls{gateway(3, 1)})
	assert.Equal(t, []string{"snmp.agent.up"}, ended())
	b.run(polls{gateway(4, 1)})
	assert.Empty(t, ended())

	// Of a label that is not there it is not known whether it ended, until a poll is whole.
	labels := func(s *snapshot.Snapshot, pools ...string) *snapshot.Snapshot {
		for _, p := range pools {
			s.Measures = append(s.Measures, gauge("pool.used", p, 1))
		}
		return s
	}
	b.run(polls{labels(gateway(5, 1), "a", "b")})
	assert.Empty(t, ended())
	b.run(polls{labels(truncated(gateway(6, 1)), "a")})
	assert.Empty(t, ended())
	b.run(polls{labels(gateway(7, 1), "a")})
	assert.Equal(t, []string{"pptp.ip_pool.usage"}, ended())
}
