package pptpprobereceiver

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// thePassword is in no output, ever.
const thePassword = "hunter2-thePassword"

// began is when the sessions of the golden files started.
var began = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at returns the time n milliseconds into the session.
func at(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

func stage(s pptpprobe.Stage, o pptpprobe.Outcome, start, duration, attempts, retransmits int) pptpprobe.StageResult {
	return pptpprobe.StageResult{Stage: s, Outcome: o, Start: at(start), Duration: time.Duration(duration) * time.Millisecond,
		Attempts: attempts, Retransmits: retransmits}
}

// goodResult reached an address, with checks and a few things to warn of.
func goodResult() *pptpprobe.Result {
	ok := pptpprobe.OutcomeOK
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
			{Stage: pptpprobe.StageGRE, Cause: pptpprobe.CauseGRELoss, Detail: "2 of 12 packets were lost", Hint: "look at the path", At: at(1790)},
			{Stage: pptpprobe.StageCall, Cause: pptpprobe.CauseCallIDRewritten, Detail: "a NAT rewrote the call id", At: at(80)},
			{Stage: pptpprobe.StageTCP, Cause: pptpprobe.CauseTCPConnectSlow, Detail: "20 ms", Hint: "compare with ICMP"},
			{Stage: pptpprobe.StageCCP, Cause: pptpprobe.CauseMPPEPlaintextLeak, Detail: "1 packet in the clear", At: at(900)},
		},
		Checks: []pptpprobe.CheckResult{
			{
				Check: pptpprobe.Check{Kind: pptpprobe.CheckICMP, Name: "icmp gateway", Address: netip.MustParseAddr("10.0.0.1")},
				Start: at(400), Duration: 450 * time.Millisecond,
				Ping: &pptpprobe.PingResult{Sent: 4, Received: 3, Jitter: 2 * time.Millisecond,
					RTTs: []time.Duration{21 * time.Millisecond, 23 * time.Millisecond, 22 * time.Millisecond}},
			},
			{
				Check: pptpprobe.Check{Kind: pptpprobe.CheckHTTP, Name: "intranet", URL: "http://user:" + thePassword + "@intranet.example.com/"},
				Start: at(850), Duration: 150 * time.Millisecond,
				HTTP: &pptpprobe.HTTPResult{Status: 200, Bytes: 512, Connect: 24 * time.Millisecond, FirstByte: 60 * time.Millisecond},
			},
		},
		LocalAddr: netip.MustParseAddr("192.0.2.9"), PeerAddr: netip.MustParseAddr("198.51.100.1"),
		CallID: 4711, PeerCallID: 0, CallConnected: true,
		Server: pptpprobe.Server{Vendor: "linux", HostName: "local", Firmware: 1, Version: 0x100},
		Negotiated: ppp.Negotiated{
			MRU: 1400, PeerMRU: 1396, Auth: chap.MethodMSCHAPv2, MPPE: mppe.Bits128, Stateless: true,
			LocalIP: netip.MustParseAddr("10.0.0.200"), PeerIP: netip.MustParseAddr("10.0.0.1"),
		},
		AuthOK: true, DataOK: true,
		GRE: gre.Stats{
			Tx: gre.Direction{Packets: 11, Bytes: 900}, Rx: gre.Direction{Packets: 10, Bytes: 800},
			RxLost: 2, RxReordered: 1, RxDuplicate: 1,
			AckRTT: gre.RTT{Count: 4, Sum: 100 * time.Millisecond},
		},
		PPP: ppp.Stats{
			MPPETx: mppe.Stats{Packets: 8, Rekeys: 8}, MPPERx: mppe.Stats{Packets: 7, Rekeys: 7, Implausible: 1},
			ResetsSent: 1,
		},
		ControlEchoRTTs: []time.Duration{19 * time.Millisecond},
		LCPEchoRTTs:     []time.Duration{22 * time.Millisecond, 24 * time.Millisecond},
		Identification:  "MSRASV5.20",
	}
}

// greResult is the classic: GRE is blocked, and a router says so.
func greResult() *pptpprobe.Result {
	ok := pptpprobe.OutcomeOK
	return &pptpprobe.Result{
		Start: at(60000), Duration: 10200 * time.Millisecond,
		Stages: []pptpprobe.StageResult{
			stage(pptpprobe.StageDNS, pptpprobe.OutcomeSkipped, 60000, 0, 0, 0),
			stage(pptpprobe.StageTCP, ok, 60000, 20, 1, 0),
			stage(pptpprobe.StageControl, ok, 60020, 21, 1, 0),
			stage(pptpprobe.StageCall, ok, 60041, 30, 1, 0),
			stage(pptpprobe.StageGRE, pptpprobe.OutcomeFailed, 60071, 10000, 4, 3),
			stage(pptpprobe.StageTeardown, ok, 70071, 129, 2, 0),
		},
		Failure: &pptpprobe.Failure{
			Stage: pptpprobe.StageGRE, Cause: pptpprobe.CauseGREAdminProhibited,
			Detail: "the router said communication administratively prohibited.", Hint: "allow protocol 47",
			ResultCode: -1, ErrorCode: -1,
			ICMP: &pptpprobe.ICMPError{Type: 3, Code: 13, From: netip.MustParseAddr("203.0.113.7")},
		},
		LocalAddr: netip.MustParseAddr("192.0.2.9"), PeerAddr: netip.MustParseAddr("198.51.100.1"),
		CallID: 4712, PeerCallID: 99, CallConnected: true,
		Server: pptpprobe.Server{Vendor: "linux", HostName: "local", Firmware: 1},
		GRE:    gre.Stats{Tx: gre.Direction{Packets: 4, Bytes: 80}},
	}
}

// authResult is a wrong password, refused by a gateway that repeats it, with all
// that can be said of a refusal.
func authResult() *pptpprobe.Result {
	r := greResult()
	ok := pptpprobe.OutcomeOK
	r.Duration = time.Second
	r.Stages = []pptpprobe.StageResult{
		stage(pptpprobe.StageTCP, ok, 60000, 20, 1, 0),
		stage(pptpprobe.StageControl, ok, 60020, 21, 1, 0),
		stage(pptpprobe.StageCall, ok, 60041, 30, 1, 0),
		stage(pptpprobe.StageGRE, ok, 60071, 20, 1, 0),
		stage(pptpprobe.StageLCP, ok, 60091, 20, 1, 0),
		stage(pptpprobe.StageAuth, pptpprobe.OutcomeFailed, 60111, 200, 1, 0),
		stage(pptpprobe.StageTeardown, ok, 60311, 100, 1, 0),
	}
	r.Negotiated = ppp.Negotiated{MRU: 1400, PeerMRU: 1500, Auth: chap.MethodMSCHAPv2}
	r.Failure = &pptpprobe.Failure{
		Stage: pptpprobe.StageAuth, Cause: pptpprobe.CauseAuthRejected, Hint: "check the password",
		Detail:     "the gateway refused probe with password " + thePassword,
		ResultCode: 2, ErrorCode: 6, MSCHAPError: 691, MSCHAPMessage: "no such " + thePassword,
		RAS: 691, TerminateReason: "bad " + thePassword,
	}
	r.Server.HostName = thePassword
	r.Identification = thePassword
	r.Warnings = []pptpprobe.Warning{{Stage: pptpprobe.StageAuth, Cause: pptpprobe.CauseAuthWeakProtocol, Detail: thePassword, At: at(60200)}}
	r.DataOK = true
	return r
}

// mutualResult is a gateway that could not prove itself.
func mutualResult() *pptpprobe.Result {
	r := authResult()
	r.Warnings = nil
	r.Failure = &pptpprobe.Failure{Stage: pptpprobe.StageAuth, Cause: pptpprobe.CauseAuthMutualFailed, ResultCode: -1, ErrorCode: -1}
	return r
}

// permissionResult is what a host without CAP_NET_RAW gets.
func permissionResult() *pptpprobe.Result {
	return &pptpprobe.Result{
		Start: began, Duration: 30 * time.Millisecond,
		Stages: []pptpprobe.StageResult{stage(pptpprobe.StageTCP, pptpprobe.OutcomeOK, 0, 20, 1, 0)},
		Failure: &pptpprobe.Failure{
			Stage: pptpprobe.StageCall, Cause: pptpprobe.CauseLocalNoPermission,
			Detail: "socket: operation not permitted", ResultCode: -1, ErrorCode: -1,
		},
	}
}

// fakeProber returns what a test wants, at once unless it is told to wait.
type fakeProber struct {
	mu      sync.Mutex
	results func(n int, t pptpprobe.Target) *pptpprobe.Result // of the n-th run
	takes   time.Duration
	runs    int
	closed  int
	// addresses of every name; the zero Addr is a name that does not resolve
	addresses []netip.Addr
}

func (f *fakeProber) Run(ctx context.Context, t pptpprobe.Target) *pptpprobe.Result {
	f.mu.Lock()
	n := f.runs
	f.runs++
	f.mu.Unlock()
	res := f.results(n, t)
	if f.takes > 0 {
		select {
		case <-time.After(f.takes):
		case <-ctx.Done():
			res = greResult()
			res.Failure.Cause = pptpprobe.CauseLocalDeadline
		}
	}
	res.Target = t
	return res
}

// RunAll has as many addresses as f.addresses.
func (f *fakeProber) RunAll(ctx context.Context, t pptpprobe.Target) (results []*pptpprobe.Result) {
	for _, a := range f.addresses {
		r := f.Run(ctx, t)
		r.PeerAddr = a
		results = append(results, r)
	}
	return results
}

func (f *fakeProber) Stats() pptpprobe.ProbeStats {
	return pptpprobe.ProbeStats{GREPackets: 7, GREUnknown: 2, GREQueueDrops: 1}
}

func (f *fakeProber) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

func (f *fakeProber) count() (runs, closed int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runs, f.closed
}
