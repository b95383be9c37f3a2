package main

// fleet shows all gateways at once: how many are ill, which, and why.
func fleet() *board {
	b := newBoard("pptp-fleet", "PPTP / Fleet", "All PPTP gateways: their states, what is wrong where, and the RADIUS servers that they share.", site)
	const here = `pptp_gateway_site=~"$site"`

	b.section("Now", false)
	count := func(title, state, colour string) *panel {
		return stat(title, "Gateways in the state "+state+".", "none", at(dim, 1, colour),
			`count(max by (pptp_gateway_id) (pptp_gateway_status{`+here+`, pptp_gateway_state="`+state+`"} == 1)) or vector(0)`)
	}
	b.add(3, 4, stat("Gateways", "Gateways that have a verdict.", "none", at(note), `count(count by (pptp_gateway_id) (pptp_gateway_status{`+here+`}))`))
	b.add(3, 4, count("Healthy", "healthy", good))
	b.add(3, 4, count("Degraded", "degraded", ill))
	b.add(3, 4, count("Down", "down", bad))
	b.add(3, 4, count("Unknown", "unknown", restless))
	b.add(3, 4, count("Flapping", "flapping", restless))
	b.add(3, 4, count("Maintenance", "maintenance", announced))
	b.add(3, 4, stat("Open incidents", "Incidents that are open, of all gateways.", "none", at(good, 1, bad),
		`sum(max by (pptp_gateway_id) (pptp_gateway_incidents{`+here+`})) or vector(0)`))

	b.add(14, 9, table("What is wrong", "Gateways with a cause, and how sure it is. A click on the gateway shows the evidence; one on the cause, what to do.",
		"pptp_gateway_id", []column{
			{"pptp_gateway_id", "Gateway", []property{linked("Gateway", "/d/pptp-gateway?var-gateway=${__value.text}&${__url_time_range}")}},
			{"pptp_gateway_name", "Name", nil},
			{"pptp_gateway_site", "Site", nil},
			{"pptp_root_cause", "Cause", []property{linked("Runbook", runbook+"${__value.text}.md")}},
			{"Value #B", "Severity", coloured(nil, severities)},
			{"Value #C", "Confidence", append(coloured(confidence, nil), inUnit("percentunit"))},
		},
		query{expr: `max by (pptp_gateway_id, pptp_gateway_name, pptp_gateway_site, pptp_root_cause) (pptp_gateway_cause_status{` + here + `} == 1)`},
		query{expr: `max by (pptp_gateway_id) (pptp_gateway_verdict_severity{` + here + `}) and on (pptp_gateway_id) pptp_gateway_cause_status == 1`},
		query{expr: `max by (pptp_gateway_id) (pptp_gateway_verdict_confidence_ratio{` + here + `}) and on (pptp_gateway_id) pptp_gateway_cause_status == 1`},
	))
	b.add(10, 9, table("Alerts", "What Prometheus fires about PPTP.", "", []column{
		{"alertname", "Alert", nil},
		{"severity", "Severity", coloured(nil, []mapping{{Type: "value", Options: map[string]mappingResult{
			"critical": {Text: "critical", Color: bad}, "warning": {Text: "warning", Color: ill, Index: 1}, "info": {Text: "info", Color: note, Index: 2},
		}}})},
		{"gateway", "Gateway", []property{linked("Gateway", "/d/pptp-gateway?var-gateway=${__value.text}&${__url_time_range}")}},
		{"radius_domain", "RADIUS domain", nil},
	}, query{expr: `max by (alertname, severity, gateway, radius_domain) (ALERTS{alertname=~"PPTP.*", alertstate="firing"})`}))

	b.section("Over time", false)
	b.add(24, 9, timeline("States", "The state of each gateway.", values(states...), query{stateOf(here), "{{pptp_gateway_id}}"}))
	b.add(12, 8, stacked(series("Causes", "Gateways by their root cause.", "none",
		query{`sum by (pptp_root_cause) (max by (pptp_gateway_id, pptp_root_cause) (pptp_gateway_cause_status{` + here + `})) > 0`, "{{pptp_root_cause}}"})))
	b.add(12, 8, series("Changes of state", "How often states changed within ten minutes. Much of it with few causes is a path, or a threshold that is too tight.", "none",
		query{`topk(10, sum by (pptp_gateway_id) (increase(pptp_gateway_verdict_transitions_total{` + here + `}[10m]))) > 0`, "{{pptp_gateway_id}}"}))

	b.section("Probes and sessions", false)
	b.add(8, 8, bars("Worst in the last hour", "Share of the time that probes failed, of the ten worst gateways.", "percentunit", at(good, 0.005, restless, 0.05, bad),
		query{`topk(10, 1 - avg by (pptp_gateway_id) (avg_over_time(pptp_probe_up[1h])))`, "{{pptp_gateway_id}}"}))
	b.add(8, 8, share(series("Probes that work", "Share of the targets of probes whose last session reached its depth.", "percentunit",
		query{`avg(pptp_probe_up)`, "all"}, query{`min(avg by (pptp_gateway_id) (pptp_probe_up))`, "worst gateway"})))
	b.add(8, 8, stacked(series("Sessions", "Sessions that are up, as the gateways' SNMP agents count them; the twenty largest.", "none",
		query{`topk(20, max by (pptp_gateway_id) (pptp_sessions{pptp_session_state="up"}))`, "{{pptp_gateway_id}}"})))

	b.section("RADIUS", false)
	b.add(8, 8, timeline("Servers", "Whether the last check of a server passed, by method.", upDown,
		query{`max by (pptp_radius_server, radius_method) (radius_check_up)`, "{{pptp_radius_server}} {{radius_method}}"}))
	b.add(8, 8, limited(series("Time to answer", "95 % of the checks are answered within this time.", "s",
		query{quantile("0.95", "pptp_radius_server", "radius_check_duration_seconds_bucket"), "{{pptp_radius_server}}"}), at(good, 1, bad)))
	b.add(8, 8, stacked(series("What is wrong", "Checks that fail, by error.", "none",
		query{`sum by (pptp_radius_server, error_type) (radius_check_failing)`, "{{pptp_radius_server}} {{error_type}}"})))
	b.add(8, 8, series("Requests at the server", "What the server says of itself (FreeRADIUS statistics), by result.", "reqps",
		query{rate("pptp_radius_server, radius_request_result", "radius_server_requests_total"), "{{pptp_radius_server}} {{radius_request_result}}"}))
	b.add(8, 8, series("Accounted sessions", "Sessions that are open by their accounting.", "none",
		query{`sum by (radius_nas) (radius_accounting_sessions)`, "{{radius_nas}}"}))
	b.add(8, 8, stacked(series("Ends of sessions", "By the reason that the gateway gives.", "ops",
		query{rate("radius_terminate_cause", "radius_accounting_stops_total"), "{{radius_terminate_cause}}"})))
	return b
}
