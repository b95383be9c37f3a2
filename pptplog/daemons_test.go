package pptplog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// play reads lines and tells what becomes of sessions, and what is told of the gateway. A
// line "+10s" lets time pass. %s in a line is its stamp.
func play(t *testing.T, text string) (told []string) {
	t.Helper()
	e, err := New(Config{Session: session.Config{
		OnSession: func(c session.Change, s *session.Session) {
			words := []string{c.String(), s.User}
			if s.Peer.IsValid() {
				words = append(words, "from", s.Peer.String())
			}
			if c >= session.Closed {
				words = append(words, "=", s.Outcome.String(), s.Stage, s.Cause, s.Reason)
				if s.Counted {
					words = append(words, fmt.Sprint(s.Duration, " ", s.Tx, "/", s.Rx))
				}
			}
			told = append(told, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
		},
		OnGateway: func(e *event.Event) { told = append(told, "! "+strings.TrimSpace(e.Type.String()+" "+e.Server)) },
	}})
	require.NoError(t, err)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for l := range strings.Lines(strings.TrimSpace(text)) {
		l = strings.TrimSpace(l)
		if d, err := time.ParseDuration(strings.TrimPrefix(l, "+")); err == nil {
			now = now.Add(d)
			e.Tick(now)
			continue
		}
		l = strings.Replace(l, "%s", now.Format(time.Stamp), 1)
		require.True(t, e.LineString(now, "gw1", l), l)
	}
	for range 10 {
		now = now.Add(time.Second)
		e.Tick(now)
	}
	return told
}

func TestDaemons(t *testing.T) {
	for _, tt := range []struct {
		name, log string
		want      []string
	}{
		{"accel-ppp at the usual level", `
			%s gw1 accel-pppd: : : bob: authentication succeeded
			%s gw1 accel-pppd: ppp0:bob: connect: ppp0 <--> pptp(198.51.100.7)
			+4s
			%s gw1 accel-pppd: ppp0:bob: disconnected`, []string{
			"established bob from 198.51.100.7", "closed bob from 198.51.100.7 = established hold",
		}},
		{"accel-ppp with every message, two at once", `
			%s gw1 accel-pppd: : : pptp: new connection from 198.51.100.7
			%s gw1 accel-pppd: : : pptp: new connection from 198.51.100.8
			%s gw1 accel-pppd: : : bob: authentication succeeded
			%s gw1 accel-pppd: ppp0:bob: connect: ppp0 <--> pptp(198.51.100.8)
			+10s
			%s gw1 accel-pppd: ppp0:bob: idle timeout
			%s gw1 accel-pppd: ppp0:bob: disconnected`, []string{
			"opened from 198.51.100.7", "opened from 198.51.100.8", "established bob from 198.51.100.8",
			"closed bob from 198.51.100.8 = established hold hold.idle_timeout idle_timeout",
		}},
		{"accel-ppp, wrong password, written twice", `
			%s gw1 accel-pppd: : : bob: authentication failed
			%s gw1 accel-pppd: : : bob: authentication failed`, []string{
			"failed bob = failed auth auth.rejected auth_fail",
		}},
		{"accel-ppp, RADIUS away", `
			%s gw1 accel-pppd: : : radius: server(1) not responding
			%s gw1 accel-pppd: : : radius: server(1) not responding
			%s gw1 accel-pppd: : : bob: authentication failed`, []string{
			"! radius_timeout 1", "failed bob = failed auth auth.timeout radius_timeout",
		}},
		{"accel-ppp without addresses", `
			%s gw1 accel-pppd: ppp0:bob: connect: ppp0 <--> pptp(198.51.100.7)
			%s gw1 accel-pppd: ppp0:bob: ppp: no free IPv4 address
			%s gw1 accel-pppd: ppp0:bob: disconnected`, []string{
			"! pool_exhausted", "failed bob from 198.51.100.7 = failed ipcp ipcp.no_address pool_exhausted",
		}},
		{"accel-ppp, restarted", `
			%s gw1 accel-pppd: ppp0:bob: connect: ppp0 <--> pptp(198.51.100.7)
			+1m
			%s gw1 accel-pppd: : : accel-ppp version 1.13.0`, []string{
			"established bob from 198.51.100.7", "! daemon_start", "closed bob from 198.51.100.7 = established hold unknown daemon_start",
		}},
		{"RouterOS", `
			%s gw1 pptp,info TCP connection established from 198.51.100.62
			%s gw1 pptp,ppp,info <pptp-bob>: authenticated
			%s gw1 pptp,ppp,info <pptp-bob>: using encoding - MPPE128 stateless
			%s gw1 pptp,ppp,info,account bob logged in, 192.0.2.10
			%s gw1 pptp,ppp,info <pptp-bob>: connected
			+1h
			%s gw1 pptp,ppp,info,account bob logged out, 3600 1000 2000 30 40
			%s gw1 pptp,ppp,info <pptp-bob>: terminating... - hungup
			%s gw1 pptp,ppp,info <pptp-bob>: disconnected`, []string{
			"opened from 198.51.100.62", "established bob from 198.51.100.62",
			"closed bob from 198.51.100.62 = established hold hangup 1h0m0s 2000/1000",
		}},
		{"RouterOS, RADIUS away", `
			%s gw1 pptp,ppp,error <31292>: user bob authentication failed - radius timeout`, []string{
			"! radius_timeout", "failed bob = failed auth auth.timeout radius_timeout",
		}},
		{"RouterOS, a wrong password beside a session of the same user", `
			%s gw1 pptp,ppp,info,account bob logged in, 192.0.2.10
			%s gw1 pptp,ppp,error <31293>: user bob authentication failed
			+1m
			%s gw1 pptp,ppp,info,account bob logged out, 60 1000 2000 30 40`, []string{
			"established bob", "failed bob = failed auth auth.rejected auth_fail", "closed bob = established hold 1m0s 2000/1000",
		}},
		{"Windows", `
			%s gw1 RemoteAccess: CoID={5F1A0E51-1F6E-4A5D-9A4B-0A8F2E6B7C11}: The user CORP\bob has connected and has been successfully authenticated on port VPN2-127. Data sent and received over this link is strongly encrypted.
			%s gw1 RemoteAccess: CoID={5F1A0E51-1F6E-4A5D-9A4B-0A8F2E6B7C11}: The user CORP\bob connected on port VPN2-127 has been assigned address 192.0.2.12
			+10m
			%s gw1 RemoteAccess: CoID={5F1A0E51-1F6E-4A5D-9A4B-0A8F2E6B7C11}: The user CORP\bob connected on port VPN2-127 on 1/2/2025 at 9:00 AM and disconnected on 1/2/2025 at 9:10 AM. The user was active for 10 minutes 5 seconds. 1024 bytes were sent and 2048 bytes were received. The reason for disconnecting was user request. The tunnel used was WAN Miniport (PPTP). The quarantine state was .`, []string{
			`established CORP\bob`, `closed CORP\bob = established hold user request 10m0s 1024/2048`,
		}},
		{"Windows, GRE blocked", `
			%s gw1 RemoteAccess: CoID={NA}: A connection between the VPN server and the VPN client 198.51.100.7 has been established, but the VPN connection cannot be completed. The most common cause for this is that a firewall`, []string{
			"! gre_blocked", "failed from 198.51.100.7 = failed gre gre.no_reply gre_blocked",
		}},
		{"Windows, wrong password", `
			%s gw1 RemoteAccess: CoID={NA}: The user admin connected from 198.51.100.7 but failed an authentication attempt due to the following reason: The remote connection was denied`, []string{
			"failed admin from 198.51.100.7 = failed auth auth.rejected auth_fail",
		}},
		{"Cisco ASA", `
			%s gw1 %ASA-6-603108: Built PPTP Tunnel at outside, tunnel-id = 8, remote-peer = 198.51.100.7, virtual-interface = 1, client-dynamic-ip = 192.0.2.30, username = bob, MPPE-key-strength = 128 bits
			%s gw1 %ASA-6-603108: Built PPTP Tunnel at outside, tunnel-id = 1, remote-peer = 198.51.100.8, virtual-interface = 8, client-dynamic-ip = 192.0.2.31, username = eve, MPPE-key-strength = 128 bits
			+5m
			%s gw1 %ASA-6-603105: PPTP Tunnel deleted, tunnel_id = 8, remote_peer_ip = 198.51.100.7
			%s gw1 %ASA-6-603105: PPTP Tunnel deleted, tunnel_id = 1, remote_peer_ip = 198.51.100.8`, []string{
			"established bob from 198.51.100.7", "established eve from 198.51.100.8",
			"closed bob from 198.51.100.7 = established hold", "closed eve from 198.51.100.8 = established hold",
		}},
		{"Cisco IOS", `
			%s gw1 123: %LINK-3-UPDOWN: Interface Virtual-Access3, changed state to up
			+1m
			%s gw1 124: %LINK-3-UPDOWN: Interface Virtual-Access3, changed state to down
			%s gw1 125: %VPDN-6-AUTHENFAIL: PAC-1, AAA authentication failure for user bob`, []string{
			"established", "closed = established hold", "failed bob = failed auth auth.rejected auth_fail",
		}},
		{"mpd5", `
			%s gw1 mpd: PPTP: Incoming control connection from 198.51.100.7 49152 to 203.0.113.1 1723
			%s gw1 mpd: [L-1] Accepting PPTP connection
			%s gw1 mpd: [L-1] Link: UP event
			%s gw1 mpd: [L-1] AUTH: INTERNAL returned: failed
			%s gw1 mpd: [L-1] AUTH: RADIUS returned: authenticated
			%s gw1 mpd: [L-1] LCP: authorization successful
			%s gw1 mpd: [L-1] Link: Join bundle "B-1"
			%s gw1 mpd: [B-1] IPCP: Got IP 192.0.2.50 from pool "pool1" for peer
			+1m
			%s gw1 mpd: [B-1] IFACE: Idle timeout
			%s gw1 mpd: [L-1] Link: DOWN event`, []string{
			"opened from 198.51.100.7", "established from 198.51.100.7",
			"closed from 198.51.100.7 = established hold hold.idle_timeout idle_timeout",
		}},
		{"mpd5, the same link for one after the other", `
			%s gw1 mpd: [L-1] Accepting PPTP connection
			%s gw1 mpd: [L-1] AUTH: INTERNAL returned: failed
			%s gw1 mpd: [L-1] Link: DOWN event
			%s gw1 mpd: [L-1] Accepting PPTP connection
			%s gw1 mpd: [L-1] RADIUS: Rec'd RAD_ACCESS_ACCEPT for user 'bob'
			%s gw1 mpd: [L-1] no IP address available for peer!
			%s gw1 mpd: [L-1] Link: DOWN event`, []string{
			"failed = failed auth auth.rejected auth_fail",
			"! pool_exhausted", "failed bob = failed ipcp ipcp.no_address pool_exhausted",
		}},
		{"FreeRADIUS is no gateway", `
			Sun Nov 22 12:00:00 2026 : Auth: (7) Login OK: [bob] (from client gw1 port 0 cli 198.51.100.7)
			Sun Nov 22 12:00:01 2026 : Auth: (8) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [eve] (from client gw1 port 0 cli 198.51.100.8)
			Sun Nov 22 12:00:02 2026 : Auth: (9) Multiple logins (max 1) [MPP attempt]: [bob] (from client gw1 port 0 cli 198.51.100.7)`, []string{
			"! radius_login_ok gw1", "! radius_login_fail gw1", "! duplicate_session gw1",
		}},
		{"a client is no gateway", `
			%s gw1 pptp[7]: anon log[ctrlp_rep:pptp_ctrl.c:251]: Sent control packet type is 1 'Start-Control-Connection-Request'
			%s gw1 pppd[8]: pppd 2.4.9 started by root, uid 0
			%s gw1 pppd[8]: Connect: ppp0 <--> /dev/pts/1
			%s gw1 pppd[8]: CHAP authentication succeeded
			%s gw1 pppd[8]: remote IP address 192.0.2.1
			%s gw1 pppd[8]: Exit.`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, play(t, tt.log)) })
	}
}
