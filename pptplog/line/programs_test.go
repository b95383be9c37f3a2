package line

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// wholeLines are lines as the programs' own files and syslog hold them, and the
// event in short.
var wholeLines = []struct{ text, want string }{
	{"Jan 12 09:15:01 gw1 accel-pppd: : : pptp: new connection from 198.51.100.7", "accel-ppp session_open host=gw1 peer=198.51.100.7"},
	{"Jan 12 09:15:01 gw1 accel-pppd: :: disconnected", "accel-ppp session_close host=gw1"},
	{"Jan 12 09:15:01 gw1 accel-pptp[77]: ppp0:test: connect: ppp0 <--> pptp(198.51.100.10)", "accel-ppp ppp_connect host=gw1 pid=77 peer=198.51.100.10 user=test interface=ppp0"},
	{"Jan 12 09:15:01 gw1 accel-pppd: :: bob: authentication failed", "accel-ppp auth_fail host=gw1 user=bob group=auth_fail"},
	{"Jan 12 09:15:01 gw1 accel-pppd: bob1: authentication failed", "accel-ppp auth_fail host=gw1 user=bob1 group=auth_fail"},
	{"Jan 12 09:15:01 gw1 accel-pppd: ppp0:eve: ppp0:bob: disconnected: authentication failed", "accel-ppp auth_fail host=gw1 user=ppp0:eve: ppp0:bob: disconnected group=auth_fail"},
	{"Jan 12 09:15:01 gw1 accel-pppd: radius: server(1) not responding", "accel-ppp radius_timeout host=gw1 server=1 group=radius_timeout"},
	{"Jan 12 09:15:01 gw1 accel-pppd: ppp1:bob: chap-md5: timeout", "accel-ppp auth_timeout host=gw1 user=bob interface=ppp1"},
	{"Jan 12 09:15:01 gw1 accel-pppd: chap-md5: timeout", "accel-ppp auth_timeout host=gw1"},
	{"\x1b[0;32m[2025-01-12 09:15:01]:  info: ppp0: bob: authentication succeeded\x1b[0m", "accel-ppp auth_ok user=ppp0: bob severity=info"},
	{"[2025-01-12 09:15:01]:  info: : bob: authentication succeeded", "accel-ppp auth_ok user=bob severity=info"},
	{"[2025-01-12 09:15:01]:  warn: ppp0: lcp: no echo reply", "accel-ppp echo_timeout interface=ppp0 severity=warning"},
	{"[2025-01-12 09:15:01]: error: : failed to create PPTP socket (Protocol not supported)", "accel-ppp gre_init_fail errno=EPROTONOSUPPORT severity=error"},
	{"[2025-01-12 09:15:01]:   msg: accel-ppp version 1.13.0", "accel-ppp daemon_start reason=1.13.0 severity=info"},
	{"[2025-01-12 09:15:01.250] ppp0: 00000000deadbeef: recv [LCP ConfReq id=1 <mru 1400>]", "accel-ppp lcp_received interface=ppp0 session=00000000deadbeef reason=ConfReq"},

	{"Jan 12 09:15:01 probe pptp[900]: anon log[pptp_conn_open:pptp_ctrl.c:1]: Client connection established.", "pptp-linux session_open host=probe pid=900 role=client severity=notice"},
	{"Jan 12 09:15:01 probe pptp[900]: office gw warn[x:y:1]: short read (-1): Protocol not available", "pptp-linux gre_read_error host=probe pid=900 errno=ENOPROTOOPT role=client severity=warning"},
	{"Jan 12 09:15:01 router pptp[901]: Using interface ppp10", "pppd ppp_ifname host=router pid=901 interface=ppp10"},

	{"Jan 12 09:15:01 MikroTik pptp,info TCP connection established from 198.51.100.62", "mikrotik session_open host=MikroTik peer=198.51.100.62 severity=info"},
	{"pptp,ppp,info,account MikroTik: bob logged in, 192.0.2.10", "mikrotik ip_assigned host=MikroTik ip=192.0.2.10 user=bob severity=info"},
	{"pptp,ppp,info <pptp-bob>: authenticated", "mikrotik auth_ok user=bob session=pptp-bob severity=info"},
	{"jan/12/2025 09:15:01 pptp,ppp,info <pptp-b>: terminating... - x>: using encoding - MPPE128 stateless", "mikrotik mppe_ok user=b>: terminating... - x session=pptp-b>: terminating... - x reason=stateless value=128 severity=info"},
	{"09:15:01 pptp,ppp,error <31292>: user x>: user bob authentication failed", "mikrotik auth_fail user=x>: user bob session=31292 severity=error"},
	{"pptp,ppp,error <31292>: user bob authentication failed - radius timeout", "mikrotik radius_timeout user=bob session=31292 severity=error"},
	{"system,info PPTP Server settings changed by admin", "mikrotik config_changed reason=admin severity=info"},
	{"system,info device changed by admin", "not ours"},
	{"l2tp,ppp,info <l2tp-bob>: authenticated", "not ours"},

	{"Jan 12 09:15:01 win1 RemoteAccess: CoId={NA}: The user admin connected from 198.51.100.7 but failed an authentication attempt due to the following reason: no.", "rras auth_fail host=win1 peer=198.51.100.7 user=admin reason=no."},
	{"RemoteAccess: RoutingDomainID- {00000000-0000-0000-0000-000000000000}: CoID={7B2F2F34-9D0C-41A0-B8D4-000000000001}: The user CORP\\bob connected on port VPN2-127 has been assigned address 192.0.2.12", "rras ip_assigned ip=192.0.2.12 user=CORP\\bob session={7B2F2F34-9D0C-41A0-B8D4-000000000001} port=VPN2-127"},
	{"RemoteAccess: CoID={7B2F2F34-9D0C-41A0-B8D4-000000000001}: The user bob connected on port VPN2-1 on 1/2/2025 at 9:00 AM and disconnected on 1/2/2025 at 9:10 AM.  The user was active for 10 minutes 5 seconds.  10 bytes were sent and 20 bytes were received. The reason for disconnecting was user request. The tunnel used was WAN Miniport (PPTP).", "rras session_close user=bob session={7B2F2F34-9D0C-41A0-B8D4-000000000001} port=VPN2-1 reason=user request tx=10 rx=20 duration=10m5s"},

	{"<189>45: *Mar  1 18:48:50.483 UTC: %LINK-3-UPDOWN: Interface Virtual-Access3, changed state to up", "cisco-ios ppp_connect interface=Virtual-Access3 severity=error"},
	{"Jan 12 09:15:01 c1 45: *Mar  1 18:48:50.483: %VPDN-6-CLOSED: PPTP PAC-1 closed for user bob; Result 1, Error 0, down", "cisco-ios session_close host=c1 user=bob server=PPTP PAC-1 reason=down value=1 severity=info"},
	{"Jan 12 09:15:01 c1 45: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up", "not ours"},
	{"<166>Jan 12 2025 09:15:01 asa1 : %ASA-6-603105: PPTP Tunnel deleted, tunnel_id = 8, remote_peer_ip = 198.51.100.7", "cisco-asa session_close host=asa1 peer=198.51.100.7 session=8 severity=info"},
	{"<166>Jan 12 2025 09:15:01: %ASA-6-302013: Built inbound TCP connection", "not ours"},

	{`<30>1 2025-03-01T08:00:00+00:00 gw1 ppp 4100 - [meta sequenceId="12"] [opt1_link0] Link: UP event`, "mpd5 ppp_connect host=gw1 pid=4100 session=opt1_link0 severity=info"},
	{`<30>1 2025-03-01T08:00:00+00:00 gw1 ppp 4100 - - [L-1] AUTH: RADIUS returned: authenticated`, "mpd5 auth_ok host=gw1 pid=4100 session=L-1 reason=RADIUS group=auth_ok severity=info"},
	{"Jan 12 09:15:01 bsd mpd: Daemon overloaded, ignoring request.", "mpd5 daemon_overload host=bsd"},

	{"Wed Mar 26 12:54:17 2014 : Auth: (7) Login OK: [bob/hunter2] (from client gw1 port 0 cli 198.51.100.7)", "freeradius radius_login_ok peer=198.51.100.7 user=bob port=0 server=gw1 severity=info"},
	{"Wed Mar 26 12:54:17 2014 : Error: Ignoring request to auth address * port 1812 from unknown client 192.0.2.9 port 1", "freeradius radius_unknown_client port=1 server=192.0.2.9 severity=error"},
	{"Jan 12 09:15:01 r1 radiusd[5]: (12) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [b] c] (from client gw1 port 0)", "freeradius radius_login_fail host=r1 pid=5 user=b] c server=gw1 reason=mschap: MS-CHAP2-Response is incorrect"},
	{"Wed Mar 26 12:54:17 2014 : Info: Ready to process requests", "freeradius daemon_start severity=info"},
	{"Wed Mar 26 12:54:17 2014 : Info: Loaded module rlm_x", "freeradius unclassified severity=info"},
}

func TestPrograms(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	for _, l := range wholeLines {
		var e event.Event
		if ok := p.ParseString(&e, l.text, time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)); !ok {
			assert.Equal(t, l.want, "not ours", l.text)
			continue
		}
		assert.Equal(t, l.want, short(&e), l.text)
	}
}

// short writes the fields that are set.
func short(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Program, e.Type)
	add := func(name, v string) {
		if v != "" {
			fmt.Fprintf(&b, " %s=%s", name, v)
		}
	}
	add("host", e.Host)
	if e.PID != 0 {
		add("pid", fmt.Sprint(e.PID))
	}
	zero := event.Event{}
	for i, name := range fieldNames {
		if f := field(i); f.text(e) != f.text(&zero) {
			add(name, f.text(e))
		}
	}
	add("group", e.Group)
	if e.Role == event.Client {
		add("role", e.Role.String())
	}
	if e.Severity != event.SeverityUnknown {
		add("severity", e.Severity.String())
	}
	return b.String()
}

func TestSecrets(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	for line, want := range map[string]string{
		`pppd[1]: rcvd [PAP AuthReq id=0x1 user="bob" password="hunter2"]`:                      "rcvd [PAP AuthReq",
		`pppd[1]: rcvd [CHAP Response id=0x47 <e58b75da>, name = "bob"]`:                        "rcvd [CHAP Response",
		"radiusd: Login incorrect: [bob/hunter2] (from client gw1 port 0 cli 198.51.100.7)":     "Login incorrect: [bob/<redacted>] (from client gw1 port 0 cli 198.51.100.7)",
		"radiusd: Login incorrect (x): [bob/a/b] (from client gw1 port 0)":                      "Login incorrect (x): [bob/<redacted>] (from client gw1 port 0)",
		"radiusd: Login incorrect (x): [bob/hunter2] (from cli":                                 "Login incorrect",
		"radiusd: Login OK: [bob] (from client gw1 port 0)":                                     "Login OK: [bob] (from client gw1 port 0)",
		"accel-pppd: ppp0:bob: recv [MSCHAP-v2 Response id=1 <deadbeef>, <f>, F=0, name=\"b\"]": "recv [MSCHAP-v2 ",
	} {
		var e event.Event
		require.True(t, p.ParseString(&e, line, time.Time{}), line)
		assert.Equal(t, want, e.Text)
	}
}

func TestParseWindows(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	const coid, domain = "{7B2F2F34-9D0C-41A0-B8D4-000000000001}", "{00000000-0000-0000-0000-000000000000}"
	for name, c := range map[string]struct {
		id   int
		data []string
		want string
	}{
		"old":                 {20250, []string{coid, `CORP\bob`, "VPN2-127"}, `rras auth_ok host=win1 user=CORP\bob session=` + coid + " port=VPN2-127"},
		"since Server 2012":   {20250, []string{domain, coid, `CORP\bob`, "VPN2-127"}, `rras auth_ok host=win1 user=CORP\bob session=` + coid + " port=VPN2-127"},
		"no CoID known":       {20271, []string{"{NA}", "admin", "198.51.100.7", "no", "0x10"}, "rras auth_fail host=win1 peer=198.51.100.7 user=admin reason=no"},
		"user like a CoID":    {20250, []string{coid, "{NA}", "VPN2-127"}, "rras auth_ok host=win1 session=" + coid + " port=VPN2-127"},
		"no CoID":             {20209, []string{"198.51.100.7"}, "rras gre_blocked host=win1 peer=198.51.100.7"},
		"CoID and an address": {20209, []string{coid, "198.51.100.7"}, "rras gre_blocked host=win1 peer=198.51.100.7 session=" + coid},
		"session": {
			20272, []string{domain, coid, "bob", "VPN2-1", "1/2/2025", "9:00", "1/2/2025", "9:10", "10", "5", "1024", "2048", "user request", "PPTP", ""},
			"rras session_close host=win1 user=bob session=" + coid + " port=VPN2-1 reason=user request tx=1024 rx=2048 duration=10m5s",
		},
		"too little":   {20272, []string{coid}, "rras session_close host=win1 session=" + coid},
		"nothing":      {20271, nil, "rras auth_fail host=win1"},
		"nonsense":     {20271, []string{coid, "bob", "no address", "no"}, "rras unclassified host=win1 value=20271"},
		"expired":      {20269, []string{coid, "bob"}, "rras auth_fail host=win1 session=" + coid + " reason=expired"},
		"unknown id":   {4711, []string{"x"}, "rras unclassified host=win1 value=4711"},
		"client's end": {20227, []string{coid, "bob", "Office", "806"}, "rras call_refused host=win1 user=bob session=" + coid + " server=Office value=806 role=client"},
	} {
		t.Run(name, func(t *testing.T) {
			var e event.Event
			require.True(t, p.ParseString(&e, "Jan 12 2025 09:15:01 gw1 pptpd[1]: x", time.Time{}))
			require.True(t, p.ParseWindows(&e, Header{Host: "win1"}, c.id, c.data))
			assert.Zero(t, e.Time, "of the line before")
			assert.Equal(t, c.want, short(&e))
		})
	}
}
