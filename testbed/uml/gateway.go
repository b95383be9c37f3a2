//go:build linux

package uml

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Addresses, and the account that gateways know.
const (
	HostIP    = "10.98.0.1" // the namespace's own; guests send flows to UDP 2055 of it, syslog to UDP 5514
	Host2IP   = "10.98.0.3" // the namespace's second one, for a second caller
	GatewayIP = "10.98.0.2"
	ClientIP  = "10.98.0.9"
	BehindIP  = "10.97.0.2" // behind the gateway's guest, with UML_ROUTER=1: [PolicyRouted], and a host to reach through a tunnel
	TunnelIP  = "10.99.0.1" // the gateway's end of every tunnel: HTTP 80 (/ and /1m.bin), iperf3; only through a tunnel

	User     = "probe"
	Password = "s3cret-Pass"
)

// Policies of a gateway: each is a pptpd with an address of its own.
const (
	PolicyMSCHAPv2         = "mschapv2-128"      // MS-CHAPv2, MPPE 128 bit required; at the gateway's own address
	PolicyMSCHAPv2MPPE40   = "mschapv2-40"       // MS-CHAPv2, MPPE 40 bit required
	PolicyMSCHAPv2Stateful = "mschapv2-stateful" // MS-CHAPv2, MPPE 128 bit required, stateful allowed
	PolicyMSCHAPv2NoMPPE   = "mschapv2-none"     // MS-CHAPv2, MPPE refused
	PolicyMSCHAPv1         = "mschapv1-128"      // MS-CHAPv1, MPPE 128 bit required
	PolicyCHAP             = "chap"              // CHAP with MD5, MPPE refused
	PolicyPAP              = "pap"               // PAP, MPPE refused
	PolicyEAP              = "eap"               // EAP only, MPPE refused
	PolicyAny              = "any"               // any authentication, CHAP with MD5 first; MPPE optional
	PolicyOneCall          = "one-call"          // as PolicyMSCHAPv2, with a pool of one address
	PolicyRouted           = "routed"            // as PolicyMSCHAPv2, behind a router; with UML_ROUTER=1
	PolicyRADIUS           = "radius"            // as PolicyMSCHAPv2, but a RADIUS server has accounts and addresses; with UML_RADIUS=1
)

// Gateway is a guest with a pptpd per policy, snmpd, a flow exporter and rsyslog.
type Gateway struct{ *Guest }

// StartGateway boots a gateway, which is stopped when the test ends. It skips or fails the test where guests cannot run.
func StartGateway(t testing.TB, o Options) *Gateway {
	t.Helper()
	return &Gateway{start(t, "gateway", GatewayIP, o)}
}

// Address is where a policy listens.
func (g *Gateway) Address(t testing.TB, policy string) string {
	t.Helper()
	conf, err := os.ReadFile(filepath.Join(g.Dir, "pptpd."+policy+".conf"))
	if err != nil {
		t.Fatalf("policy %s of %s: %v", policy, g.Name, err)
	}
	for line := range strings.Lines(string(conf)) {
		if address, ok := strings.CutPrefix(strings.TrimSpace(line), "listen "); ok {
			return address
		}
	}
	t.Fatalf("policy %s of %s has no address", policy, g.Name)
	return ""
}

// Sessions lists what runs for callers: a pptpctrl per control connection, a pppd per call.
func (g *Gateway) Sessions(t testing.TB) []Process {
	t.Helper()
	return g.Processes(t, "pptpctrl", "pppd")
}

// WaitIdle fails the test unless every session has ended in time.
func (g *Gateway) WaitIdle(t testing.TB, within time.Duration) {
	t.Helper()
	var left []Process
	if !eventually(t, within, func() bool { left = g.Sessions(t); return len(left) == 0 }) {
		t.Fatalf("sessions left in %s after %s: %v", g.Name, within, left)
	}
}

// Mark is a place in a gateway's syslog.
type Mark int64

// Mark is the present end of the syslog.
func (g *Gateway) Mark(t testing.TB) Mark {
	t.Helper()
	info, err := os.Stat(g.syslog())
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatalf("syslog of %s: %v", g.Name, err)
	}
	return Mark(info.Size())
}

func (g *Gateway) syslog() string { return filepath.Join(g.Dir, "syslog") }

// Syslog is what pptpd, pppd (with debug) and the other daemons logged since the mark.
func (g *Gateway) Syslog(t testing.TB, since Mark) Lines {
	t.Helper()
	lines, err := readLines(g.syslog(), since)
	if err != nil {
		t.Fatalf("syslog of %s: %v", g.Name, err)
	}
	return lines
}

// WaitSyslog returns the syslog since the mark as soon as n of its lines have the text, and fails the test when that
// does not happen in time.
func (g *Gateway) WaitSyslog(t testing.TB, since Mark, text string, n int, within time.Duration) Lines {
	t.Helper()
	var lines Lines
	if !eventually(t, within, func() bool { lines = g.Syslog(t, since); return lines.Count(text) >= n }) {
		t.Fatalf("syslog of %s has not %d lines with %q after %s:\n%s", g.Name, n, text, within, strings.Join(lines, "\n"))
	}
	return lines
}

// Lines of a log.
type Lines []string

// Count counts the lines with the text.
func (l Lines) Count(text string) int { return len(l.With(text)) }

// With is the lines with the text.
func (l Lines) With(text string) Lines {
	var with Lines
	for _, line := range l {
		if strings.Contains(line, text) {
			with = append(with, line)
		}
	}
	return with
}

// ClientLeftFirst is what the log has when a caller closes its GRE socket before the gateway has sent its last packet,
// which the caller's kernel then refuses. The real client does that now and then; say so to [Lines.CleanEnd].
var ClientLeftFirst = []string{"from network failed: status = -1 error = Protocol not available", "GRE read or PTY write failed"}

// PPPDLeftFirst is what the log has when the gateway's pppd ends the link, the caller agrees, and pppd is gone before the
// caller's goodbye on the control connection comes; see [Lines.EndedByPPPD].
var PPPDLeftFirst = []string{"from PTY failed: status = -1 error = Input/output error", "PTY read or GRE write failed"}

// EndedByPPPD tells whether the gateway ended the link of the only session, and the caller agreed to that.
func (l Lines) EndedByPPPD() bool {
	return l.Count("sent [LCP TermReq") > 0 && l.Count("rcvd [LCP TermAck") > 0 && l.Count("rcvd [LCP TermReq") == 0
}

// CleanEnd says what is wrong with the log of a gateway that had n sessions, which all got as far as pppd and have all
// ended in good order: LCP terminated, pppd gone, control connection finished; nil: nothing. Lines that have one of the
// texts of ignore are ignored.
func (l Lines) CleanEnd(n int, ignore ...string) error {
	var errs []error
	for _, text := range []string{
		"control connection started", "pppd 2.", "Connection terminated.", "Exit.", "control connection finished",
	} {
		if got := l.Count(text); got != n {
			errs = append(errs, fmt.Errorf("%d lines with %q, want %d", got, text, n))
		}
	}
	for _, line := range l {
		has := func(text string) bool { return strings.Contains(line, text) }
		if slices.ContainsFunc(disorder, has) && !slices.ContainsFunc(ignore, has) {
			errs = append(errs, fmt.Errorf("%q", line))
		}
	}
	return errors.Join(errs...)
}

// disorder is what pptpd and pppd say when a session does not end in good order.
var disorder = []string{
	"GRE: ", "GRE read", "PTY read", "EOF or bad error", "timeout sending", "Fatal signal", "panic",
}

// readLines reads the complete lines of a file from an offset on; a file that is not there yet has none.
func readLines(path string, from Mark) (Lines, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	content = content[min(int(from), len(content)):]
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	var lines Lines
	for line := range strings.Lines(string(content)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines, nil
}
