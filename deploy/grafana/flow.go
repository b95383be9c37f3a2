package main

// flows shows what routers export about GRE and control connections.
func flows() *board {
	b := newBoard("pptp-flow", "PPTP / Flows", "GRE beside TCP port 1723, as routers export it: which gateways lose GRE, and in which direction.", site, gateway)
	flowStates := map[string]mappingResult{"0": {Text: " ", Color: "transparent"}, "1": {Text: "now", Color: note, Index: 1}}

	b.section("Gateways", false)
	b.add(14, 9, timeline("State of GRE", "What flows say of each gateway. inbound_only, outbound_only, control_only, stalled and policy_drop are losses.",
		[]mapping{{Type: "value", Options: flowStates}},
		query{`max by (pptp_gateway_id, pptp_flow_state) (pptp_flow_gateway_status{` + ofGateways + `}) == 1`, "{{pptp_gateway_id}} {{pptp_flow_state}}"}))
	b.add(10, 9, limited(share(series("Blackholed", "Share of the pairs of client and gateway that are judged whose GRE is lost.", "percentunit",
		query{`max by (pptp_gateway_id) (pptp_flow_blackholed_share_ratio{` + ofGateways + `})`, "{{pptp_gateway_id}}"},
		query{`max by (pptp_gateway_id) (pptp_flow_confidence_ratio{` + ofGateways + `})`, "{{pptp_gateway_id}} confidence"})), at(good, 0.5, bad)))
	b.add(8, 8, stacked(series("Pairs of client and gateway", "By their state.", "none",
		query{`sum by (pptp_flow_state) (pptp_flow_pairs{` + ofGateways + `})`, "{{pptp_flow_state}}"})))
	b.add(8, 8, series("GRE packets", "Scaled by the sampling rate. Both directions should look alike.", "pps",
		query{rate("pptp_gateway_id, pptp_flow_direction", `pptp_flow_gre_packets_total{`+ofGateways+`}`), "{{pptp_gateway_id}} {{pptp_flow_direction}}"}))
	b.add(8, 8, series("GRE traffic", "Scaled by the sampling rate.", "Bps",
		query{rate("pptp_gateway_id, pptp_flow_direction", `pptp_flow_gre_io_bytes_total{`+ofGateways+`}`), "{{pptp_gateway_id}} {{pptp_flow_direction}}"}))
	b.add(12, 8, series("Control connections", "That are alive.", "none",
		query{`sum by (pptp_gateway_id) (pptp_flow_control_sessions{` + ofGateways + `})`, "{{pptp_gateway_id}}"}))
	b.add(12, 8, series("Clients behind NAT", "Pairs with several control connections, of whose tunnels one can be lost unseen.", "none",
		query{`sum by (pptp_gateway_id) (pptp_flow_partial_pairs{` + ofGateways + `})`, "{{pptp_gateway_id}}"}))

	b.section("Exports", false)
	b.add(8, 8, stacked(series("Datagrams", "By version.", "pps", query{rate("version", "otelcol_gre_flow_datagrams"), "{{version}}"})))
	b.add(8, 8, series("Records", "In them, and those about PPTP.", "ops",
		query{rate("receiver", "otelcol_gre_flow_records"), "{{receiver}}"}, query{rate("receiver", "otelcol_gre_flow_records_used"), "{{receiver}} about PPTP"}))
	b.add(8, 8, series("Lost", "Records that never came, by gaps in sequence numbers, and datagrams that the kernel dropped.", "ops",
		query{rate("receiver", "otelcol_gre_flow_records_lost"), "{{receiver}} records"}, query{rate("endpoint", "otelcol_gre_flow_kernel_drops"), "{{endpoint}} kernel"}))
	b.add(8, 8, stacked(series("Refused", "Datagrams and parts of them, by reason.", "ops", query{rate("reason", "otelcol_gre_flow_errors") + " > 0", "{{reason}}"})))
	b.add(8, 8, series("Templates", "Sets of data that came before their template, and those that waited in vain.", "ops",
		query{rate("receiver", "otelcol_gre_flow_template_misses"), "{{receiver}} before"}, query{rate("receiver", "otelcol_gre_flow_pending_dropped"), "{{receiver}} in vain"}))
	b.add(8, 8, share(series("Tables", "How full they are.", "percentunit",
		query{`max by (receiver) (otelcol_gre_flow_pairs / otelcol_gre_flow_pairs_limit)`, "{{receiver}} pairs"},
		query{`max by (receiver) (otelcol_gre_flow_exporters / otelcol_gre_flow_exporters_limit)`, "{{receiver}} exporters"},
		query{`max by (receiver) (otelcol_gre_flow_state_size / otelcol_gre_flow_state_size_limit)`, "{{receiver}} templates"})))
	return b
}
