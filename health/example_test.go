package health_test

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// The daemon of a gateway has ended: two vantages are refused, and the gateway's SNMP
// agent answers, without a daemon in its list of processes.
func Example() {
	engine, err := health.New(health.Config{
		Gateways: []health.Gateway{{ID: "vpn-1"}},
		OnEvent: func(ev *health.Event) {
			if ev.Kind == health.IncidentOpened {
				fmt.Println(ev.Incident.Subject, ev.Incident.State, ev.Incident.Cause, ev.Incident.Severity)
				for _, c := range ev.Incident.Evidence {
					fmt.Println(" ", c.Role, "-", c.Text, "-", c.Finding)
				}
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 3 {
		now = now.Add(10 * time.Second)
		for _, ev := range []health.Evidence{
			{Signal: "probe.tcp", Value: "refused", Vantage: "lon"},
			{Signal: "probe.tcp", Value: "refused", Vantage: "ams"},
			{Signal: "snmp.agent", Value: "ok"},
			{Signal: "snmp.daemon", Value: "absent"},
		} {
			ev.Gateway, ev.At = "vpn-1", now
			engine.Observe(now, &ev)
		}
		engine.Evaluate(now)
	}
	// Output:
	// vpn-1 down control_port_down critical
	//   required - probe.tcp: refused - holds
	//   supporting - snmp.agent: ok - holds
	//   supporting - log.daemon: exited or listen_failed - missing
	//   supporting - snmp.daemon: absent - holds
	//   contradicting - probe.sccrp: ok - missing
	//   contradicting - snmp.daemon: ok - refuted
}
