//go:build real && linux

package radius

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
)

func (d *Daemon) checker(t *testing.T, s Server, change func(*radiuscheck.Config)) *radiuscheck.Checker {
	cfg := radiuscheck.Config{
		Host: d.Host, Port: d.Ports[s], AccountingPort: d.Ports[Accounting], Secret: Secret,
		Methods:  []radiuscheck.Method{radiuscheck.Status, radiuscheck.PAP, radiuscheck.CHAP, radiuscheck.MSCHAPv2},
		Username: User, Password: Password, Signing: radiuscheck.Always, RequireKeys: true,
		Timeout: 5 * time.Second, RejectedInterval: 5 * time.Minute, NAS: radiuscheck.NAS{Identifier: "testbed", Tunnel: true},
		StatusHost: d.Host, StatusPort: d.Ports[Statistics], StatusSecret: Secret,
	}
	if change != nil {
		change(&cfg)
	}
	c, err := radiuscheck.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// quick is for what does not answer.
func quick(c *radiuscheck.Config) { c.Timeout, c.Retries = 600*time.Millisecond, 1 }

// causes are those of a round: "ok", a cause, or a ? and the cause of a warning.
func causes(t *testing.T, c *radiuscheck.Checker) map[string]string {
	results, err := c.Round(t.Context())
	require.NoError(t, err)
	out := make(map[string]string)
	for _, r := range results {
		what := "ok"
		switch {
		case r.Failure != nil:
			what = string(r.Failure.Cause)
			t.Logf("%s/%s: %s %s", r.Method, r.Signing, what, r.Failure.Detail)
		case r.Warning != nil:
			what = "?" + string(r.Warning.Cause)
		}
		out[string(r.Method)+"/"+string(r.Signing)] = what
	}
	return out
}

func TestCauses(t *testing.T) {
	d := Start(t, Config{})
	all := func(c string) map[string]string {
		return map[string]string{"status/always": c, "pap/always": c, "chap/always": c, "mschapv2/always": c}
	}
	but := func(m map[string]string, k, v string) map[string]string {
		m[k] = v
		return m
	}
	methods := func(list ...radiuscheck.Method) func(*radiuscheck.Config) {
		return func(c *radiuscheck.Config) { c.Methods = list }
	}
	tests := []struct {
		name   string
		server Server
		change []func(*radiuscheck.Config)
		want   map[string]string
	}{
		{"accept", Good, nil, all("ok")},
		{"no Message-Authenticator", Good, []func(*radiuscheck.Config){func(c *radiuscheck.Config) { c.Signing = radiuscheck.Compare }}, map[string]string{
			"status/always": "ok", "pap/always": "ok", "pap/never": "ok", "chap/always": "ok", "chap/never": "ok", "mschapv2/always": "ok", "mschapv2/never": "ok",
		}},
		{"accounting", Good, []func(*radiuscheck.Config){methods(radiuscheck.StatusAccounting)}, map[string]string{"status_accounting/always": "ok"}},
		{"reject PAP", Good, []func(*radiuscheck.Config){func(c *radiuscheck.Config) { c.Password = "wrong" }},
			map[string]string{"status/always": "ok", "pap/always": "radius.rejected"}},
		{"reject CHAP", Good, []func(*radiuscheck.Config){methods(radiuscheck.CHAP), func(c *radiuscheck.Config) { c.Password = "wrong" }},
			map[string]string{"chap/always": "radius.rejected"}},
		{"reject MS-CHAPv2", Good, []func(*radiuscheck.Config){methods(radiuscheck.MSCHAPv2), func(c *radiuscheck.Config) { c.Password = "wrong" }},
			map[string]string{"mschapv2/always": "radius.rejected"}},
		{"silence", Silent, []func(*radiuscheck.Config){quick},
			but(all("radius.timeout"), "status/always", "ok")}, // Status-Server alone would not see it
		{"slow", Slow, []func(*radiuscheck.Config){func(c *radiuscheck.Config) { c.Slow = SlowTime }}, but(all("?radius.slow"), "status/always", "ok")},
		{"wrong secret", Good, []func(*radiuscheck.Config){quick, methods(radiuscheck.Status, radiuscheck.CHAP),
			func(c *radiuscheck.Config) { c.Secret, c.Signing = "another", radiuscheck.Compare }},
			map[string]string{"status/always": "radius.timeout", "chap/always": "radius.timeout", "chap/never": "radius.bad_authenticator"}},
		{"required Message-Authenticator", Signed, []func(*radiuscheck.Config){quick, methods(radiuscheck.Status, radiuscheck.MSCHAPv2),
			func(c *radiuscheck.Config) { c.Signing = radiuscheck.Compare }},
			map[string]string{"status/always": "ok", "mschapv2/always": "ok", "mschapv2/never": "radius.message_authenticator_required"}},
		{"no keys", NoKeys, nil, but(all("ok"), "mschapv2/always", "radius.no_mppe_keys")},
		{"challenge", Challenge, []func(*radiuscheck.Config){methods(radiuscheck.PAP)}, map[string]string{"pap/always": "radius.challenge"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := d.checker(t, tt.server, func(c *radiuscheck.Config) {
				for _, change := range tt.change {
					change(c)
				}
			})
			assert.Equal(t, tt.want, causes(t, c))
		})
	}
	if t.Failed() {
		t.Log(d.Log())
	}
}

// TestGone tells a server that hangs from one that is not there.
func TestGone(t *testing.T) {
	d := Start(t, Config{})
	c := d.checker(t, Good, func(c *radiuscheck.Config) {
		quick(c)
		c.Methods = []radiuscheck.Method{radiuscheck.Status, radiuscheck.MSCHAPv2}
	})
	both := func(what string) map[string]string {
		return map[string]string{"status/always": what, "mschapv2/always": what}
	}
	goOn := d.Hang(t)
	assert.Equal(t, both("radius.timeout"), causes(t, c))
	goOn()
	// What it answers now is late, and no answer to what it is asked now.
	assert.Equal(t, both("ok"), causes(t, c))
	d.Stop()
	assert.Equal(t, both("radius.unreachable"), causes(t, c))
	Start(t, Config{Ports: d.Ports})
	assert.Equal(t, both("ok"), causes(t, c))
}

func TestStatusServerIsOff(t *testing.T) {
	d := Start(t, Config{NoStatus: true})
	c := d.checker(t, Good, func(c *radiuscheck.Config) {
		quick(c)
		c.Methods = append(c.Methods, radiuscheck.StatusAccounting)
	})
	assert.Equal(t, map[string]string{
		"status/always": "?radius.unsupported", "status_accounting/always": "?radius.unsupported",
		"pap/always": "ok", "chap/always": "ok", "mschapv2/always": "ok",
	}, causes(t, c))
}

// total returns a counter of the statistics.
func total(t *testing.T, totals *freeradius.Totals, section, result string) uint64 {
	for _, k := range freeradius.Counters() {
		if k.Section == section && k.Result == result {
			n, ok := totals.Total(k)
			require.True(t, ok, "%s %s", section, result)
			return n
		}
	}
	t.Fatalf("no counter %s %s", section, result)
	return 0
}

func TestStatistics(t *testing.T) {
	d := Start(t, Config{})
	c := d.checker(t, Good, func(c *radiuscheck.Config) { c.Methods = []radiuscheck.Method{radiuscheck.PAP} })
	read := func(totals *freeradius.Totals) bool {
		s, err := c.Statistics(t.Context())
		require.NoError(t, err)
		require.False(t, s.Started.IsZero())
		q, ok := s.Queue(freeradius.Queues()[2])
		require.True(t, ok)
		require.Zero(t, q)
		return totals.Add(s)
	}
	var totals freeradius.Totals
	read(&totals)
	requests := total(t, &totals, "auth", "requests")
	accepts, rejects := total(t, &totals, "auth", "accepts"), total(t, &totals, "auth", "rejects")
	for range 3 {
		assert.Equal(t, map[string]string{"pap/always": "ok"}, causes(t, c))
	}
	bad := d.checker(t, Good, func(c *radiuscheck.Config) { c.Methods, c.Password = []radiuscheck.Method{radiuscheck.PAP}, "wrong" })
	causes(t, bad)
	// It counts an answer when it forgets the request, after cleanup_delay.
	polls := uint64(0)
	require.Eventually(t, func() bool {
		require.False(t, read(&totals))
		polls++
		return total(t, &totals, "auth", "accepts") == accepts+3 && total(t, &totals, "auth", "rejects") == rejects+1
	}, 20*time.Second, 100*time.Millisecond)
	assert.Equal(t, requests+3+1+polls, total(t, &totals, "auth", "requests"), "the requests for statistics are among them")

	d.Stop() // it tells its start in whole seconds
	stopped := time.Now().Unix()
	require.Eventually(t, func() bool { return time.Now().Unix() > stopped }, 5*time.Second, 50*time.Millisecond)
	Start(t, Config{Ports: d.Ports})
	require.True(t, read(&totals))
	assert.Zero(t, total(t, &totals, "auth", "accepts"))
	assert.Equal(t, uint64(1), total(t, &totals, "auth", "requests"))
}
