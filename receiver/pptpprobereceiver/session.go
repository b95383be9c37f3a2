package pptpprobereceiver

import (
	"encoding/binary"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// redacted replaces the password in texts of the gateway.
const redacted = "[REDACTED]"

// minSecret is the shortest password that is looked for in texts: a shorter one
// would be found in every other word.
const minSecret = 4

// session is one result on its way out: what the three signals have in common,
// worked out once.
type session struct {
	target *probeTarget
	result *pptpprobe.Result
	agreed agreed
	part   sessionPart // what of it is to be reported
	next   time.Time   // theEnd: when the next session begins; zero: there is none
	// newWarnings are, of theEnd, those that have not been reported.
	newWarnings []pptpprobe.Warning

	traceID pcommon.TraceID
	rootID  pcommon.SpanID
	parts   []part
}

// part is a stage or check that gets a span of its own.
type part struct {
	name     string
	id       pcommon.SpanID
	start    time.Time
	duration time.Duration
	stage    pptpprobe.Stage
	outcome  *pptpprobe.StageResult // nil for a check
	check    *pptpprobe.CheckResult // nil for a stage
}

var stageSpans = map[pptpprobe.Stage]string{
	pptpprobe.StageDNS:      "pptp.dns.resolve",
	pptpprobe.StageTCP:      "pptp.tcp.connect",
	pptpprobe.StageControl:  "pptp.control.start",
	pptpprobe.StageCall:     "pptp.call.outgoing",
	pptpprobe.StageGRE:      "pptp.gre.first_packet",
	pptpprobe.StageLCP:      "pptp.lcp.negotiate",
	pptpprobe.StageAuth:     "pptp.auth",
	pptpprobe.StageCCP:      "pptp.ccp.negotiate",
	pptpprobe.StageIPCP:     "pptp.ipcp.negotiate",
	pptpprobe.StageApp:      "pptp.app",
	pptpprobe.StageHold:     "pptp.hold",
	pptpprobe.StageTeardown: "pptp.teardown",
}

// newSession prepares r. random gives the ids of the trace, which exist even if
// no traces are wired: they also join the events of one session.
func newSession(t *probeTarget, r *pptpprobe.Result, random func() uint64) *session {
	s := &session{target: t, result: r, agreed: agreedOf(r)}
	for s.traceID.IsEmpty() {
		binary.BigEndian.PutUint64(s.traceID[:8], random())
		binary.BigEndian.PutUint64(s.traceID[8:], random())
	}
	s.rootID = newSpanID(random)
	s.parts = make([]part, 0, len(r.Stages)+len(r.Checks))
	for i := range r.Stages {
		st := &r.Stages[i]
		// The checks stand for the stage that consists of them.
		if st.Outcome == pptpprobe.OutcomeSkipped || (st.Stage == pptpprobe.StageApp && len(r.Checks) > 0) {
			continue
		}
		s.parts = append(s.parts, part{
			name: stageSpans[st.Stage], id: newSpanID(random), start: st.Start, duration: st.Duration,
			stage: st.Stage, outcome: st,
		})
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		s.parts = append(s.parts, part{
			name: "pptp.app." + c.Check.Kind.String(), id: newSpanID(random), start: c.Start, duration: c.Duration,
			stage: pptpprobe.StageApp, check: c,
		})
	}
	return s
}

func newSpanID(random func() uint64) (id pcommon.SpanID) {
	for id.IsEmpty() {
		binary.BigEndian.PutUint64(id[:], random())
	}
	return id
}

// end is when the teardown was over.
func (s *session) end() time.Time { return s.result.Start.Add(s.result.Duration) }

// spanOf returns the span of a stage, or else the root.
func (s *session) spanOf(st pptpprobe.Stage) pcommon.SpanID {
	for i := range s.parts {
		if s.parts[i].stage == st {
			return s.parts[i].id
		}
	}
	return s.rootID
}

// spanOfProblem returns the span of the check that had the problem, or else that of its stage.
func (s *session) spanOfProblem(st pptpprobe.Stage, cause pptpprobe.Cause) pcommon.SpanID {
	for i := range s.parts {
		if c := s.parts[i].check; c != nil && st == pptpprobe.StageApp && hadProblem(c, cause) {
			return s.parts[i].id
		}
	}
	return s.spanOf(st)
}

// failedAt is when the failing stage gave up.
func (s *session) failedAt() time.Time {
	if st, ok := s.result.Stage(s.result.Failure.Stage); ok && !st.Start.IsZero() {
		return st.Start.Add(st.Duration)
	}
	return s.end()
}

// established says whether the session got as far as it should, or at least to
// an address.
func (s *session) established() bool { return s.result.OK() || s.result.Connect > 0 }

// establishedAt is when it got there.
func (s *session) establishedAt() time.Time {
	if s.result.Connect > 0 {
		return s.result.Start.Add(s.result.Connect)
	}
	at := s.result.Start
	for _, st := range s.result.Stages {
		if end := st.Start.Add(st.Duration); st.Stage != pptpprobe.StageTeardown && end.After(at) {
			at = end
		}
	}
	return at
}

// text makes a text fit to be shown: a gateway may send back what it was sent.
func (s *session) text(t string) string {
	if p := string(s.target.probe.Password); len(p) >= minSecret {
		t = strings.ReplaceAll(t, p, redacted)
	}
	return strings.ToValidUTF8(t, "\uFFFD")
}

// username returns the user name if it may be shown and was used.
func (s *session) username() string {
	if !s.target.includeUsername {
		return ""
	}
	return s.target.probe.Username
}

// otherCause is what the semantic conventions say where no error.type applies.
const otherCause pptpprobe.Cause = "_OTHER"

// causeOf returns the cause of a failure, which is never empty.
func causeOf(f *pptpprobe.Failure) pptpprobe.Cause {
	if f.Cause == "" {
		return otherCause
	}
	return f.Cause
}

// addrText returns the address, or the empty string for the zero Addr.
func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// redactURL returns the URL without its credentials.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Redacted()
}
