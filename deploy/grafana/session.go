package main

// sessions shows how the probes' sessions go, stage by stage.
func sessions() *board {
	b := newBoard("pptp-session", "PPTP / Sessions", "The sessions of the probes: how many succeed, where they fail, how long each stage takes, and what the tunnel carries.",
		site, gateway, vantage)
	const of = ofGateways + `, pptp_vantage=~"$vantage"`

	b.section("Success", false)
	b.add(4, 8, stat("Works, last 24 h", "Share of the time that probes succeeded. The objective is 99.5 %.", "percentunit", at(bad, 0.99, ill, 0.995, good),
		`avg(avg_over_time(pptp_probe_up{`+of+`}[1d]))`))
	b.add(10, 8, share(series("Success", "Share of the targets whose last session reached its depth.", "percentunit",
		query{`avg by (pptp_gateway_id) (pptp_probe_up{` + of + `})`, "{{pptp_gateway_id}}"})))
	b.add(10, 8, stacked(series("Failures", "Sessions that failed, by error.", "ops",
		query{rate("error_type", `pptp_probe_attempts_total{`+of+`, error_type!=""}`), "{{error_type}}"})))
	b.add(12, 7, timeline("What fails", "The error of the last session of a target, while it failed.", present,
		query{`max by (pptp_gateway_id, pptp_vantage, error_type) (pptp_probe_failing{` + of + `})`, "{{pptp_gateway_id}} {{pptp_vantage}} {{error_type}}"}))
	b.add(12, 7, stacked(series("Warnings", "What was wrong without making a session fail.", "ops",
		query{rate("pptp_warning", `pptp_probe_warnings_total{`+of+`}`), "{{pptp_warning}}"})))

	b.section("Setting up", false)
	b.add(12, 9, heatmap("Time to connect", "From the start of a session until it has an address.", "s",
		`sum by (le) (increase(pptp_connect_duration_seconds_bucket{`+of+`}[$__rate_interval]))`))
	b.add(12, 9, stacked(series("Mean time of each stage", "Which stage takes the time.", "s", query{
		rate("pptp_stage", `pptp_probe_stage_duration_seconds_sum{`+of+`}`) + " / " + rate("pptp_stage", `pptp_probe_stage_duration_seconds_count{`+of+`}`), "{{pptp_stage}}"})))
	b.add(8, 8, series("Authentication", "Most of it is the RADIUS server.", "s",
		query{quantile("0.5", "", `pptp_auth_duration_seconds_bucket{`+of+`}`), "half"}, query{quantile("0.95", "", `pptp_auth_duration_seconds_bucket{`+of+`}`), "95 %"}))
	b.add(8, 8, series("Logins", "By whether the credentials were accepted.", "ops",
		query{rate("pptp_gateway_id", `pptp_auth_success_total{`+of+`}`), "{{pptp_gateway_id}} accepted"},
		query{rate("pptp_gateway_id, error_type", `pptp_auth_failures_total{`+of+`}`), "{{pptp_gateway_id}} {{error_type}}"}))
	b.add(8, 8, series("Repeated requests", "Requests that were not answered in time, by protocol.", "ops",
		query{rate("pptp_protocol", `pptp_lcp_retransmits_total{`+of+`}`), "{{pptp_protocol}}"}))

	b.section("GRE and encryption", false)
	b.add(8, 8, share(series("Lost", "Share of the gateway's GRE packets.", "percentunit",
		query{`max by (pptp_gateway_id, pptp_vantage) (pptp_gre_packet_loss_ratio{` + of + `})`, "{{pptp_gateway_id}} {{pptp_vantage}}"})))
	b.add(8, 8, series("Out of order, twice, lost", "GRE packets of the gateway.", "pps",
		query{rate("pptp_gateway_id", `pptp_gre_packet_reordered_total{`+of+`}`), "{{pptp_gateway_id}} out of order"},
		query{rate("pptp_gateway_id", `pptp_gre_packet_duplicate_total{`+of+`}`), "{{pptp_gateway_id}} twice"},
		query{rate("pptp_gateway_id", `pptp_gre_packet_lost_total{`+of+`}`), "{{pptp_gateway_id}} lost"}))
	b.add(8, 8, series("Trouble with MPPE", "Packets that could not be deciphered, and resets.", "pps",
		query{rate("pptp_gateway_id", `pptp_mppe_decrypt_errors_total{`+of+`}`), "{{pptp_gateway_id}} not deciphered"},
		query{rate("pptp_gateway_id", `pptp_ccp_resets_total{`+of+`}`), "{{pptp_gateway_id}} resets"}))
	b.add(12, 8, series("GRE traffic", "Payload of the probes' sessions.", "Bps",
		query{rate("network_io_direction", `pptp_gre_io_bytes_total{`+of+`}`), "{{network_io_direction}}"}))
	b.add(12, 8, series("Round trips", "On the way to the gateway, and inside.", "s",
		query{quantile("0.5", "", `pptp_gre_ack_rtt_seconds_bucket{`+of+`}`), "GRE acknowledgement"},
		query{quantile("0.5", "", `pptp_control_echo_rtt_seconds_bucket{`+of+`}`), "control echo"},
		query{quantile("0.5", "", `pptp_lcp_echo_rtt_seconds_bucket{`+of+`}`), "LCP echo"}))

	b.section("Through the tunnel", false)
	b.add(8, 8, series("Ping", "95 % of the replies are there within this time.", "s",
		query{quantile("0.95", "pptp_gateway_id, pptp_check", `pptp_tunnel_icmp_rtt_seconds_bucket{`+of+`}`), "{{pptp_gateway_id}} {{pptp_check}}"}))
	b.add(8, 8, share(series("Pings lost", "", "percentunit",
		query{`max by (pptp_gateway_id, pptp_check) (pptp_tunnel_icmp_loss_ratio{` + of + `})`, "{{pptp_gateway_id}} {{pptp_check}}"})))
	b.add(8, 8, series("Jitter", "By RFC 3550.", "s",
		query{`max by (pptp_gateway_id, pptp_check) (pptp_tunnel_icmp_jitter_seconds{` + of + `})`, "{{pptp_gateway_id}} {{pptp_check}}"}))
	b.add(8, 8, series("DNS, TCP and HTTP", "95 % of the checks take less.", "s",
		query{quantile("0.95", "pptp_check", `pptp_tunnel_dns_lookup_duration_seconds_bucket{`+of+`}`), "DNS {{pptp_check}}"},
		query{quantile("0.95", "pptp_check", `pptp_tunnel_tcp_connect_duration_seconds_bucket{`+of+`}`), "TCP {{pptp_check}}"},
		query{quantile("0.95", "pptp_check", `pptp_tunnel_http_duration_seconds_bucket{`+of+`}`), "HTTP {{pptp_check}}"}))
	b.add(8, 8, series("MTU", "What was negotiated, and what passes.", "bytes",
		query{`min by (pptp_gateway_id, pptp_mtu_kind) (pptp_tunnel_mtu_bytes{` + of + `})`, "{{pptp_gateway_id}} {{pptp_mtu_kind}}"}))
	b.add(8, 8, series("Throughput", "Of the transfers in checks.", "Bps",
		query{`max by (pptp_gateway_id, network_io_direction) (pptp_tunnel_throughput_bytes_per_second{` + of + `})`, "{{pptp_gateway_id}} {{network_io_direction}}"}))

	b.section("Held sessions", true)
	b.add(12, 8, timeline("Up", "Whether the held session of a target is up.", upDown,
		query{`min by (pptp_target, pptp_vantage) (pptp_session_active{` + of + `})`, "{{pptp_target}} {{pptp_vantage}}"}))
	b.add(12, 8, stacked(series("Lost", "Held sessions that were lost after they had been up, by error.", "ops",
		query{rate("error_type", `pptp_session_lost_total{`+of+`}`), "{{error_type}}"})))

	b.section("Sessions of users", true)
	b.add(8, 8, stacked(series("Come and go", "Changes in the gateway's table of sessions (SNMP).", "ops",
		query{rate("pptp_session_event", `pptp_session_events_total{`+ofGateways+`}`), "{{pptp_session_event}}"})))
	b.add(8, 8, stacked(series("Outcome", "Out of the daemon's log.", "ops",
		query{rate("pptp_session_outcome", `pptp_log_sessions_total{`+ofGateways+`}`), "{{pptp_session_outcome}}"})))
	b.add(8, 8, stacked(series("Where they fail", "The stage at which sessions of users end, out of the daemon's log.", "ops",
		query{rate("pptp_stage", `pptp_log_sessions_total{`+ofGateways+`, pptp_session_outcome="failed"}`), "{{pptp_stage}}"})))
	return b
}
