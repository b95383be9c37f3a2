//go:build real && linux

package uml_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

// logVerdicts are what the gateway's log alone tells of the sessions of [verdicts], by
// their titles. Those that are missing are established, and have nothing wrong. Of some
// faults the log knows less than the probe, of others more.
var logVerdicts = map[string]string{
	// No control connection came up.
	uml.ControlRefused.Name: "", uml.DaemonDown.Name: "", uml.ControlDropped.Name: "", uml.ControlUnreachable.Name: "",
	uml.ControlForbidden.Name: "", uml.ControlOtherService.Name: "",
	uml.DaemonHung.Name: "abandoned", // the connection is taken when the daemon goes on, and is closed by then

	uml.GREInDropped.Name:       "failed lcp.timeout",
	uml.GREOutDropped.Name:      "failed lcp.timeout",
	uml.GREDropped.Name:         "failed lcp.timeout",
	uml.GREOtherSource.Name:     "failed lcp.timeout",
	uml.GREUnreachable.Name:     "failed", // the probe gives up too soon for the log to know
	uml.GREProhibited.Name:      "failed",
	uml.GREHostUnreachable.Name: "failed",

	uml.PPPDFails.Name:           "failed ppp.server_daemon_failed",
	uml.AddressForbidden.Name:    "failed ppp.server_daemon_failed",
	uml.PPPDWithoutIP.Name:       "failed ipcp.no_protocol",
	"pppd starts too late":       "failed unknown",
	"no address for the account": "failed ipcp.no_address",

	uml.SecretChanged.Name:               "failed auth.rejected",
	"PAP only":                           "failed auth.protocol_refused",
	"CHAP with MD5 only":                 "failed auth.protocol_refused",
	"MS-CHAPv1 only":                     "failed auth.protocol_refused",
	"EAP only":                           "failed auth.protocol_refused",
	"MS-CHAPv2 only, probe has PAP":      "failed auth.protocol_refused",
	uml.RADIUSHung.Name:                  "failed auth.timeout", // to the caller it looks like a wrong password
	"RADIUS hangs, probe gives up first": "abandoned",           // the server answered in the end

	"MPPE required, probe refuses":       "failed mppe.required_by_server",
	"128 bit required, probe has 40":     "failed mppe.required_by_server",
	"40 bit required, probe has 128":     "failed mppe.required_by_server",
	"40 bit required, probe prefers 128": "failed mppe.required_by_server",
	"no MPPE, probe requires it":         "failed mppe.unsupported_by_server",
	"RADIUS without MPPE keys":           "failed mppe.required_by_server",
	"RADIUS with wrong MPPE keys":        "established mppe.key_mismatch",

	uml.SmallMTU.Name:                        "established gre.send_error",
	uml.PPPDIdleTimeout.Name:                 "established hold.idle_timeout",
	uml.PPPDSessionTimeout.Name:              "established hold.session_timeout",
	"pppd option idle 2, without MPPE":       "established hold.idle_timeout",
	"pppd option maxconnect 3, without MPPE": "established hold.session_timeout",
}

// tally compares what the log says of sessions with what they were.
type tally struct{ right, wrong, missed int }

// add counts two lists of sessions, each told in one word or more.
func (n *tally) add(want, got []string) {
	got = slices.Clone(got)
	for _, w := range want {
		i := slices.IndexFunc(got, func(g string) bool { return strings.HasPrefix(g+" ", w+" ") })
		if i < 0 {
			n.missed++
			continue
		}
		n.right++
		got = slices.Delete(got, i, i+1)
	}
	n.wrong += len(got)
}

// require wants precision and recall above 98 %.
func (n *tally) require(t *testing.T) {
	precision, recall := float64(n.right)/float64(n.right+n.wrong), float64(n.right)/float64(n.right+n.missed)
	t.Logf("%d sessions: precision %.4f, recall %.4f", n.right+n.missed, precision, recall)
	assert.Greater(t, precision, 0.98)
	assert.Greater(t, recall, 0.98)
}

// awaitLog waits until the gateway logs: it answers callers before it does.
func awaitLog(t *testing.T, gw *uml.Gateway) {
	t.Helper()
	gw.WaitSyslog(t, 0, `software="rsyslogd"`, 1, 4*idle)
}

// stitch reads a log, and returns its sessions in the order of their ends.
func stitch(t *testing.T, lines uml.Lines) (list []*session.Session) {
	t.Helper()
	e, err := pptplog.New(pptplog.Config{Session: session.Config{OnSession: func(c session.Change, s *session.Session) {
		if c == session.Closed || c == session.Failed {
			list = append(list, s)
		}
	}}})
	require.NoError(t, err)
	now := time.Now()
	for _, l := range lines {
		e.LineString(now, "", l)
	}
	e.Flush()
	stats := e.Stats().Sessions
	assert.Zero(t, stats.Sessions, "all are over")
	assert.Zero(t, stats.Conflicts)
	return list
}

// outcomes tells sessions as logVerdicts does.
func outcomes(list []*session.Session) (words []string) {
	for _, s := range list {
		words = append(words, strings.TrimSpace(s.Outcome.String()+" "+s.Cause))
	}
	return words
}

// withoutDebug is the log of a gateway whose pppd has no option debug.
func withoutDebug(lines uml.Lines) uml.Lines {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return strings.Contains(l, "]: sent [") || strings.Contains(l, "]: rcvd [")
	})
}

// logJudge compares what the log alone says of sessions with how they went, with pppd's debug lines and without.
type logJudge struct{ all, plain tally }

// judge reads the log of a fault, since the mark, with that of the session after it.
func (j *logJudge) judge(t *testing.T, gw *uml.Gateway, mark uml.Mark, v verdict, r *pptpprobe.Result) {
	t.Helper()
	want := []string{"established"}
	if w, ok := logVerdicts[v.title()]; ok {
		want = slices.DeleteFunc([]string{w}, func(w string) bool { return w == "" })
	}
	if v.fault.Apply != "" {
		want = append(want, "established")
	}
	var lines uml.Lines
	require.Eventually(t, func() bool {
		lines = gw.Syslog(t, mark)
		return lines.Count("control connection finished") == lines.Count("control connection started") &&
			lines.Count("control connection finished") >= len(want)
	}, idle, 50*time.Millisecond, "the end of the log")
	got := outcomes(stitch(t, lines))
	j.all.add(want, got)
	j.plain.add(outcomesOnly(want), outcomes(stitch(t, withoutDebug(lines))))
	assert.Len(t, got, len(want), "%q", got)
	if v.want == pptpprobe.CauseMPPEKeyMismatch {
		return // the frames are random, and now and then look as if somebody had meant them
	}
	for _, w := range want {
		assert.True(t, slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g+" ", w+" ") }),
			"%q is missing in %q of a session with %s\n%s", w, got, summary(r), strings.Join(lines, "\n"))
	}
}

func (j *logJudge) require(t *testing.T) {
	t.Helper()
	j.all.require(t)
	t.Log("without debug, outcomes without causes:")
	j.plain.require(t)
}

// outcomesOnly leaves the causes out. Without debug, the log has no word on an address that
// is refused, and a client that leaves in good order then has none either.
func outcomesOnly(want []string) (words []string) {
	for _, w := range want {
		if w == "failed ipcp.no_address" {
			w = "abandoned"
		}
		word, _, _ := strings.Cut(w, " ")
		words = append(words, word)
	}
	return words
}

// overlapping is how many sessions run at once.
const overlapping = 36

// kind is one of several that run at once.
type kind struct {
	policy string
	with   []func(*pptpprobe.Target)
	want   string
	cause  pptpprobe.Cause // of the probe; empty: it is held until all are up
}

var kinds = []kind{
	{uml.PolicyMSCHAPv2, with(held), "established", ""},
	{uml.PolicyMSCHAPv2MPPE40, with(held, encryption(ppp.MPPERequire, 40)), "established", ""},
	{uml.PolicyMSCHAPv2NoMPPE, with(held, encryption(ppp.MPPERefuse)), "established", ""},
	{uml.PolicyMSCHAPv2, with(func(t *pptpprobe.Target) { t.Password = "wrong" }), "failed auth.rejected", pptpprobe.CauseAuthRetryOffered},
	{uml.PolicyPAP, with(encryption(ppp.MPPEPrefer)), "failed auth.protocol_refused", pptpprobe.CauseAuthProtocolRefused},
	{uml.PolicyMSCHAPv2, with(encryption(ppp.MPPERefuse)), "failed mppe.required_by_server", pptpprobe.CauseMPPERequiredByServer},
}

func kindOf(i int) kind { return kinds[i%len(kinds)] }

func callerOf(i int) string { return []string{uml.HostIP, uml.Host2IP}[i%2] }

// Sessions that overlap by the dozen, of two callers, good ones and bad ones: the log's
// lines are mixed, and none goes to another's session.
func TestLogOverlapping(t *testing.T) {
	gw := uml.StartGateway(t, uml.Options{})
	awaitLog(t, gw)
	p := newProbe(t)
	var lines uml.Lines
	var want []string
	for range 3 { // on a busy machine, a request is repeated, and pppd ends encryption when it gets it twice
		mark := gw.Mark(t)
		results := overlap(t, gw, p)
		gw.WaitIdle(t, 4*idle)
		lines = gw.WaitSyslog(t, mark, "control connection finished", overlapping, 4*idle)
		if want = asAsked(t, results); want != nil {
			break
		}
	}
	require.NotNil(t, want, "sessions went otherwise than they were to go")
	for _, tt := range []struct {
		name  string
		lines uml.Lines
	}{{"with debug", lines}, {"without debug", withoutDebug(lines)}} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range stitch(t, tt.lines) {
				word := s.Outcome.String() + " "
				if s.Outcome == session.OutcomeEstablished {
					word += s.Peer.String() + " " + s.IP.String()
				} else {
					word += s.Cause + " " + s.Peer.String()
				}
				got = append(got, word)
			}
			var n tally
			n.add(want, got)
			assert.ElementsMatch(t, want, got)
			n.require(t)
		})
	}
}

// overlap runs sessions of all kinds. Those that are to be up, are up at once.
func overlap(t *testing.T, gw *uml.Gateway, p *pptpprobe.Probe) []*pptpprobe.Result {
	ctx, hangUp := context.WithTimeout(t.Context(), 2*time.Minute)
	defer hangUp()
	results := make([]*pptpprobe.Result, overlapping)
	var up, over sync.WaitGroup
	for i := range overlapping {
		k := kindOf(i)
		tg := bare(gw.Address(t, k.policy))
		tg.LocalAddr = netip.MustParseAddr(callerOf(i))
		budget(40 * time.Second)(&tg) // the guest has one slow CPU
		tg.Budgets.CCP, tg.Budgets.IPCP, tg.Timeout = 40*time.Second, 40*time.Second, 90*time.Second
		for _, f := range k.with {
			f(&tg)
		}
		up.Add(1)
		over.Go(func() {
			if tg.Hold == nil {
				defer up.Done()
				results[i] = p.Run(ctx, tg)
				return
			}
			s := hold(ctx, p, tg)
			s.established()
			up.Done()
			results[i] = s.end()
		})
	}
	up.Wait()
	hangUp()
	over.Wait()
	return results
}

// asAsked tells what the log has to say of sessions, or nil if one of them went otherwise
// than it was to go.
func asAsked(t *testing.T, results []*pptpprobe.Result) (want []string) {
	for i, r := range results {
		k := kindOf(i)
		switch {
		case k.cause == "" && r.Failure == nil:
			want = append(want, fmt.Sprintf("established %s %s", callerOf(i), r.Negotiated.LocalIP))
		case k.cause != "" && r.Failure != nil && r.Failure.Cause == k.cause:
			want = append(want, k.want+" "+callerOf(i))
		default:
			t.Log(summary(r))
			return nil
		}
	}
	return want
}
