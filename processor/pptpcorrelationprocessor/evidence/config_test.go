package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

func TestErrorsNameTheItem(t *testing.T) {
	good := Rule{Metric: "x", Signal: "probe.tcp", Value: "timeout"}
	for name, c := range map[string]struct {
		change func(*Rule)
		want   string
	}{
		"nothing to look at":    {func(r *Rule) { r.Metric = "" }, `evidence[1]: names nothing to look at; set metric or event`},
		"both":                  {func(r *Rule) { r.Event = Names{"y"} }, `evidence[1]: names a metric and an event; write two items`},
		"no signal":             {func(r *Rule) { r.Signal = "" }, `evidence[1].signal: is empty`},
		"unknown signal":        {func(r *Rule) { r.Signal = "probe.tpc" }, `evidence[1].signal: "probe.tpc" is none of the codebook: did you mean "probe.tcp"?`},
		"derived signal":        {func(r *Rule) { r.Signal = "fleet.radius" }, `evidence[1].signal: "fleet.radius" is none of the codebook`},
		"unknown value":         {func(r *Rule) { r.Value = "timeuot" }, `evidence[1].value: probe.tcp cannot be "timeuot": use one of ok, bad, unknown, timeout, unreachable, refused, closed (did you mean "timeout"?)`},
		"no value":              {func(r *Rule) { r.Value = "" }, `evidence[1].value: is empty`},
		"value and when":        {func(r *Rule) { r.When = []Case{{Is: "== 1", Value: "ok"}} }, `evidence[1]: has value and when`},
		"comparison":            {func(r *Rule) { r.Value, r.When = "", []Case{{Is: "about 3", Value: "ok"}} }, `evidence[1].when[0].is: "about 3" is no comparison`},
		"value of a case":       {func(r *Rule) { r.Value, r.When = "", []Case{{Is: "< 3", Value: "fine"}} }, `evidence[1].when[0].value: probe.tcp cannot be "fine"`},
		"read":                  {func(r *Rule) { r.Read = "rise" }, `evidence[1].read: "rise"`},
		"count without a whole": {func(r *Rule) { r.Count = time.Minute }, "evidence[1].count: needs `read: increase` and `of`"},
		"part without a name":   {func(r *Rule) { r.Of = []Part{{}} }, `evidence[1].of[0].metric: is empty`},
		"source":                {func(r *Rule) { r.Source = "prob" }, `evidence[1].source: "prob": use one of probe, snmp, netflow, log, radius, change (did you mean "probe"?)`},
		"strength":              {func(r *Rule) { r.Strength = 2 }, `evidence[1].strength: 2 is not in [0, 1]`},
		"ttl":                   {func(r *Rule) { r.TTL = time.Millisecond }, `evidence[1].ttl: 1ms is not in [1s, 24h]`},
		"attribute":             {func(r *Rule) { r.Attributes = map[string]any{"a": map[string]any{}} }, `evidence[1].attributes.a: write a text`},
		"condition":             {func(r *Rule) { r.Condition = "datapoint.valeu > 3" }, `evidence[1].condition: `},
		"regular expression":    {func(r *Rule) { r.Condition = `IsMatch(metric.name, "(")` }, `evidence[1].condition: `},
		"times of a metric":     {func(r *Rule) { r.Times, r.Within = 2, time.Minute }, `evidence[1].times: is for events`},
		"number of an event":    {func(r *Rule) { r.Metric, r.Event, r.Read = "", Names{"y"}, "increase" }, `evidence[1]: read, of, when and count are for metrics`},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			c.change(&bad)
			_, err := NewReader(Config{Rules: []Rule{good, bad}})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := NewReader(Config{Regular: []Regular{{Signal: "log.activity", After: time.Second}}})
	require.ErrorContains(t, err, "regular[0].after: 1s is not in")
	_, err = NewReader(Config{Regular: []Regular{{Signal: "log.activty", After: time.Minute}}})
	require.ErrorContains(t, err, `did you mean "log.activity"?`)
}

func TestConditions(t *testing.T) {
	r := newReader(t, Config{Rules: []Rule{
		{Metric: "x", Condition: `datapoint.value_double > 3 and resource.attributes["site"] == "lon"`, Signal: "snmp.load", Value: "high"},
		{Condition: `IsMatch(log.body, "table full")`, Signal: "log.daemon", Value: "overloaded", GatewayAttributes: []string{"host.name"}},
	}, Gateways: testGateways})
	at := func(site string, v float64) []string {
		return words(r.read(start, attrs{"pptp.gateway.id": "vpn-1", "site": site}, datum{"x", v, nil}))
	}
	assert.Equal(t, []string{"snmp.load=high"}, at("lon", 4))
	assert.Empty(t, at("lon", 2))
	assert.Empty(t, at("ams", 4))

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "vpn1.example.com")
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("nf_conntrack: table full, dropping packet")
	assert.True(t, r.WantsLogs(ld))
	got := collect(func(y func(*health.Evidence)) { r.Logs(start, ld, y) })
	require.Equal(t, []string{"log.daemon=overloaded"}, words(got))
	assert.Equal(t, "vpn-1", got[0].Gateway)
}

func TestOwnRule(t *testing.T) {
	r := newReader(t, Config{Rules: []Rule{{
		Metric: "tcpcheck.status", Attributes: map[string]any{"tcpcheck.endpoint": "vpn1:1723"}, Gateway: "vpn-1", Vantage: "tcpcheck",
		Signal: "probe.tcp", When: []Case{{Is: "== 0", Value: "timeout"}}, TTL: time.Minute, Strength: 0.5,
	}}})
	got := r.read(start, nil, datum{"tcpcheck.status", 0, attrs{"tcpcheck.endpoint": "vpn1:1723"}})
	require.Len(t, got, 1)
	assert.Equal(t, health.Evidence{Gateway: "vpn-1", Signal: "probe.tcp", Value: "timeout", Vantage: "tcpcheck", At: got[0].At, TTL: time.Minute, Strength: 0.5}, got[0])
	assert.Empty(t, r.read(start, nil, datum{"tcpcheck.status", 0, attrs{"tcpcheck.endpoint": "vpn2:1723"}}))
}

func TestDisable(t *testing.T) {
	r := newReader(t, Config{Disable: []string{"snmp.agent", "pptp.probe.up", "pptp.log.radius_timeout"}})
	assert.Empty(t, r.read(start, ofGateway, datum{"snmp.agent.up", 1, nil}))
	assert.Empty(t, collect(func(y func(*health.Evidence)) { r.Metrics(start, sessionMetrics(start, "gre", "", ""), y) }))
	assert.Equal(t, []string{"log.activity=ok"}, words(r.event(start, "pptp.log.radius_timeout", ofGateway, attrs{"pptp.log.program": "pppd"})))
}
