package line_test

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
)

func Example() {
	p, err := line.New(line.Config{})
	if err != nil {
		panic(err)
	}
	now := time.Date(2025, 1, 12, 9, 15, 2, 0, time.UTC)
	for _, l := range []string{
		"Jan 12 09:15:01 gw1 pptpd[2211]: CTRL: Client 198.51.100.7 control connection started",
		"Jan 12 09:15:01 gw1 sshd[411]: Server listening on 0.0.0.0 port 22.",
		"Jan 12 09:15:02 gw1 pppd[2212]: Peer bob (home) failed CHAP authentication",
	} {
		var e event.Event
		if p.Parse(&e, []byte(l), now) {
			fmt.Printf("%s %s %s[%d] %s, peer %s, user %q\n", e.Time.Format(time.TimeOnly), e.Host, e.Program, e.PID, e.Type, e.Peer, e.User)
		}
	}
	// Output:
	// 09:15:01 gw1 pptpd[2211] session_open, peer 198.51.100.7, user ""
	// 09:15:02 gw1 pppd[2212] auth_fail, peer invalid IP, user "bob (home)"
}
