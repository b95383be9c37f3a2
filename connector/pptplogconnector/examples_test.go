package pptplogconnector

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The examples can be used as they are, and understand what they are for.
func TestExamples(t *testing.T) {
	for _, tt := range []struct {
		name, receiver string
		in             func(t *testing.T) plog.Logs
		want           []string
		gateway        string
	}{
		{"poptop", "file_log", func(t *testing.T) plog.Logs { return lines(poptop(t, "radius_hangs")) }, []string{
			"pptp.session.opened", "pptp.log.radius_timeout", "pptp.session.failed auth.timeout",
			"pptp.session.opened", "pptp.session.established", "pptp.session.closed",
		}, "gateway"},
		{"accel-ppp", "file_log", func(*testing.T) plog.Logs {
			ld := lines(`
				[2026-11-22 12:00:00]:  info: ppp0: connect: ppp0 <--> pptp(198.51.100.7)
				[2026-11-22 12:00:00]:  info: ppp0: bob: authentication succeeded
				[2026-11-22 12:10:00]:  info: ppp0: disconnected`)
			ld.ResourceLogs().At(0).Resource().Attributes().PutStr("host.name", "vpn1")
			return ld
		}, []string{"pptp.session.established", "pptp.session.closed"}, "berlin"},
		{"routeros", "syslog", func(t *testing.T) plog.Logs { //nolint:misspell // a name
			ld := plog.NewLogs()
			for _, m := range []string{
				"pptp,info TCP connection established from 198.51.100.62", "pptp,ppp,info <pptp-bob>: authenticated",
				"pptp,ppp,info,account bob logged in, 192.0.2.10", "pptp,ppp,info,account bob logged out, 3600 1000 2000 30 40",
			} {
				one := record(t, "<30>Nov 22 12:00:00 MikroTik "+m, map[string]any{
					"hostname": "MikroTik", "message": m, "net.peer.ip": "203.0.113.1", "priority": 30,
				})
				one.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
			}
			return ld
		}, []string{"pptp.session.opened", "pptp.session.established", "pptp.session.closed"}, "berlin"},
		{"windows", "otlp", func(t *testing.T) plog.Logs {
			ld := plog.NewLogs()
			for _, e := range []struct {
				id   int
				data map[string]any
			}{
				{20250, map[string]any{"param1": "{5F1A0E51-1F6E-4A5D-9A4B-0A8F2E6B7C11}", "param2": `CORP\bob`, "param3": "VPN2-127"}},
				{20274, map[string]any{"param1": "{5F1A0E51-1F6E-4A5D-9A4B-0A8F2E6B7C11}", "param2": `CORP\bob`, "param3": "VPN2-127", "param4": "192.0.2.12"}},
				{20271, map[string]any{"param1": "{NA}", "param2": "eve", "param3": "198.51.100.7", "param4": "denied"}},
			} {
				one := record(t, map[string]any{
					"event_id": map[string]any{"id": e.id, "qualifiers": 0}, "provider": map[string]any{"name": "RemoteAccess"},
					"computer": "rras1.example.com", "event_data": e.data,
				}, nil)
				one.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
			}
			return ld
		}, []string{"pptp.session.established", "pptp.session.failed auth.rejected"}, "berlin"},
		{"freeradius", "file_log", func(*testing.T) plog.Logs {
			return lines(`
				Sun Nov 22 12:00:00 2026 : Auth: (7) Login OK: [bob] (from client gw1 port 0 cli 198.51.100.7)
				Sun Nov 22 12:00:01 2026 : Auth: (8) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [eve] (from client gw1 port 0 cli 198.51.100.8)`)
		}, []string{"pptp.log.radius_login_ok", "pptp.log.radius_login_fail"}, "berlin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conf, err := confmaptest.LoadConf(filepath.Join("..", "..", "examples", "pptp_log-"+tt.name+".yaml"))
			require.NoError(t, err)
			assert.Equal(t, []any{tt.receiver}, conf.Get("service::pipelines::logs/lines::receivers"))
			assert.True(t, conf.IsSet("receivers::"+tt.receiver))
			sub, err := conf.Sub("connectors::pptp_log")
			require.NoError(t, err)
			r := newRig(t, func(c *Config) {
				require.NoError(t, sub.Unmarshal(c))
				require.NoError(t, confmap.Validate(c))
			})
			r.send(tt.in(t)).stop()
			assert.Equal(t, tt.want, r.names())
			for _, e := range r.all() {
				assert.Equal(t, tt.gateway, e.resource.AsRaw()["pptp.gateway.id"])
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "pptp_log*.yaml"))
	require.NoError(t, err)
	assert.Len(t, files, 5, "an example that nobody tries")
}
