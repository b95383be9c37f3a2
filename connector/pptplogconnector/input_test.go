package pptplogconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// record makes one record, with a body and attributes as they are given.
func record(t *testing.T, body any, attributes map[string]any) plog.Logs {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	require.NoError(t, lr.Body().FromRaw(body))
	require.NoError(t, lr.Attributes().FromRaw(attributes))
	lr.SetTimestamp(pcommon.NewTimestampFromTime(noon))
	return ld
}

// Every receiver has its own form for the same line.
func TestInput(t *testing.T) {
	const started = "CTRL: Client 198.51.100.7 control connection started"
	windows := func(data any) map[string]any {
		return map[string]any{
			"event_id": map[string]any{"id": 20271, "qualifiers": 0}, "provider": map[string]any{"name": "RemoteAccess"},
			"computer": "gw1", "event_data": data,
		}
	}
	for _, tt := range []struct {
		name       string
		body       any
		attributes map[string]any
		event      string // empty: none
		host       string
	}{
		{"file_log", "Nov 22 12:00:00 gw1 pptpd[7]: " + started, nil, "pptp.session.opened", "gw1"},
		{"bytes", []byte("Nov 22 12:00:00 gw1 pptpd[7]: " + started), nil, "pptp.session.opened", "gw1"},
		{"syslog", "<30>Nov 22 12:00:00 gw1 pptpd[7]: " + started, map[string]any{
			"appname": "pptpd", "proc_id": "7", "hostname": "gw1", "message": started, "priority": 30, "facility": 3,
		}, "pptp.session.opened", "gw1"},
		{"syslog without a program", "<30>Nov 22 12:00:00 gw1 pptpd[7]: " + started, map[string]any{"message": started}, "pptp.session.opened", "gw1"},
		{"journald", map[string]any{"MESSAGE": started, "SYSLOG_IDENTIFIER": "pptpd", "_PID": "7", "_HOSTNAME": "gw1"}, nil, "pptp.session.opened", "gw1"},
		{"parsed by somebody", map[string]any{"message": started, "appname": "pptpd", "proc_id": 7, "hostname": "gw1"}, nil, "pptp.session.opened", "gw1"},
		{"a line in a map", map[string]any{"message": "Nov 22 12:00:00 gw1 pptpd[7]: " + started}, nil, "pptp.session.opened", "gw1"},
		{"Windows, as a map", windows(map[string]any{
			"param1": "{NA}", "param2": "admin", "param3": "198.51.100.7", "param4": "denied",
		}), nil, "pptp.session.failed", "gw1"},
		{"Windows, as a list", windows(map[string]any{
			"data": []any{map[string]any{"": "{NA}"}, map[string]any{"": "admin"}, map[string]any{"": "198.51.100.7"}, map[string]any{"": "denied"}},
		}), nil, "pptp.session.failed", "gw1"},
		{"Windows, as a list of texts", windows(map[string]any{"data": []any{"{NA}", "admin", "198.51.100.7", "denied"}}), nil, "pptp.session.failed", "gw1"},
		{"Windows, a number as a text", map[string]any{
			"event_id": "20271", "provider": "RemoteAccess", "computer": "gw1", "event_data": map[string]any{"data": []any{"{NA}", "admin", "198.51.100.7", "denied"}},
		}, nil, "pptp.session.failed", "gw1"},

		{"Windows, another provider", map[string]any{"event_id": 20271, "provider": map[string]any{"name": "DCOM"}}, nil, "", ""},
		{"Windows, no number", map[string]any{"event_id": "x", "provider": "RemoteAccess"}, nil, "", ""},
		{"Windows, no data", windows("x"), nil, "", ""},
		{"another program", "Nov 22 12:00:00 gw1 sshd[7]: " + started, nil, "", ""},
		{"a number", 7, nil, "", ""},
		{"a list", []any{"x"}, nil, "", ""},
		{"nothing", nil, nil, "", ""},
		{"an empty map", map[string]any{}, nil, "", ""},
		{"a message that is a number", map[string]any{"message": 7, "appname": "pptpd"}, nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, nil).send(record(t, tt.body, tt.attributes)).stop()
			if tt.event == "" {
				assert.Empty(t, r.all())
				return
			}
			require.NotEmpty(t, r.all())
			e := r.all()[0]
			assert.Equal(t, tt.event, e.EventName())
			assert.Equal(t, tt.host, e.resource.AsRaw()["host.name"])
			assert.NotEmpty(t, e.text("client.address"))
			if e.EventName() == "pptp.session.opened" {
				assert.Equal(t, "7", e.text("process.pid"))
				assert.Equal(t, noon.Format("15:04:05"), e.Timestamp().AsTime().Format("15:04:05"))
			}
		})
	}
}

func TestLocation(t *testing.T) {
	for location, want := range map[string]string{"UTC": "12:00:00", "Asia/Tokyo": "03:00:00"} {
		t.Run(location, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Location = location })
			r.send(lines("Nov 22 12:00:00 gw1 pptpd[7]: CTRL: Client 198.51.100.7 control connection started"))
			require.Len(t, r.all(), 1)
			assert.Equal(t, want, r.all()[0].Timestamp().AsTime().UTC().Format(time.TimeOnly))
		})
	}
}

// Lines that no pattern knows are counted, and told if somebody wants that.
func TestUnclassified(t *testing.T) {
	const line = "Nov 22 12:00:00 gw1 pptpd[7]: CTRL: something that no version has said so far"
	r := newRig(t, nil).send(lines(line)).stop()
	assert.Empty(t, r.all())
	assert.EqualValues(t, 1, r.value("pptp.log.unclassified", "pptp.log.program=pptpd"))

	r = newRig(t, func(c *Config) { c.UnclassifiedEvents = true }).send(lines(line)).stop()
	assert.Equal(t, []string{"pptp.log.unclassified"}, r.names())
	assert.Equal(t, "CTRL: something that no version has said so far", r.all()[0].Body().Str())
}

// What is told of the gateway, with what the lines say of it.
func TestGatewayEvents(t *testing.T) {
	r := newRig(t, func(c *Config) { c.UserName = "plain" }).send(lines(`
		Nov 22 12:00:00 gw1 pptpd[1]: MGR: Manager process started
		Nov 22 12:00:00 gw1 pptpd[1]: MGR: Maximum of 100 connections available
		Nov 22 12:00:01 gw1 pptpd[7]: CTRL: Client 198.51.100.7 control connection started
		Nov 22 12:00:01 gw1 pptpd[7]: CTRL: Starting call (launching pppd, opening GRE)
		Nov 22 12:00:01 gw1 pptpd[7]: GRE: read(fd=7,buffer=8059660,len=8260) from network failed: status = -1 error = Protocol not available
		Nov 22 12:00:01 gw1 pptpd[7]: CTRL: GRE read or PTY write failed (gre,pty)=(7,6)
		Sun Nov 22 12:00:02 2026 : Auth: (8) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [eve] (from client gw1 port 0 cli 198.51.100.8)`)).stop()
	assert.Equal(t, []string{
		"pptp.log.daemon_start", "pptp.log.daemon_capacity", "pptp.session.opened", "pptp.log.gre_read_error", "pptp.log.radius_login_fail",
	}, r.names())
	all := r.all()
	assert.Equal(t, "100", all[1].text("pptp.limit"))
	assert.Equal(t, "ENOPROTOOPT", all[3].text("error.errno"))
	assert.Equal(t, plog.SeverityNumberWarn, all[3].SeverityNumber())
	assert.Equal(t, "eve", all[4].text("user.name"))
	assert.Equal(t, "freeradius", all[4].text("pptp.log.program"))
	assert.EqualValues(t, 1, r.value("pptp.log.gre.errors", "error.errno=ENOPROTOOPT"))
	assert.EqualValues(t, 1, r.value("pptp.log.events", "pptp.log.event=radius_login_fail"))
}

// A name that somebody chose gets no series of its own.
func TestErrno(t *testing.T) {
	c := counts{errnos: map[string]int64{}}
	for _, name := range []string{"", "E", "no such error", "EIO\n", "ENOPROTOOPTNOPROTOOPT"} {
		assert.Equal(t, "other", c.errno(name), name)
	}
	for i := range 100 {
		name := "E" + string(rune('A'+i%26)) + string(rune('A'+i/26))
		c.errnos[c.errno(name)]++
	}
	assert.LessOrEqual(t, len(c.errnos), maxErrnos+1)
}
