//go:build real && linux

package uml_test

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

// verdict is a fault and what the probe has to say about it. README.md has the same table for people.
type verdict struct {
	name   string    // default: the fault's
	fault  uml.Fault // none: the target asks for what the gateway does not do
	during bool      // the fault comes when the session is up and held, not before
	at     string    // policy of the gateway; default [uml.PolicyMSCHAPv2]
	target []func(*pptpprobe.Target)
	want   pptpprobe.Cause   // error.type; empty: a whole session
	says   string            // part of the failure's detail: what the probe has seen of it
	warn   []pptpprobe.Cause // warnings there must be
}

func (v verdict) title() string {
	switch {
	case v.name != "":
		return v.name
	case v.during:
		return v.fault.Name + ", in session"
	}
	return v.fault.Name
}

func (v verdict) policy() string {
	if v.at == "" {
		return uml.PolicyMSCHAPv2
	}
	return v.at
}

// whole is the policy that shows whether the fault is gone.
func (v verdict) whole() string {
	if v.at == uml.PolicyRouted || v.at == uml.PolicyRADIUS {
		return v.at
	}
	return uml.PolicyMSCHAPv2
}

// bare is a target that is left when it is connected.
func bare(address string) pptpprobe.Target {
	t := target(address)
	t.Depth, t.Checks = pptpprobe.DepthNetwork, nil
	return t
}

// What is special about a target. Budgets are for what never comes, so that their length does not matter.
func budget(d time.Duration) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) {
		b := &t.Budgets
		b.TCP, b.Control, b.GRE, b.LCP, b.Auth = d, d, d, d, d
	}
}

func lcpBudget(d time.Duration) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Budgets.LCP = d }
}

func greBudget(d time.Duration) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Budgets.GRE = d }
}

func authBudget(d time.Duration) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Budgets.Auth = d }
}

func auth(m ...chap.Method) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Auth = m }
}

func encryption(mode ppp.Security, strengths ...mppe.Strength) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.MPPE.Mode, t.MPPE.Strengths = mode, strengths }
}

func user(name string) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Username = name }
}

func checks(c ...pptpprobe.Check) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Depth, t.Checks = pptpprobe.DepthApplication, c }
}

func thresholds(h pptpprobe.Thresholds) func(*pptpprobe.Target) {
	return func(t *pptpprobe.Target) { t.Thresholds = h }
}

// held keeps the session; watched does, and looks often whether it is still there.
func held(t *pptpprobe.Target) { t.Hold = &pptpprobe.Hold{} }

func watched(t *pptpprobe.Target) {
	t.Hold = &pptpprobe.Hold{EchoInterval: time.Second, ControlEcho: time.Second}
}

// The checks. Those that are to succeed have much time, those that are not are left without an answer for all of it.
const (
	patience = 20 * time.Second
	silence  = 2 * time.Second
)

var (
	ping       = pings(3, patience)
	pingLost   = pings(3, silence)
	pingBeyond = pptpprobe.Check{Kind: pptpprobe.CheckICMP, Address: behind, Timeout: silence}
	// Of 22 replies, or requests, the 3rd, 8th, 13th and 18th are lost.
	pingLarge = pptpprobe.Check{Kind: pptpprobe.CheckICMP, Count: 22, Interval: 20 * time.Millisecond, Size: 400, MaxLoss: 0.1, Timeout: 2 * silence}
	mtu       = pptpprobe.Check{Kind: pptpprobe.CheckMTU, Timeout: patience}
	mtuBeyond = pptpprobe.Check{Kind: pptpprobe.CheckMTU, Address: behind, Timeout: patience}
	web       = pptpprobe.Check{Kind: pptpprobe.CheckHTTP, URL: "http://" + uml.TunnelIP + "/", Timeout: patience}
	noPage    = pptpprobe.Check{Kind: pptpprobe.CheckHTTP, URL: "http://" + uml.TunnelIP + "/nothing", Timeout: patience}
	tcp       = pptpprobe.Check{Kind: pptpprobe.CheckTCP, Endpoint: uml.TunnelIP + ":80", Timeout: silence}
	names     = pptpprobe.Check{Kind: pptpprobe.CheckDNS, Query: "example.org", Timeout: silence}
	download  = pptpprobe.Check{
		Kind: pptpprobe.CheckThroughput, URL: "http://" + uml.TunnelIP + "/1m.bin", MaxBytes: 128 << 10, MinRate: 500e3, Timeout: patience,
	}

	behind = netip.MustParseAddr(uml.BehindIP)
)

var verdicts = []verdict{
	// The control connection.
	{fault: uml.ControlRefused, want: pptpprobe.CauseTCPRefused},
	{fault: uml.DaemonDown, want: pptpprobe.CauseTCPRefused},
	{fault: uml.ControlDropped, target: with(budget(2 * time.Second)), want: pptpprobe.CauseTCPTimeout},
	{fault: uml.ControlUnreachable, want: pptpprobe.CauseTCPUnreachable, says: "ICMP type 3 code 1"},
	{fault: uml.ControlForbidden, want: pptpprobe.CauseTCPClosedAfterConnect},
	{fault: uml.ControlOtherService, want: pptpprobe.CauseControlInvalidReply},
	{fault: uml.DaemonHung, target: with(budget(3 * time.Second)), want: pptpprobe.CauseControlSCCRPTimeout},
	{fault: uml.SlowPath, target: with(thresholds(pptpprobe.Thresholds{TCPConnect: 100 * time.Millisecond})), warn: causes(pptpprobe.CauseTCPConnectSlow)},

	// GRE.
	{fault: uml.GREInDropped, target: with(lcpBudget(4 * time.Second)), want: pptpprobe.CauseGRETxLost},
	{fault: uml.GREOutDropped, target: with(greBudget(4 * time.Second)), want: pptpprobe.CauseGRENoReply},
	{fault: uml.GREDropped, target: with(greBudget(4 * time.Second)), want: pptpprobe.CauseGRENoReply},
	{fault: uml.GREUnreachable, want: pptpprobe.CauseGREProtoUnreachable, says: "10.98.0.2 sent ICMP type 3 code 2"},
	{fault: uml.GREProhibited, want: pptpprobe.CauseGREAdminProhibited},
	{fault: uml.GREHostUnreachable, want: pptpprobe.CauseGREHostUnreachable},
	{fault: uml.GREOtherSource, target: with(greBudget(4 * time.Second)), want: pptpprobe.CauseGREWrongSource, says: "came from 10.98.0.11"},
	{fault: uml.ReorderDuplicate, target: with(checks(ping, web))},
	{fault: uml.EveryFifthOvertakes, target: with(checks(pings(30, 2*silence))), warn: causes(pptpprobe.CauseGREReorder)},
	{fault: uml.EveryPacketTwice, target: with(checks(ping)), warn: causes(pptpprobe.CauseGREDuplicate)},
	{fault: uml.RouterDropsFromGateway, at: uml.PolicyRouted, target: with(checks(pingLarge), thresholds(pptpprobe.Thresholds{GRELoss: 0.01})), warn: causes(pptpprobe.CauseGRELoss, pptpprobe.CauseAppICMPLoss)},
	{fault: uml.RouterDropsToGateway, at: uml.PolicyRouted, target: with(checks(pingLarge), thresholds(pptpprobe.Thresholds{GRELoss: 0.01})), warn: causes(pptpprobe.CauseAppICMPLoss)},

	// pppd.
	{fault: uml.PPPDFails, want: pptpprobe.CausePPPServerDaemonFailed},
	{fault: uml.PPPDSlow},
	{name: "pppd starts too late", fault: uml.PPPDSlow, target: with(greBudget(1500 * time.Millisecond)), want: pptpprobe.CauseGRENoReply},
	{fault: uml.PPPDWithoutIP, want: pptpprobe.CauseIPCPNoProtocol},
	{fault: uml.PPPDWithoutDNS, warn: causes(pptpprobe.CauseIPCPDNSMissing)},
	{fault: uml.AddressForbidden, want: pptpprobe.CausePPPServerDaemonFailed},
	{name: "no address for the account", at: uml.PolicyRADIUS, target: with(user("noaddress")), want: pptpprobe.CauseIPCPNoAddress},

	// Authentication.
	{fault: uml.SecretChanged, want: pptpprobe.CauseAuthRetryOffered},
	{name: "PAP only", at: uml.PolicyPAP, target: with(encryption(ppp.MPPEPrefer)), want: pptpprobe.CauseAuthProtocolRefused},
	{name: "CHAP with MD5 only", at: uml.PolicyCHAP, target: with(encryption(ppp.MPPEPrefer)), want: pptpprobe.CauseAuthProtocolRefused},
	{name: "MS-CHAPv1 only", at: uml.PolicyMSCHAPv1, want: pptpprobe.CauseAuthProtocolRefused},
	{name: "EAP only", at: uml.PolicyEAP, target: with(encryption(ppp.MPPEPrefer)), want: pptpprobe.CauseAuthProtocolRefused},
	{name: "MS-CHAPv2 only, probe has PAP", target: with(auth(chap.MethodPAP), encryption(ppp.MPPEPrefer)), want: pptpprobe.CauseAuthProtocolRefused},
	{fault: uml.RADIUSSlow, at: uml.PolicyRADIUS, target: with(thresholds(pptpprobe.Thresholds{Auth: 300 * time.Millisecond})), warn: causes(pptpprobe.CauseAuthSlow)},
	{fault: uml.RADIUSHung, at: uml.PolicyRADIUS, want: pptpprobe.CauseAuthRejected},
	{name: "RADIUS hangs, probe gives up first", fault: uml.RADIUSHung, at: uml.PolicyRADIUS, target: with(authBudget(2 * time.Second)), want: pptpprobe.CauseAuthTimeout},

	// MPPE.
	{name: "MPPE required, probe refuses", target: with(encryption(ppp.MPPERefuse)), want: pptpprobe.CauseMPPERequiredByServer},
	{name: "128 bit required, probe has 40", target: with(encryption(ppp.MPPERequire, 40)), want: pptpprobe.CauseMPPERequiredByServer},
	{name: "40 bit required, probe has 128", at: uml.PolicyMSCHAPv2MPPE40, want: pptpprobe.CauseMPPERequiredByServer},
	{name: "40 bit required, probe prefers 128", at: uml.PolicyMSCHAPv2MPPE40, target: with(encryption(ppp.MPPEPrefer)), want: pptpprobe.CauseMPPERequiredByServer},
	{name: "no MPPE, probe requires it", at: uml.PolicyMSCHAPv2NoMPPE, want: pptpprobe.CauseMPPEUnsupportedByServer},
	{name: "RADIUS without MPPE keys", at: uml.PolicyRADIUS, target: with(user("nokeys")), want: pptpprobe.CauseMPPERequiredByServer, says: "MPPE required but not available"},
	{name: "RADIUS with wrong MPPE keys", at: uml.PolicyRADIUS, target: with(user("wrongkeys"), checks(ping)), want: pptpprobe.CauseMPPEKeyMismatch},

	// Traffic through the tunnel.
	{fault: uml.TunnelDropped, target: with(checks(pingLost)), want: pptpprobe.CauseAppPeerUnreachable},
	{fault: uml.TunnelForwardDropped, target: with(checks(pingBeyond)), want: pptpprobe.CauseAppBeyondUnreachable, says: "10.99.0.1, answers"},
	{fault: uml.TunnelWebRefused, target: with(checks(tcp)), want: pptpprobe.CauseAppTCPRefused},
	{fault: uml.TunnelWebDropped, target: with(checks(tcp)), want: pptpprobe.CauseAppTCPTimeout},
	{fault: uml.TunnelDNSDropped, target: with(checks(names)), want: pptpprobe.CauseAppDNSTimeout},
	{name: "no such page behind the tunnel", target: with(checks(noPage)), want: pptpprobe.CauseAppHTTPStatus},
	{fault: uml.NarrowPath, target: with(checks(download)), warn: causes(pptpprobe.CauseAppThroughputLow)},
	{fault: uml.SmallMTUBehind, target: with(checks(mtuBeyond)), warn: causes(pptpprobe.CauseAppMTULow)},
	{fault: uml.SmallMTUBehindSilent, target: with(checks(mtuBeyond)), want: pptpprobe.CauseAppMTUBlackhole, says: "packets of 1000 bytes pass"},
	{fault: uml.SmallMTU, at: uml.PolicyRouted, target: with(checks(download)), want: pptpprobe.CauseHoldControlLost},
	{fault: uml.SmallMTUNoICMP, at: uml.PolicyRouted, target: with(checks(mtu)), want: pptpprobe.CauseAppMTUBlackhole},
	{fault: uml.SmallMTULink, at: uml.PolicyRouted, target: with(checks(mtu)), want: pptpprobe.CauseAppMTUBlackhole},

	// Sessions that are held.
	{fault: uml.SessionHangup, during: true, target: with(held), want: pptpprobe.CausePPPTerminatedByPeer, says: "MPPE disabled"},
	{fault: uml.SessionKilled, during: true, target: with(held), want: pptpprobe.CauseControlStoppedByPeer},
	{fault: uml.SessionStopped, during: true, target: with(watched), want: pptpprobe.CauseLCPEchoTimeout, says: "while GRE brings other packets"},
	{fault: uml.GREDropped, during: true, target: with(watched), want: pptpprobe.CauseHoldDataLost, says: "while the control connection answers"},
	{fault: uml.ControlRefused, during: true, target: with(watched), want: pptpprobe.CauseHoldControlLost, says: "while GRE still flows"},
	{fault: uml.PPPDIdleTimeout, target: with(held), want: pptpprobe.CausePPPTerminatedByPeer, says: "MPPE disabled"},
	{name: "pppd option idle 2, without MPPE", fault: uml.PPPDIdleTimeout, at: uml.PolicyMSCHAPv2NoMPPE, target: with(held, encryption(ppp.MPPERefuse)), want: pptpprobe.CauseHoldIdleTimeout, says: "Link inactive"},
	{fault: uml.PPPDSessionTimeout, target: with(held), want: pptpprobe.CausePPPTerminatedByPeer, says: "MPPE disabled"},
	{name: "pppd option maxconnect 3, without MPPE", fault: uml.PPPDSessionTimeout, at: uml.PolicyMSCHAPv2NoMPPE, target: with(held, encryption(ppp.MPPERefuse)), want: pptpprobe.CauseHoldSessionTimeout, says: "Connect time expired"},
}

// natVerdict is what the probe says to two callers behind one router.
type natVerdict struct {
	fault         uml.Fault
	first, second pptpprobe.Cause
	warn          []pptpprobe.Cause // of the first one
}

var natVerdicts = []natVerdict{
	{fault: uml.NAT, first: pptpprobe.CausePPPServerDaemonFailed, second: pptpprobe.CausePPPServerDaemonFailed},
	{fault: uml.NATSilent, first: pptpprobe.CauseGRENoReply, second: pptpprobe.CauseGRENoReply},
	{fault: uml.NATOneHost, second: pptpprobe.CauseGRENoReply, warn: causes(pptpprobe.CauseGREUnknownCall)},
	{fault: uml.NATHelper},
}

func with(f ...func(*pptpprobe.Target)) []func(*pptpprobe.Target) { return f }

func causes(c ...pptpprobe.Cause) []pptpprobe.Cause { return c }

func pings(n int, timeout time.Duration) pptpprobe.Check {
	return pptpprobe.Check{Kind: pptpprobe.CheckICMP, Count: n, Interval: time.Millisecond, Timeout: timeout}
}
