package main

// self shows the collector itself: whether what watches the gateways can be relied upon.
func self() *board {
	collector := variable("collector", "Collector", "label_values(otelcol_process_uptime, instance)")
	b := newBoard("pptp-self", "PPTP / Collector", "The collector: its load, its queues and tables, and what is dropped.", collector)
	const of = `instance=~"$collector"`
	in := func(metric string) string { return metric + "{" + of + "}" }
	each := func(title, description, by string, metrics ...query) *panel {
		for i := range metrics {
			metrics[i].expr = rate(by, in(metrics[i].expr))
		}
		return series(title, description, "ops", metrics...)
	}

	b.section("Process", false)
	b.add(6, 7, timeline("Scraped", "Whether Prometheus reaches the collector.", upDown, query{`min by (job, instance) (up{job=~"otelcol-pptp.*"})`, "{{job}} {{instance}}"}))
	b.add(6, 7, series("Memory", "Resident, and on the heap.", "bytes",
		query{in("otelcol_process_memory_rss"), "{{instance}} resident"}, query{in("otelcol_process_runtime_heap_alloc_bytes"), "{{instance}} heap"}))
	b.add(6, 7, series("CPU", "Cores in use.", "none", query{`rate(` + in("otelcol_process_cpu_seconds") + `[$__rate_interval])`, "{{instance}}"}))
	b.add(6, 7, stat("Up for", "Since the last start.", "s", at(restless, 600, good), `min(`+in("otelcol_process_uptime")+`)`))

	b.section("Pipelines", false)
	b.add(8, 8, each("Accepted", "Points and records that receivers passed on.", "receiver",
		query{"otelcol_receiver_accepted_metric_points", "{{receiver}} points"}, query{"otelcol_receiver_accepted_log_records", "{{receiver}} records"}))
	b.add(8, 8, each("Refused", "What pipelines did not take. Not zero is a loss.", "receiver",
		query{"otelcol_receiver_refused_metric_points", "{{receiver}} points"}, query{"otelcol_receiver_refused_log_records", "{{receiver}} records"}))
	b.add(8, 8, each("Sent, and failed", "By exporter.", "exporter",
		query{"otelcol_exporter_sent_metric_points", "{{exporter}} points"}, query{"otelcol_exporter_sent_log_records", "{{exporter}} records"},
		query{"otelcol_exporter_send_failed_metric_points", "{{exporter}} points failed"}, query{"otelcol_exporter_send_failed_log_records", "{{exporter}} records failed"}))

	b.section("Correlation", false)
	b.add(8, 8, series("Evaluation", "How long it takes to evaluate all gateways.", "s",
		query{quantile("0.5", "", in("otelcol_pptp_correlation_evaluation_duration_bucket")), "half"},
		query{quantile("0.99", "", in("otelcol_pptp_correlation_evaluation_duration_bucket")), "99 %"}))
	b.add(8, 8, stacked(each("Evidence", "By what became of it.", "outcome", query{"otelcol_pptp_correlation_evidence", "{{outcome}}"})))
	b.add(8, 8, stacked(each("No evidence", "Points and events that were to be evidence and are none, by reason.", "reason",
		query{"otelcol_pptp_correlation_evidence_dropped", "{{reason}}"})))
	b.add(8, 8, share(series("Tables", "How full they are.", "percentunit",
		query{`max by (table) (` + in("otelcol_pptp_correlation_table_size") + ` / ` + in("otelcol_pptp_correlation_table_limit") + `)`, "{{table}}"})))
	b.add(8, 8, series("Stale evidence, pending events", "", "none",
		query{`sum by (processor) (` + in("otelcol_pptp_correlation_evidence_stale") + `)`, "{{processor}} stale"},
		query{`sum by (processor) (` + in("otelcol_pptp_correlation_events_pending") + `)`, "{{processor}} pending"}))
	b.add(8, 8, each("Events", "Made, dropped, and what failed besides.", "processor",
		query{"otelcol_pptp_correlation_events", "{{processor}} made"}, query{"otelcol_pptp_correlation_events_dropped", "{{processor}} dropped"},
		query{"otelcol_pptp_correlation_failures", "{{processor}} failed"}))

	b.section("Probe", false)
	b.add(8, 8, series("Sessions", "That run, and wait for their turn.", "none",
		query{`sum by (receiver) (` + in("otelcol_pptp_probe_sessions_active") + `)`, "{{receiver}} running"},
		query{`sum by (receiver) (` + in("otelcol_pptp_probe_sessions_limit") + `)`, "{{receiver}} limit"},
		query{`sum by (receiver) (` + in("otelcol_pptp_probe_queue_size") + `)`, "{{receiver}} waiting"}))
	b.add(8, 8, series("Left out", "Runs for which there was no time, by reason, and GRE packets for which a session was too slow.", "ops",
		query{rate("receiver, reason", in("otelcol_pptp_probe_sessions_skipped")), "{{receiver}} {{reason}}"},
		query{rate("receiver", in("otelcol_pptp_probe_gre_dropped")), "{{receiver}} GRE"}))
	b.add(8, 8, series("Late", "95 % of the sessions start within this time of when they are due.", "s",
		query{quantile("0.95", "receiver", in("otelcol_pptp_probe_start_delay_bucket")), "{{receiver}}"}))

	b.section("SNMP", false)
	b.add(8, 8, series("Agents", "All, and those that fail.", "none",
		query{`sum by (receiver) (` + in("otelcol_snmp_ppp_agents") + `)`, "{{receiver}}"}, query{`sum by (receiver) (` + in("otelcol_snmp_ppp_agents_failing") + `)`, "{{receiver}} failing"}))
	b.add(8, 8, each("Left out", "Polls for which there was no time, series and events beyond a limit.", "receiver",
		query{"otelcol_snmp_ppp_polls_skipped", "{{receiver}} polls"}, query{"otelcol_snmp_ppp_series_dropped", "{{receiver}} series"},
		query{"otelcol_snmp_ppp_events_dropped", "{{receiver}} events"}))
	b.add(8, 8, series("Time of a poll", "95 % take less.", "s", query{quantile("0.95", "receiver", in("otelcol_snmp_ppp_poll_duration_bucket")), "{{receiver}}"}))

	b.section("Logs", false)
	b.add(8, 8, stacked(series("Lines", "By what they are.", "ops", query{rate("pptp_log_class", "pptp_log_lines_total"), "{{pptp_log_class}}"})))
	b.add(8, 8, series("Not understood", "Lines that fit no pattern, by program.", "ops", query{rate("pptp_log_program", "pptp_log_unclassified_total"), "{{pptp_log_program}}"}))
	b.add(8, 8, series("Sessions that are followed", "And how many can be.", "none",
		query{`sum by (connector) (` + in("otelcol_pptp_log_sessions_tracked") + `)`, "{{connector}}"},
		query{`sum by (connector) (` + in("otelcol_pptp_log_sessions_tracked_limit") + `)`, "{{connector}} limit"}))

	b.section("RADIUS", false)
	b.add(8, 8, series("Rounds of checks", "That run, and wait.", "none",
		query{`sum by (receiver) (` + in("otelcol_radius_rounds_active") + `)`, "{{receiver}} running"}, query{`sum by (receiver) (` + in("otelcol_radius_rounds_waiting") + `)`, "{{receiver}} waiting"}))
	b.add(8, 8, each("Left out", "Rounds for which there was no time, and events.", "receiver",
		query{"otelcol_radius_checks_skipped", "{{receiver}} rounds"}, query{"otelcol_radius_events_dropped", "{{receiver}} events"}))
	b.add(8, 8, share(series("Tables of accounting", "How full they are.", "percentunit",
		query{`max by (table) (` + in("otelcol_radius_accounting_entries") + ` / ` + in("otelcol_radius_accounting_entries_limit") + `)`, "{{table}}"})))
	return b
}
