package main

// oneGateway shows what is known of a gateway: the verdict, and each kind of evidence.
func oneGateway() *board {
	b := newBoard("pptp-gateway", "PPTP / Gateway", "One gateway: its verdict, and the evidence by source. With several chosen, lines are by gateway.", site, gateway)

	b.section("Verdict", false)
	state := stat("State", "The worst of the chosen gateways.", "none", at("transparent"), "max("+stateOf(ofGateways)+")")
	state.FieldConfig.Defaults.Mappings = values(states...)
	b.add(4, 4, state)
	severity := stat("Severity", "How urgent the verdict is.", "none", at("transparent"), `max(pptp_gateway_verdict_severity{`+ofGateways+`})`)
	severity.FieldConfig.Defaults.Mappings = severities
	b.add(4, 4, severity)
	b.add(4, 4, stat("Confidence", "How sure the cause is; 0 while there is none. Below 0.5 look at the evidence before acting.", "percentunit", confidence,
		`min(pptp_gateway_verdict_confidence_ratio{`+ofGateways+`} > 0) or vector(0)`))
	b.add(4, 4, stat("Coverage", "Share of the usual evidence that is there. Below 0.3 the state is unknown.", "percentunit", at(bad, 0.3, restless, 0.6, good),
		`min(pptp_gateway_evidence_coverage_ratio{`+ofGateways+`})`))
	b.add(4, 4, stat("Open incidents", "Incidents that are open.", "none", at(good, 1, bad), `sum(max by (pptp_gateway_id) (pptp_gateway_incidents{`+ofGateways+`}))`))
	maintenance := stat("Maintenance", "Whether a window is open.", "none", at("transparent"), `max(pptp_gateway_maintenance{`+ofGateways+`})`)
	maintenance.FieldConfig.Defaults.Mappings = yesNo
	b.add(4, 4, maintenance)
	b.add(24, 6, timeline("State", "", values(states...), query{stateOf(ofGateways), "{{pptp_gateway_id}}"}))
	causes := timeline("Causes", "Each cause that the gateway had within the last hour of a moment.", present,
		query{`max by (pptp_gateway_id, pptp_root_cause) (pptp_gateway_cause_status{` + ofGateways + `})`, "{{pptp_gateway_id}} {{pptp_root_cause}}"})
	causes.FieldConfig.Defaults.Links = []fieldLink{{Title: "Runbook", URL: runbook + "${__field.labels.pptp_root_cause}.md", TargetBlank: true}}
	b.add(12, 8, causes)
	b.add(6, 8, limited(series("Age of the evidence", "How old the newest evidence of each source is. What grows has stopped.", "s",
		query{`max by (pptp_evidence_source) (pptp_gateway_evidence_age_seconds{` + ofGateways + `})`, "{{pptp_evidence_source}}"}), at(good, 600, bad)))
	b.add(6, 8, share(series("Confidence and coverage", "", "percentunit",
		query{`max by (pptp_gateway_id) (pptp_gateway_verdict_confidence_ratio{` + ofGateways + `})`, "{{pptp_gateway_id}} confidence"},
		query{`max by (pptp_gateway_id) (pptp_gateway_evidence_coverage_ratio{` + ofGateways + `})`, "{{pptp_gateway_id}} coverage"})))

	b.section("Probe", false)
	b.add(12, 7, timeline("Probes", "Whether the last session reached its depth, by target and vantage.", upDown,
		query{`min by (pptp_target, pptp_vantage) (pptp_probe_up{` + ofGateways + `})`, "{{pptp_target}} {{pptp_vantage}}"}))
	b.add(12, 7, timeline("What fails", "The error of the last session, while it failed.", present,
		query{`max by (pptp_target, pptp_vantage, error_type) (pptp_probe_failing{` + ofGateways + `})`, "{{error_type}} {{pptp_target}} {{pptp_vantage}}"}))
	b.add(8, 8, series("Time to connect", "From the start of a session until it has an address.", "s",
		query{quantile("0.5", "", `pptp_connect_duration_seconds_bucket{`+ofGateways+`}`), "half"},
		query{quantile("0.95", "", `pptp_connect_duration_seconds_bucket{`+ofGateways+`}`), "95 %"}))
	b.add(8, 8, share(series("GRE lost", "Share of the gateway's GRE packets that did not arrive.", "percentunit",
		query{`max by (pptp_target, pptp_vantage) (pptp_gre_packet_loss_ratio{` + ofGateways + `})`, "{{pptp_target}} {{pptp_vantage}}"})))
	b.add(8, 8, timeline("GRE both ways", "Whether GRE went both ways in the last session.", upDown,
		query{`min by (pptp_target, pptp_vantage) (pptp_gre_data_ok{` + ofGateways + `})`, "{{pptp_target}} {{pptp_vantage}}"}))

	b.section("Host and sessions, by SNMP", true)
	b.add(6, 8, timeline("Agent", "Whether the last poll of the agent was answered.", upDown,
		query{`max by (pptp_gateway_id) (snmp_agent_up{` + ofGateways + `})`, "{{pptp_gateway_id}}"}))
	b.add(9, 8, stacked(series("Sessions", "By their state.", "none",
		query{`sum by (pptp_session_state) (pptp_sessions{` + ofGateways + `})`, "{{pptp_session_state}}"},
		query{`sum(pptp_sessions_max{` + ofGateways + `})`, "limit"})))
	b.add(9, 8, stacked(series("Addresses", "Of the pools.", "none",
		query{`sum by (pptp_ip_pool_state) (pptp_ip_pool_usage{` + ofGateways + `})`, "{{pptp_ip_pool_state}}"})))
	b.add(8, 8, series("Load", "Average of a minute.", "none",
		query{`max by (pptp_gateway_id) (system_cpu_load_average{` + ofGateways + `, system_cpu_load_average_minutes="1"})`, "{{pptp_gateway_id}}"}))
	b.add(8, 8, stacked(series("Memory", "By its use.", "bytes",
		query{`sum by (system_memory_state) (system_memory_usage_bytes{` + ofGateways + `})`, "{{system_memory_state}}"})))
	b.add(8, 8, series("Daemons", "Processes of each.", "none",
		query{`sum by (process_executable_name) (system_process_count{` + ofGateways + `})`, "{{process_executable_name}}"}))
	b.add(12, 8, series("Traffic of sessions", "Seen from the gateway.", "Bps",
		query{rate("network_io_direction", `pptp_sessions_io_bytes_total{`+ofGateways+`}`), "{{network_io_direction}}"}))
	b.add(12, 8, series("Errors and discards", "Of the sessions' interfaces.", "pps",
		query{rate("network_io_direction", `pptp_sessions_errors_total{`+ofGateways+`}`), "errors {{network_io_direction}}"},
		query{rate("network_io_direction", `pptp_sessions_dropped_total{`+ofGateways+`}`), "dropped {{network_io_direction}}"}))

	b.section("RADIUS, as the gateway sees it", true)
	b.add(12, 8, stacked(series("Requests", "Of the gateway to its authentication servers, by result (SNMP).", "reqps",
		query{rate("pptp_auth_result", `pptp_auth_requests_total{`+ofGateways+`, pptp_auth_result!="sent"}`), "{{pptp_auth_result}}"})))
	b.add(12, 8, series("Round trip", "Of the last answer of a server (SNMP).", "s",
		query{`max by (pptp_auth_server) (pptp_auth_round_trip_seconds{` + ofGateways + `})`, "{{pptp_auth_server}}"}))

	b.section("Logs", true)
	b.add(8, 8, stacked(series("Sessions of users", "By their outcome, out of the daemon's log.", "ops",
		query{rate("pptp_session_outcome", `pptp_log_sessions_total{`+ofGateways+`}`), "{{pptp_session_outcome}}"})))
	b.add(8, 8, stacked(series("Failures", "By error, out of the daemon's log.", "ops",
		query{rate("error_type", `pptp_log_failures_total{`+ofGateways+`}`), "{{error_type}}"})))
	b.add(8, 8, series("Clients with failures", "How many different clients failed lately. One alone is not the gateway.", "none",
		query{`max by (pptp_gateway_id) (pptp_log_failures_peers{` + ofGateways + `})`, "{{pptp_gateway_id}}"}))
	b.add(8, 8, series("Refused logins", "", "ops", query{rate("pptp_gateway_id", `pptp_log_auth_failures_total{`+ofGateways+`}`), "{{pptp_gateway_id}}"}))
	b.add(8, 8, series("GRE errors", "Errors of reading GRE, by errno.", "ops", query{rate("error_errno", `pptp_log_gre_errors_total{`+ofGateways+`}`), "{{error_errno}}"}))
	b.add(8, 8, stacked(series("Events", "What the daemon says besides.", "ops", query{rate("pptp_log_event", `pptp_log_events_total{`+ofGateways+`}`), "{{pptp_log_event}}"})))
	return b
}
