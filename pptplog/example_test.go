package pptplog_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// A client whose login fails while the RADIUS server is away. pppd says that the user was
// refused; the session says why.
func Example() {
	engine, err := pptplog.New(pptplog.Config{Session: session.Config{
		OnSession: func(c session.Change, s *session.Session) {
			if c == session.Failed {
				fmt.Println(s.Peer, s.Stage, s.Cause, s.Reason)
			}
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	const log = `Nov 22 19:56:52 gw1 pptpd[2023]: CTRL: Client 198.51.100.7 control connection started
Nov 22 19:56:52 gw1 pptpd[2023]: CTRL: Starting call (launching pppd, opening GRE)
Nov 22 19:56:52 gw1 pppd[2024]: pppd 2.4.9 started by root, uid 0
Nov 22 19:56:52 gw1 pppd[2024]: Connect: ppp0 <--> /dev/pts/0
Nov 22 19:57:01 gw1 pppd[2024]: rc_send_server: no reply from RADIUS server 192.0.2.5:1812
Nov 22 19:57:01 gw1 pppd[2024]: Peer bob failed CHAP authentication
Nov 22 19:57:01 gw1 pppd[2024]: Exit.
Nov 22 19:57:01 gw1 pptpd[2023]: CTRL: Reaping child PPP[2024]
Nov 22 19:57:01 gw1 pptpd[2023]: CTRL: Client 198.51.100.7 control connection finished`
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	for line := range strings.Lines(log) {
		engine.LineString(now, "", line)
	}
	engine.Tick(now.Add(time.Minute))
	// Output: 198.51.100.7 auth auth.timeout radius_timeout
}
