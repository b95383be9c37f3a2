package radiusreceiver

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// points are the series of a metric by the value of radius.nas.
func points(md pmetric.Metrics, name string) map[string][]pmetric.NumberDataPoint {
	out := make(map[string][]pmetric.NumberDataPoint)
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() != name {
			continue
		}
		for _, p := range m.Sum().DataPoints().All() {
			nas, _ := p.Attributes().Get("radius.nas")
			out[nas.Str()] = append(out[nas.Str()], p)
		}
	}
	return out
}

// Two NAS of one name are two series, and what is no text is none in the attribute either.
func TestNASThatShareAName(t *testing.T) {
	l := listen(t, nil)
	for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
		l.send(t, accounting.Start, "s1", func(b *packet.Builder) {
			b.Address(packet.NASIPAddress, packet.NASIPv6Address, netip.MustParseAddr(address))
		})
	}
	l.send(t, accounting.Start, "s1", func(b *packet.Builder) { b.Text(packet.NASIdentifier, "gw\xff") }) // the last counts
	md := l.report(t)
	got := points(md, "radius.accounting.sessions")
	assert.Len(t, got, 3)
	for _, name := range []string{"gw1 (192.0.2.1)", "gw1 (192.0.2.2)", "gw\uFFFD"} {
		assert.Len(t, got[name], 1, name)
	}
	for _, p := range points(md, "radius.accounting.duplicates") {
		assert.False(t, p[0].StartTimestamp().AsTime().Before(l.accounting.start), "since the NAS was first heard")
		assert.NotEqual(t, timestamp(l.accounting.start), p[0].StartTimestamp())
	}
	total := points(md, "radius.accounting.anomalies")[""]
	assert.Equal(t, timestamp(l.accounting.start), total[0].StartTimestamp())
}

func TestSocketErrorsAreTold(t *testing.T) {
	l := listen(t, nil)
	m, err := l.tel.GetMetric("otelcol_radius_accounting_socket_errors")
	require.NoError(t, err)
	got := make(map[string]bool)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		operation, _ := p.Attributes.Value("operation")
		reason, _ := p.Attributes.Value("reason")
		assert.Zero(t, p.Value)
		got[operation.AsString()+" "+reason.AsString()] = true
	}
	assert.Len(t, got, 10)
	assert.True(t, got["read no_buffer"])
}
