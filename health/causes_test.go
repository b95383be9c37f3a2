package health

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// both is a failure that both vantages see.
func both(stage, value string) string { return fails(stage, value, "lon", "ams") }

const (
	snmpOK = " snmp.agent=ok snmp.daemon=ok snmp.load=ok snmp.pool=ok snmp.interface=ok "
	noGRE  = "probe.tcp=ok@lon probe.sccrp=ok@lon probe.ocrp=ok@lon probe.gre_rx=none@lon probe.lcp=timeout@lon " +
		"probe.tcp=ok@ams probe.sccrp=ok@ams probe.ocrp=ok@ams probe.gre_rx=none@ams probe.lcp=timeout@ams "
)

// TestCauses has each cause of the codebook by evidence that shows it, and evidence that
// almost does.
func TestCauses(t *testing.T) {
	allOK := works + " "
	for _, c := range []struct {
		cause, evidence string
		state           State
		// near is the near miss, and what it is instead.
		near      string
		nearState State
		nearCause string
	}{
		{
			"gateway_unreachable", both("tcp", "timeout") + "snmp.agent=unreachable netflow.traffic=absent", Down,
			fails("tcp", "timeout", "lon") + fails("data", "ok", "ams") + snmpOK, Degraded, "upstream_path_or_vantage",
		}, {
			"upstream_path_or_vantage", fails("tcp", "timeout", "lon") + fails("data", "ok", "ams") + "probe.reference=bad@lon" + snmpOK, Degraded,
			both("tcp", "timeout") + "snmp.agent=unreachable", Down, "gateway_unreachable",
		}, {
			"control_port_down", both("tcp", "refused") + "snmp.agent=ok snmp.daemon=absent log.daemon=exited", Down,
			both("tcp", "timeout") + "snmp.agent=unreachable", Down, "gateway_unreachable",
		}, {
			"control_plane_hung", both("sccrp", "timeout") + snmpOK + "log.control=no_session", Down,
			both("sccrp", "rejected") + snmpOK, Degraded, "control_rejected",
		}, {
			"control_rejected", both("sccrp", "rejected") + snmpOK + "log.control=limited", Degraded,
			both("sccrp", "timeout") + snmpOK, Down, "control_plane_hung",
		}, {
			"call_rejected_capacity", both("ocrp", "rejected") + "log.calls=no_slots snmp.pool=full", Degraded,
			allOK + "log.calls=no_slots", Healthy, "",
		}, {
			"gre_blackhole_bidirectional", noGRE + "netflow.gre=none log.lcp=timeout", Down,
			noGRE + "netflow.gre=inbound_only", Down, "gre_blackhole_server_to_client",
		}, {
			"gre_blackhole_server_to_client", noGRE + "netflow.gre=inbound_only log.lcp=received_only", Down,
			noGRE + "netflow.gre=none", Down, "gre_blackhole_bidirectional",
		}, {
			"gre_blackhole_client_to_server", both("lcp", "unacked") + "netflow.gre=outbound_only log.lcp=sent_only", Down,
			both("lcp", "rejected") + "netflow.gre=ok", Degraded, "lcp_negotiation_failure",
		}, {
			"gre_rejected_icmp", both("gre_rx", "icmp_rejected") + "log.gre_read=not_available%a log.gre_read=not_available%b netflow.icmp=rejected", Down,
			allOK + "log.gre_read=not_available%a", Healthy, "client_side",
		}, {
			"gre_init_failure", "log.gre_socket=failed " + noGRE, Down,
			"log.gre_socket=ok " + noGRE, Down, "gre_blackhole_bidirectional",
		}, {
			"mtu_black_hole", both("data", "large_lost") + "netflow.gre=small_only", Degraded,
			both("data", "lost") + "snmp.interface=errors", Degraded, "data_plane_loss",
		}, {
			"lcp_negotiation_failure", both("lcp", "rejected") + "netflow.gre=ok log.lcp=auth_type", Degraded,
			both("lcp", "unacked") + "netflow.gre=outbound_only", Down, "gre_blackhole_client_to_server",
		}, {
			"auth_backend_down", both("auth", "timeout") + "radius.auth=timeout log.radius=no_reply", Down,
			both("auth", "rejected") + "log.auth=ok radius.auth=rejected", Degraded, "synthetic_credential_invalid",
		}, {
			"auth_backend_slow", both("data", "ok") + "radius.auth=ok radius.latency=slow log.radius_server=overloaded", Degraded,
			both("auth", "timeout") + "radius.auth=timeout radius.latency=unknown", Down, "auth_backend_down",
		}, {
			"radius_secret_or_message_authenticator", both("auth", "timeout") + "radius.integrity=one_mode_only log.radius=bad_secret change.config=changed", Down,
			both("auth", "timeout") + "radius.integrity=ok radius.auth=timeout log.radius=no_reply", Down, "auth_backend_down",
		}, {
			"auth_rejects_surge", "log.auth=rejected%a log.auth=rejected%b log.auth=rejected%c radius.auth=ok " + both("data", "ok"), Degraded,
			allOK + "log.auth=rejected%a log.auth=rejected%b", Healthy, "client_side",
		}, {
			"synthetic_credential_invalid", both("auth", "rejected") + "log.auth=ok radius.auth=rejected", Degraded,
			both("auth", "rejected") + "log.auth=rejected radius.auth=ok", Degraded, "auth_rejects_surge",
		}, {
			"mppe_negotiation_failure", both("mppe", "refused") + "log.mppe=failed radius.keys=missing", Degraded,
			both("data", "undecipherable") + "log.mppe=key_mismatch", Degraded, "mppe_key_mismatch",
		}, {
			"mppe_key_mismatch", both("data", "undecipherable") + "log.mppe=key_mismatch", Degraded,
			both("data", "lost") + "log.echo=timeout", Degraded, "data_plane_loss",
		}, {
			"ip_pool_exhausted", both("ipcp", "no_address") + "log.pool=exhausted radius.pool=full", Down,
			both("ipcp", "rejected") + "log.ipcp=failed snmp.pool=ok", Degraded, "ipcp_failure",
		}, {
			"ipcp_failure", both("ipcp", "rejected") + "log.ipcp=failed snmp.pool=ok", Degraded,
			both("ipcp", "no_address") + "snmp.pool=full log.pool=exhausted", Down, "ip_pool_exhausted",
		}, {
			"data_plane_loss", both("data", "lost") + "snmp.interface=errors log.echo=timeout", Degraded,
			both("data", "large_lost") + "netflow.gre=small_only", Degraded, "mtu_black_hole",
		}, {
			"mass_disconnect", both("data", "ok") + "log.disconnects=mass radius.stops=lost_carrier snmp.sessions=dropped", Down,
			both("data", "ok") + "log.disconnects=mass log.start=started", Degraded, "daemon_restart_or_crash",
		}, {
			"daemon_restart_or_crash", both("data", "ok") + "log.start=started snmp.uptime=reset", Degraded,
			allOK + "log.start=ok snmp.uptime=ok", Healthy, "",
		}, {
			"gateway_overload", both("data", "ok") + "probe.latency=high@lon probe.latency=high@ams snmp.load=high log.daemon=overloaded", Degraded,
			both("data", "ok") + "probe.latency=ok@lon probe.latency=ok@ams snmp.load=high", Healthy, "",
		}, {
			"session_flapping_clients", both("data", "ok") + "log.repeats=repeated log.short_sessions=many", Degraded,
			both("data", "ok") + "log.repeats=repeated log.disconnects=mass radius.stops=mass", Down, "mass_disconnect",
		}, {
			"accounting_anomaly", both("data", "ok") + "radius.accounting=stop_without_start log.accounting=start_failed", Degraded,
			both("data", "ok") + "radius.accounting=ok", Healthy, "",
		}, {
			"config_error", both("lcp", "timeout") + "log.config=option_error change.config=changed", Down,
			both("data", "ok") + "log.config=ok change.config=changed", Healthy, "",
		}, {
			"client_side", allOK + "log.lcp=timeout%a", Healthy,
			noGRE + "netflow.gre=none log.lcp=timeout%a log.lcp=timeout%b", Down, "gre_blackhole_bidirectional",
		}, {
			"unknown", both("sccrp", "bad") + snmpOK, Degraded,
			both("sccrp", "closed") + snmpOK, Degraded, "control_rejected",
		},
	} {
		t.Run(c.cause, func(t *testing.T) {
			b := newBench(t, Config{})
			b.rounds(12, c.evidence)
			v := b.expect(c.state, c.cause)
			assert.NotEmpty(t, v.Evidence)
			assert.NotEmpty(t, v.Hint)
			assert.Positive(t, v.Confidence)
		})
		t.Run(c.cause+"/near miss", func(t *testing.T) {
			b := newBench(t, Config{})
			b.rounds(12, c.near)
			b.expect(c.nearState, c.nearCause)
		})
	}
}

func TestCauseTelemetryGap(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(3, works)
	b.expect(Healthy, "")
	b.rounds(30, "log.pool=ok")
	v := b.expect(Unknown, "telemetry_gap")
	assert.Less(t, v.Coverage, lowCoverage)
	assert.Equal(t, Warning, v.Severity)
}

func TestCauseTelemetryGapNearMiss(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(3, works)
	b.rounds(30, snmpOK) // one source of three is above the bound
	b.expect(Healthy, "")
}

func TestRejectedProbeAloneIsNoCriticalVerdict(t *testing.T) {
	for _, evidence := range []string{"", "log.auth=ok", snmpOK} {
		b := newBench(t, Config{})
		b.rounds(12, both("auth", "rejected")+evidence)
		assert.Equal(t, Warning, b.expect(Degraded, "synthetic_credential_invalid").Severity)
	}
}

func TestEveryCauseOfTheTableIsThere(t *testing.T) {
	assert.Len(t, DefaultCodebook().Causes(), 31+1, "the table, and what nothing explains")
}
