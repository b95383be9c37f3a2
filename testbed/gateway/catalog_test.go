package gateway

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// effect is what a client notices of a fault.
type effect struct {
	sees   []string                   // all of these events
	not    []string                   // none of these
	says   string                     // reason in a Terminate-Request
	fails  chap.Failure               // of authentication; Code and Retry count
	change func(*Config, *ppp.Config) // of both sides
	check  func(t *testing.T, m *sim) // before the teardown
	after  func(t *testing.T, m *sim) // after it
	pings  int                        // are answered, of 20
	size   int                        // of the pings' payload
	hold   time.Duration              // of virtual time after the pings; 0: 3 s
}

const up = "IPCPOpened"

// ok is a session that works, whatever else happens.
func ok(e effect) effect {
	e.sees = append(e.sees, up, "TerminateAcked", "control stop reply")
	return e
}

var inClear = func(_ *Config, p *ppp.Config) { p.MPPE = ppp.MPPERefuse }

// effects has every entry of the catalog but those of the TCP listener and of the
// raw socket, which have tests of their own, and of the TCP services.
var effects = map[string]effect{
	"tcp.closed_after_connect":    {sees: []string{"eof"}, not: []string{"control started"}},
	"control.sccrp_timeout":       {not: []string{"control started", "eof"}},
	"control.closed_before_sccrp": {sees: []string{"eof"}, not: []string{"control started"}},
	"control.invalid_reply":       {sees: []string{"control malformed"}},
	"control.version_rejected":    {sees: []string{"control start refused"}},
	"control.not_authorized":      {sees: []string{"control start refused"}},
	"control.already_exists":      {sees: []string{"control start refused"}},
	"control.general_error":       {sees: []string{"control start refused"}},
	"control.echo_timeout":        ok(effect{sees: []string{"control echo timeout"}, hold: 20 * time.Second, pings: 20}),
	"control.stopped_by_peer":     {pings: -1, sees: []string{up, "control stop requested"}},
	"call.timeout":                {sees: []string{"control started"}, not: []string{"control connected", "eof"}},
	"call.closed_after_ocrq":      {sees: []string{"control started", "eof"}, not: []string{"control connected"}},
	"call.busy":                   {sees: []string{"control call refused"}},
	"call.prohibited":             {sees: []string{"control call refused"}},
	"call.no_carrier":             {sees: []string{"control call refused"}},
	"no_dial_tone":                {sees: []string{"control call refused"}},
	"call.pac_timeout":            {sees: []string{"control call refused"}},
	"call.general_error":          {sees: []string{"control call refused"}},
	"call.peer_id_mismatch":       {pings: -1, sees: []string{"control call id mismatch"}},
	"call.id_rewritten":           ok(effect{after: logged("control call id rewritten"), pings: 20}),
	"ppp.server_daemon_failed":    {sees: []string{"control connected", "control disconnected", "eof"}, not: []string{"LCPOpened"}},

	"gre.no_reply":          {sees: []string{"control connected", "LCPTimeout"}, hold: time.Minute, check: silentGRE},
	"gre_blocked":           {sees: []string{"control connected", "LCPTimeout"}, hold: time.Minute, check: silentGRE},
	"gre.tx_lost":           {sees: []string{"control connected", "LCPTimeout"}, hold: time.Minute, check: oneWayGRE},
	"gre.unknown_call":      ok(effect{sees: []string{"gre unknown call"}, pings: 20}),
	"gre.malformed":         ok(effect{sees: []string{"gre malformed"}, pings: 20}),
	"gre.loss":              {sees: []string{up}, check: func(t *testing.T, m *sim) { assert.NotZero(t, m.c.gre.Stats().RxLost) }, pings: -1},
	"gre_loss_both_ways":    {sees: []string{up}, check: func(t *testing.T, m *sim) { assert.NotZero(t, m.c.gre.Stats().RxLost) }, pings: -1},
	"gre.reorder":           {sees: []string{up}, check: func(t *testing.T, m *sim) { assert.NotZero(t, m.c.gre.Stats().RxReordered) }, pings: -1},
	"gre.duplicate":         ok(effect{check: func(t *testing.T, m *sim) { assert.NotZero(t, m.c.gre.Stats().RxDuplicate) }, pings: 20}),
	"lcp.timeout":           {sees: []string{"LCPTimeout"}, hold: time.Minute},
	"lcp.not_converging":    {sees: []string{"LCPNotConverging"}},
	"lcp.loopback":          {sees: []string{"Loopback"}},
	"lcp.mru_rejected":      ok(effect{sees: []string{"MRURejected"}, pings: 20}),
	"lcp.terminated":        {sees: []string{"Terminated"}, not: []string{"LCPOpened"}},
	"lcp_terminated_text":   {says: "multilink required", not: []string{"LCPOpened"}},
	"lcp_terminated_ras":    {says: "RAS 734", not: []string{"LCPOpened"}},
	"loopback_terminated":   {says: "Loopback detected"},
	"lcp.echo_timeout":      ok(effect{sees: []string{"EchoTimeout"}, pings: 20, hold: 10 * time.Second, change: func(_ *Config, p *ppp.Config) { p.EchoInterval = time.Second }}),
	"lcp.protocol_rejected": {sees: []string{"ProtocolRejected"}, not: []string{"AuthSucceeded"}},
	"lcp_rejected":          {sees: []string{"LCPTimeout"}, not: []string{"LCPOpened"}, hold: time.Minute},

	"auth.protocol_refused":       {sees: []string{"AuthRefused"}, not: []string{"AuthRequired"}},
	"pap_only":                    {sees: []string{"AuthRefused"}},
	"auth.not_requested":          {sees: []string{"AuthNotRequested", up}, pings: 20, change: inClear},
	"auth.weak_protocol":          ok(effect{sees: []string{"AuthRequired"}, pings: 20, change: func(_ *Config, p *ppp.Config) { p.Auth = []chap.Method{chap.MethodMD5} }}),
	"auth.rejected":               {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 691}},
	"auth.retry_offered":          {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 691, Retry: true}},
	"auth.restricted_hours":       {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 646}},
	"auth.account_disabled":       {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 647}},
	"auth.password_expired":       {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 648}},
	"auth.no_dialin_permission":   {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 649}},
	"auth.password_change_failed": {sees: []string{"AuthFailed"}, fails: chap.Failure{Code: 709}},
	"auth.timeout":                {sees: []string{"AuthChallenged"}, not: []string{"AuthSucceeded", "AuthFailed", up}},
	"auth_rechallenged":           {sees: []string{"AuthChallenged"}, not: []string{"AuthSucceeded", "AuthFailed", up}, hold: 10 * time.Second},
	"auth.slow":                   ok(effect{pings: 20}),
	"auth.mutual_failed":          {sees: []string{"AuthMutualFailed"}},
	"no_authenticator":            {sees: []string{"AuthMutualFailed"}},
	"auth.terminated":             {says: "Authentication failed", not: []string{"AuthFailed", "AuthSucceeded"}},
	"auth_terminated_ras":         {says: "RAS 691", not: []string{"AuthFailed", "AuthSucceeded"}},
	"auth_disconnected":           {sees: []string{"AuthChallenged", "control disconnected"}, not: []string{"AuthFailed", "AuthSucceeded"}},
	"auth.callback_required":      {sees: []string{"AuthSucceeded", "CallbackRequired"}, not: []string{up}, says: "Call me back, please"},
	"ppp.terminated_by_peer":      {says: "User request", sees: []string{"AuthSucceeded"}, not: []string{up}},

	"mppe.unsupported_by_server": ok(effect{sees: []string{"CCPRejected"}, pings: 20}),
	"mppe_option_rejected":       ok(effect{sees: []string{"CCPRejected"}, pings: 20}),
	"ccp_silent":                 ok(effect{sees: []string{"CCPTimeout"}, pings: 20, hold: 10 * time.Second}),
	"mppe.required_by_server":    {says: "MPPE required but peer refused", not: []string{up}},
	"mppe_required_ras":          {says: "RAS 742", not: []string{up}},
	"ccp_terminated_ras":         {says: "RAS 742", sees: []string{"CCPTerminated"}},
	"mppe.strength_mismatch":     {pings: -1, sees: []string{"StrengthMismatch"}},
	"mppe.stateless_refused":     {pings: -1, sees: []string{"StatelessRefused"}},
	"mppe.mppc_only":             {pings: -1, sees: []string{"MPPCOnly"}},
	"ccp.not_converging":         {pings: -1, sees: []string{"CCPNotConverging"}, hold: time.Minute},
	"ccp.ipcp_race":              ok(effect{sees: []string{"IPCPRace", "CCPOpened"}, pings: 20}),
	"mppe.key_mismatch":          {sees: []string{up, "KeyMismatch"}},
	"too_many_mppe_errors":       {sees: []string{up}, says: "Too many MPPE errors", pings: 20},
	"mppe.desync":                {sees: []string{up, "Desync"}, pings: 3},
	"mppe.reset_storm":           ok(effect{sees: []string{"Reset"}, pings: 20}),
	"mppe.plaintext_leak":        ok(effect{sees: []string{"PlaintextLeak"}, pings: -1}),
	"mppe.protocol_error":        ok(effect{sees: []string{"MPPEProtocolError"}}),
	"mppe_not_flushed":           ok(effect{sees: []string{"MPPEProtocolError"}}),
	"ipcp.timeout":               {sees: []string{"IPCPTimeout"}, hold: time.Minute},
	"ipcp.no_address":            {sees: []string{"NoAddress"}, not: []string{up}},
	"no_address_rejected":        {pings: -1, sees: []string{"NoAddress"}},
	"no_address_terminated":      {sees: []string{"NoAddress"}},
	"no_address_ras":             {says: "RAS 738", not: []string{up}},
	"no_address_disconnected":    {sees: []string{"control disconnected"}, not: []string{up}},
	"ipcp.address_rejected": {sees: []string{"AddressRejected"}, pings: -1, change: func(_ *Config, p *ppp.Config) {
		p.Address = netip.MustParseAddr("10.99.0.200")
	}},
	"ipcp.no_protocol":       {sees: []string{"IPCPRejected"}},
	"no_network_protocols":   {says: "No network protocols running", not: []string{up}},
	"ipcp.not_converging":    {sees: []string{"IPCPNotConverging"}},
	"ipcp.duplicate_address": ok(effect{pings: 20, check: func(t *testing.T, m *sim) { assert.Equal(t, "10.99.0.77", m.s.address.String()) }}),
	"ipcp.bad_address":       {sees: []string{"BadAddress"}, pings: -1},
	"peer_is_self":           {sees: []string{"BadAddress"}, pings: -1},
	"ipcp.dns_missing":       ok(effect{sees: []string{"DNSMissing"}, pings: 20}),

	"app.peer_unreachable":   ok(effect{}),
	"app.beyond_unreachable": ok(effect{pings: 20, check: beyond(0)}),
	"app.icmp_loss":          {sees: []string{up}, pings: -1, check: func(t *testing.T, m *sim) { assert.Less(t, len(m.c.received), 17) }},
	"app.jitter":             ok(effect{pings: 20}),
	"app.mtu_blackhole":      ok(effect{size: 1000}),
	"app.mtu_low":            ok(effect{size: 1300, pings: 20}),
	"app.throughput_low":     ok(effect{size: 1300, pings: -1, check: func(t *testing.T, m *sim) { assert.Less(t, len(m.c.received), 20) }}),

	"hold.call_disconnected": {sees: []string{up, "control disconnected"}, pings: 20},
	"hold.idle_timeout":      {sees: []string{up}, says: "Link inactive", pings: 20},
	"hold.session_timeout":   {sees: []string{up}, says: "Connect time expired", pings: 20},
	"hold.traffic_limit":     {sees: []string{up}, says: "Traffic limit", pings: 20},
	"peer_not_responding":    {sees: []string{up}, says: "Peer not responding", pings: 20},
	"hold.control_lost":      {sees: []string{up, "eof"}, pings: 20, check: func(t *testing.T, m *sim) { m.ping(m.cfg.LocalIP, 10); assert.Len(t, m.c.received, 21) }},
	"hold.data_lost":         {sees: []string{up}, not: []string{"eof"}, pings: 20, check: func(t *testing.T, m *sim) { m.ping(m.cfg.LocalIP, 10); assert.Len(t, m.c.received, 20) }},
	"hold.replaced": {sees: []string{up}, pings: 20, check: func(_ *testing.T, m *sim) {
		m.s.replaced(m.now)
		m.run(5 * time.Second)
	}, after: logged("control disconnected")},
	"teardown.no_term_ack":   {sees: []string{up}, pings: 20, after: notLogged("TerminateAcked")},
	"teardown.no_cdn":        {sees: []string{up}, pings: 20, after: notLogged("control disconnected")},
	"close_on_ccrq":          {sees: []string{up}, pings: 20, after: notLogged("control disconnected")},
	"teardown.no_stop_reply": {sees: []string{up}, pings: 20, after: notLogged("control stop reply")},
}

// elsewhere are the entries that need sockets or TCP services: gateway_test.go.
var elsewhere = []string{
	"tcp.refused", "tcp.timeout", "accept_stalled", "gre.proto_unreachable", "gre.admin_prohibited", "gre.host_unreachable",
	"gre.wrong_source", "app.dns_timeout", "app.dns_error", "dns_nxdomain", "dns_refused", "app.tcp_refused", "app.tcp_timeout",
	"app.http_status", "app.http_timeout",
}

func logged(event string) func(*testing.T, *sim) {
	return func(t *testing.T, m *sim) { assert.Contains(t, m.c.log, event) }
}

func notLogged(event string) func(*testing.T, *sim) {
	return func(t *testing.T, m *sim) { assert.NotContains(t, m.c.log, event) }
}

func silentGRE(t *testing.T, m *sim) { assert.Zero(t, m.c.gre.Stats().Rx.Packets) }

func oneWayGRE(t *testing.T, m *sim) {
	assert.NotZero(t, m.c.gre.Stats().Rx.Packets)
	assert.Zero(t, m.c.gre.Stats().TxAcked)
}

func beyond(n int) func(*testing.T, *sim) {
	return func(t *testing.T, m *sim) {
		before := len(m.c.received)
		m.ping(netip.MustParseAddr("192.0.2.80"), 10)
		assert.Len(t, m.c.received, before+n)
	}
}

// TestCatalog runs a session with every fault, and looks at it with a client's
// eyes. Whatever the fault, nothing may be left over.
func TestCatalog(t *testing.T) {
	for _, entry := range Catalog() {
		e, found := effects[entry.Name]
		if !found {
			assert.Contains(t, elsewhere, entry.Name, "a fault without a test")
			continue
		}
		t.Run(entry.Name, func(t *testing.T) {
			m := newSim(t, entry.Faults, e.change)
			start := m.now
			for m.now.Sub(start) < 12*time.Second && !m.c.has(up) && !m.c.has("Dead") {
				m.run(100 * time.Millisecond)
			}
			if m.c.has(up) {
				for range 20 {
					m.ping(m.cfg.LocalIP, e.size)
					m.run(5 * time.Millisecond)
				}
				m.run(500 * time.Millisecond)
				if e.pings >= 0 {
					assert.Len(t, m.c.received, e.pings, "pings")
				}
			}
			m.run(max(e.hold, 3*time.Second))
			if e.check != nil {
				e.check(t, m)
			}
			log := slices.Clone(m.c.log)
			for _, bad := range e.not {
				assert.NotContains(t, log, bad)
			}
			if !slices.Contains(log, "eof") || m.s.controlGone {
				m.teardown()
			}
			if m.s.controlGone && !m.s.done {
				m.run(2 * time.Minute)
			}
			log = append(log, m.c.log[len(log):]...)
			for _, want := range e.sees {
				assert.Contains(t, log, want)
			}
			if e.says != "" {
				require.NotEmpty(t, m.c.lcpTerm, "%v", log)
				assert.Equal(t, e.says, m.c.lcpTerm[0].String())
			}
			if e.fails.Code != 0 {
				require.Len(t, m.c.failures, 1)
				assert.Equal(t, e.fails.Code, m.c.failures[0].Code)
				assert.Equal(t, e.fails.Retry, m.c.failures[0].Retry)
			}
			if e.after != nil {
				e.after(t, m)
			}
			m.end()
			m.requireNothingLeft()
		})
	}
}

func TestFaultNames(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range FaultNames() {
		assert.False(t, seen[name], "%s is there twice", name)
		seen[name] = true
		e, ok := LookupFault(name)
		require.True(t, ok, name)
		assert.NotEmpty(t, e.About, name)
		assert.NotEmpty(t, e.Causes, name)
		for _, c := range e.Causes {
			assert.Equal(t, 1, strings.Count(c, "."), "%s: cause %q", name, c)
		}
	}
	_, ok := FaultByName("no_such_fault")
	assert.False(t, ok)
	for name := range effects {
		assert.True(t, seen[name], "a test for %s, which is not in the catalog", name)
	}
}
