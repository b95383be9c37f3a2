package main

import (
	"errors"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// began is when the sessions of the golden files started.
var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at returns the time n milliseconds into the session.
func at(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

func stage(s pptpprobe.Stage, o pptpprobe.Outcome, start, duration, attempts, retransmits int) pptpprobe.StageResult {
	return pptpprobe.StageResult{Stage: s, Outcome: o, Start: at(start), Duration: time.Duration(duration) * time.Millisecond,
		Attempts: attempts, Retransmits: retransmits}
}

const (
	ok      = pptpprobe.OutcomeOK
	failed  = pptpprobe.OutcomeFailed
	skipped = pptpprobe.OutcomeSkipped
)

// goodResult sent traffic, with things to warn of.
func goodResult() *pptpprobe.Result {
	return &pptpprobe.Result{
		Start: began, Duration: 2 * time.Second, Connect: 400 * time.Millisecond,
		Stages: []pptpprobe.StageResult{
			stage(pptpprobe.StageDNS, ok, 0, 4, 1, 0),
			stage(pptpprobe.StageTCP, ok, 4, 20, 1, 0),
			stage(pptpprobe.StageControl, ok, 24, 21, 1, 0),
			stage(pptpprobe.StageCall, ok, 45, 30, 1, 0),
			stage(pptpprobe.StageGRE, ok, 75, 40, 1, 0),
			stage(pptpprobe.StageLCP, ok, 115, 60, 2, 1),
			stage(pptpprobe.StageAuth, ok, 175, 125, 1, 0),
			stage(pptpprobe.StageCCP, ok, 300, 40, 1, 0),
			stage(pptpprobe.StageIPCP, ok, 340, 60, 3, 0),
			stage(pptpprobe.StageApp, ok, 400, 1400, 1, 0),
			stage(pptpprobe.StageTeardown, ok, 1800, 200, 3, 0),
		},
		Warnings: []pptpprobe.Warning{
			{Stage: pptpprobe.StageTeardown, Cause: pptpprobe.CauseTeardownNoCDN, Detail: "no Call-Disconnect-Notify", Hint: "none", At: at(1990)},
			{Stage: pptpprobe.StageGRE, Cause: pptpprobe.CauseGRELoss, Detail: "2 of 12 packets of the server were lost, 0 of them came too late",
				Hint: pptpprobe.CauseGRELoss.Hint(), At: at(1790)},
		},
		Checks: []pptpprobe.CheckResult{
			{
				Check: pptpprobe.Check{Kind: pptpprobe.CheckICMP, Name: "ping peer", Address: netip.MustParseAddr("10.0.0.1")},
				Start: at(400), Duration: 450 * time.Millisecond,
				Ping: &pptpprobe.PingResult{Sent: 4, Received: 3, Jitter: 2 * time.Millisecond,
					RTTs: []time.Duration{21 * time.Millisecond, 23 * time.Millisecond, 22 * time.Millisecond}},
			},
			{
				Check: pptpprobe.Check{Kind: pptpprobe.CheckHTTP, Name: "http://intranet.example.com/health", URL: "http://intranet.example.com/health"},
				Start: at(850), Duration: 150 * time.Millisecond,
				HTTP: &pptpprobe.HTTPResult{Status: 200, Bytes: 512, Connect: 24 * time.Millisecond, FirstByte: 60 * time.Millisecond},
			},
			{Check: pptpprobe.Check{Kind: 99, Name: "new kind"}, Start: at(1000), Duration: 800 * time.Millisecond},
		},
		LocalAddr: netip.MustParseAddr("192.0.2.9"), PeerAddr: netip.MustParseAddr("198.51.100.1"),
		CallID: 4711, PeerCallID: 0, CallConnected: true,
		Server: pptpprobe.Server{Vendor: "Microsoft", HostName: "", Firmware: 3790, Version: 0x100},
		Negotiated: ppp.Negotiated{
			MRU: 1400, PeerMRU: 1396, Auth: chap.MethodMSCHAPv2, AuthOffered: []string{"eap", "mschap_v2"},
			MPPE: mppe.Bits128, MPPEReceive: mppe.Bits40, Stateless: true,
			LocalIP: netip.MustParseAddr("10.0.0.200"), PeerIP: netip.MustParseAddr("10.0.0.1"),
			DNS:  []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")},
			NBNS: []netip.Addr{netip.MustParseAddr("10.0.0.3")},
		},
		AuthOK: true, DataOK: true,
		GRE: gre.Stats{
			Tx: gre.Direction{Packets: 11, Bytes: 900}, Rx: gre.Direction{Packets: 10, Bytes: 800},
			RxLost: 2, RxReordered: 1, RxDuplicate: 1,
			AckRTT: gre.RTT{Count: 4, Min: 20 * time.Millisecond, Sum: 100 * time.Millisecond},
		},
		ControlEchoRTTs: []time.Duration{19 * time.Millisecond},
		LCPEchoRTTs:     []time.Duration{24 * time.Millisecond, 22 * time.Millisecond},
		Identification:  "MSRASV5.20",
	}
}

// greResult is the classic: GRE is blocked, and a router says so.
func greResult() *pptpprobe.Result {
	return &pptpprobe.Result{
		Start: began, Duration: 10200 * time.Millisecond,
		Stages: []pptpprobe.StageResult{
			stage(pptpprobe.StageDNS, skipped, 0, 0, 0, 0),
			stage(pptpprobe.StageTCP, ok, 0, 20, 1, 0),
			stage(pptpprobe.StageControl, ok, 20, 21, 1, 0),
			stage(pptpprobe.StageCall, ok, 41, 30, 1, 0),
			stage(pptpprobe.StageGRE, failed, 71, 10000, 4, 3),
			stage(pptpprobe.StageTeardown, ok, 10071, 129, 2, 0),
		},
		Failure: &pptpprobe.Failure{
			Stage: pptpprobe.StageGRE, Cause: pptpprobe.CauseGRENoReply,
			Detail: "the call is connected, but no GRE packet came from 198.51.100.1 within 10s", Hint: pptpprobe.CauseGRENoReply.Hint(),
			ResultCode: -1, ErrorCode: -1,
			ICMP: &pptpprobe.ICMPError{Type: 3, Code: 4, From: netip.MustParseAddr("203.0.113.7"), MTU: 1400},
		},
		ICMPErrors: []pptpprobe.ICMPError{{Type: 3, Code: 4, From: netip.MustParseAddr("203.0.113.7"), MTU: 1400}},
		LocalAddr:  netip.MustParseAddr("192.0.2.9"), PeerAddr: netip.MustParseAddr("198.51.100.1"),
		CallID: 4712, PeerCallID: 99, CallConnected: true,
		Server: pptpprobe.Server{Vendor: "linux", HostName: "local", Firmware: 1},
		GRE:    gre.Stats{Tx: gre.Direction{Packets: 4, Bytes: 80}},
	}
}

// authResult is a wrong password, refused by a hostile gateway: it repeats the
// password, and sends escape sequences for the terminal and a | for the plugin.
func authResult() *pptpprobe.Result {
	r := greResult()
	r.Duration = time.Second
	r.Stages = []pptpprobe.StageResult{
		stage(pptpprobe.StageTCP, ok, 0, 20, 1, 0),
		stage(pptpprobe.StageControl, ok, 20, 21, 1, 0),
		stage(pptpprobe.StageCall, ok, 41, 30, 1, 0),
		stage(pptpprobe.StageGRE, ok, 71, 20, 1, 0),
		stage(pptpprobe.StageLCP, ok, 91, 20, 1, 0),
		stage(pptpprobe.StageAuth, failed, 111, 200, 1, 0),
		stage(pptpprobe.StageTeardown, ok, 311, 689, 1, 0),
	}
	r.ICMPErrors = nil
	r.Negotiated = ppp.Negotiated{MRU: 1400, PeerMRU: 1500, Auth: chap.MethodPAP, AuthOffered: []string{thePassword}}
	r.Failure = &pptpprobe.Failure{
		Stage: pptpprobe.StageAuth, Cause: pptpprobe.CauseAuthRejected, Hint: "check the password",
		Detail:     "the gateway refused probe with password " + thePassword + " | \x1b[2J\u202e\xff\r\nPPTP OK",
		ResultCode: 2, ErrorCode: 6, MSCHAPError: 691, MSCHAPMessage: "no such " + thePassword,
		RAS: 691, TerminateReason: "bad " + thePassword, Err: errors.New(thePassword),
	}
	r.Server = pptpprobe.Server{Vendor: "\x1b]0;" + thePassword + "\x07", HostName: thePassword}
	r.Identification = thePassword
	r.Warnings = []pptpprobe.Warning{{Stage: pptpprobe.StageAuth, Cause: pptpprobe.CauseAuthWeakProtocol, Detail: thePassword, Hint: thePassword}}
	r.Checks = []pptpprobe.CheckResult{{
		Check: pptpprobe.Check{Kind: pptpprobe.CheckHTTP, Name: "http://www/?" + thePassword}, Start: at(300),
		HTTP: &pptpprobe.HTTPResult{}, Failure: &pptpprobe.Failure{Stage: pptpprobe.StageApp, Cause: pptpprobe.CauseAppTCPTimeout, Detail: thePassword, ResultCode: -1, ErrorCode: -1},
	}}
	r.DataOK = true
	return r
}

// permissionResult is what a host without CAP_NET_RAW gets.
func permissionResult() *pptpprobe.Result {
	hint := pptpprobe.PrivilegeHint()
	return &pptpprobe.Result{
		Start: began, Duration: 30 * time.Millisecond,
		Stages: []pptpprobe.StageResult{stage(pptpprobe.StageTCP, ok, 0, 20, 1, 0), stage(pptpprobe.StageCall, failed, 20, 0, 1, 0)},
		Failure: &pptpprobe.Failure{
			Stage: pptpprobe.StageCall, Cause: pptpprobe.CauseLocalNoPermission, ResultCode: -1, ErrorCode: -1,
			Detail: "the raw GRE socket needs CAP_NET_RAW: " + hint, Hint: hint + " (or run as root)",
		},
	}
}

// controlResult is a session of the depth control, in which all is well.
func controlResult() *pptpprobe.Result {
	return &pptpprobe.Result{
		Start: began, Duration: 50 * time.Millisecond, PeerAddr: netip.MustParseAddr("198.51.100.1"),
		Stages: []pptpprobe.StageResult{
			stage(pptpprobe.StageDNS, skipped, 0, 0, 0, 0),
			stage(pptpprobe.StageTCP, ok, 0, 20, 1, 0), stage(pptpprobe.StageControl, ok, 20, 20, 1, 0), stage(pptpprobe.StageTeardown, ok, 40, 10, 1, 0),
		},
		Server: pptpprobe.Server{Vendor: "linux", HostName: "local", Firmware: 1},
	}
}

func invalidResult() *pptpprobe.Result {
	return &pptpprobe.Result{Start: began, Failure: &pptpprobe.Failure{Stage: pptpprobe.StageDNS, Detail: "the target is not valid: whatever", ResultCode: -1, ErrorCode: -1}}
}
