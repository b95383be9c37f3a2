package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// text is the whole report for a person.
func (s *session) text(coloured bool) string {
	p := palette(coloured)
	var w strings.Builder
	fmt.Fprintf(&w, "PPTP session with %s\n\n", s.title())
	s.timeline(&w, p)
	facts(&w, p, s.facts())
	facts(&w, p, s.checkFacts())
	for _, x := range s.orderedWarnings() {
		word, label := p.yellow("warning"), "warning"
		if isNote(x.Cause) {
			word, label = p.dim("note"), "note"
		}
		fmt.Fprintln(&w)
		paragraph(&w, word, label, fmt.Sprintf("%s: %s", x.Cause, s.clean(x.Detail)))
		if !isNote(x.Cause) {
			s.advice(&w, p, x.Cause, x.Hint)
		}
	}
	fmt.Fprintln(&w)
	s.conclusion(&w, p)
	return w.String()
}

// title says with whom, as whom and how far.
func (s *session) title() string {
	t := s.endpoint()
	if a := s.res.PeerAddr; a.IsValid() && a.String() != s.target.Host {
		t += fmt.Sprintf(" (%s)", a)
	}
	if s.target.Depth >= pptpprobe.DepthAuth {
		t += " as " + s.clean(s.target.Username)
	}
	return t + ", depth " + s.target.Depth.String()
}

// conclusion prints the verdict, and what is known of a failure.
func (s *session) conclusion(w *strings.Builder, p palette) {
	v, f := s.verdict(), s.res.Failure
	switch v {
	case verdictOK:
		fmt.Fprintf(w, "%s: %s\n", p.verdict(v, "OK"), s.success())
		return
	case verdictInterrupted:
		fmt.Fprintf(w, "%s in stage %s\n", p.verdict(v, "INTERRUPTED"), f.Stage)
		return
	case verdictLocal:
		fmt.Fprintf(w, "%s on the gateway, the session ended in stage %s\n", p.verdict(v, "NO VERDICT"), f.Stage)
	case verdictFailed:
		fmt.Fprintf(w, "%s in stage %s\n", p.verdict(v, "FAILED"), f.Stage)
	}
	paragraph(w, p.dim("cause"), "cause", causeName(f))
	// The command is told below, in one piece.
	paragraph(w, p.dim("detail"), "detail", s.clean(strings.TrimSuffix(f.Detail, ": "+pptpprobe.PrivilegeHint())))
	if i, ok := f.Cause.Info(); ok && v == verdictFailed {
		paragraph(w, p.dim("likely"), "likely", i.RootCause)
	}
	s.advice(w, p, f.Cause, f.Hint)
}

// advice prints a hint, and the test in it apart.
func (s *session) advice(w *strings.Builder, p palette, c pptpprobe.Cause, hint string) {
	if c == pptpprobe.CauseLocalNoPermission {
		// In one piece, to be copied.
		fmt.Fprintf(w, "%s%s\n", p.dim(pad("do", labelWidth)), pptpprobe.PrivilegeHint())
		return
	}
	do, test := splitHint(s.clean(hint))
	if do != "" {
		paragraph(w, p.dim("do"), "do", do)
	}
	if test != "" {
		paragraph(w, p.dim("test"), "test", test)
	}
}

// splitHint divides a hint into what to do and, behind "D:", a test that tells
// the candidates apart.
func splitHint(hint string) (do, test string) {
	do, test, _ = strings.Cut(hint, "D:")
	return strings.Trim(do, " ;"), strings.TrimSpace(test)
}

const labelWidth = 14

// paragraph prints a label, painted, and text beside it.
func paragraph(w *strings.Builder, painted, label, text string) {
	for i, l := range wrap(text, pageWidth-labelWidth) {
		if i == 0 {
			fmt.Fprintf(w, "%s%s%s\n", painted, strings.Repeat(" ", max(labelWidth-len(label), 1)), l)
			continue
		}
		fmt.Fprintf(w, "%*s%s\n", labelWidth, "", l)
	}
}

type fact struct{ label, value string }

// facts prints what is known, if there is something.
func facts(w *strings.Builder, p palette, list []fact) {
	if len(list) > 0 {
		fmt.Fprintln(w)
	}
	for _, f := range list {
		if len(f.label) >= labelWidth-2 { // the name of a check
			fmt.Fprintf(w, "  %s\n", p.dim(f.label))
			f.label = ""
		}
		for i, l := range wrap(f.value, pageWidth-labelWidth) {
			label := ""
			if i == 0 {
				label = f.label
			}
			fmt.Fprintf(w, "  %s%s\n", p.dim(pad(label, labelWidth-2)), l)
		}
	}
}

// facts are what gateway and probe told each other and agreed upon.
func (s *session) facts() (list []fact) {
	add := func(label, format string, a ...any) { list = append(list, fact{label, fmt.Sprintf(format, a...)}) }
	r, n := s.res, &s.res.Negotiated
	if v := r.Server; v != (pptpprobe.Server{}) {
		add("server", "%q, host name %q, firmware %d", s.clean(v.Vendor), s.clean(v.HostName), v.Firmware)
	}
	if r.Identification != "" {
		add("says", "%q", s.clean(r.Identification))
	}
	if r.CallConnected {
		add("call", "id %d, the gateway's %d", r.CallID, r.PeerCallID)
	}
	if s.passed(pptpprobe.StageLCP) {
		add("mru", "%d bytes to us, %d to the gateway", n.MRU, n.PeerMRU)
	}
	if n.Auth != 0 {
		add("auth", "%s", s.authText())
	}
	if s.passed(pptpprobe.StageCCP) {
		add("encryption", "%s", s.encryption())
	}
	if n.LocalIP.IsValid() {
		add("address", "%s, the gateway's %s", n.LocalIP, n.PeerIP)
	}
	if len(n.DNS) > 0 {
		add("dns", "%s", addresses(n.DNS))
	}
	if len(n.NBNS) > 0 {
		add("wins", "%s", addresses(n.NBNS))
	}
	if g := &r.GRE; g.Tx.Packets+g.Rx.Packets > 0 {
		add("gre", "%d packets sent, %d received, %d lost, %d reordered, %d duplicated",
			g.Tx.Packets, g.Rx.Packets, g.RxLost, g.RxReordered, g.RxDuplicate)
	}
	if t := s.roundTrips(); t != "" {
		add("round trip", "%s", t)
	}
	switch {
	case r.CapturePath != "":
		add("capture", "%s", r.CapturePath)
	case r.CaptureErr != nil:
		add("capture", "not written: %s", s.clean(r.CaptureErr.Error()))
	}
	if len(r.ICMPErrors) > 0 {
		i := r.ICMPErrors[0]
		add("icmp", "type %d code %d from %s", i.Type, i.Code, i.From)
	}
	return list
}

// passed says whether a stage was completed.
func (s *session) passed(st pptpprobe.Stage) bool {
	r, ok := s.res.Stage(st)
	return ok && r.Outcome == pptpprobe.OutcomeOK
}

// authText is the method, and what became of it.
func (s *session) authText() string {
	n := &s.res.Negotiated
	t := n.Auth.String()
	switch {
	case s.res.AuthOK:
		t += ", accepted"
	case s.target.Depth < pptpprobe.DepthAuth:
		t += ", not tried"
	default:
		t += ", not accepted"
	}
	if len(n.AuthOffered) > 1 || len(n.AuthOffered) == 1 && n.AuthOffered[0] != n.Auth.String() {
		t += "; the gateway asked for " + s.clean(strings.Join(n.AuthOffered, ", "))
	}
	return t
}

func (s *session) encryption() string {
	n := &s.res.Negotiated
	if n.MPPE == 0 {
		return "none"
	}
	t := fmt.Sprintf("MPPE %s bit, %s", n.MPPE, mppeMode(n.Stateless))
	if n.MPPEReceive != n.MPPE && n.MPPEReceive != 0 {
		t += fmt.Sprintf(", but %s bit from the gateway", n.MPPEReceive)
	}
	return t
}

func mppeMode(stateless bool) string {
	if stateless {
		return "stateless"
	}
	return "stateful"
}

// roundTrips are the shortest of each kind.
func (s *session) roundTrips() string {
	var parts []string
	if l := s.res.ControlEchoRTTs; len(l) > 0 {
		parts = append(parts, "control echo "+took(slices.Min(l)))
	}
	if l := s.res.LCPEchoRTTs; len(l) > 0 {
		parts = append(parts, "LCP echo "+took(slices.Min(l)))
	}
	if a := s.res.GRE.AckRTT; a.Count > 0 {
		parts = append(parts, "GRE ack "+took(a.Min))
	}
	return strings.Join(parts, ", ")
}

// checkFacts are what the checks measured.
func (s *session) checkFacts() []fact {
	list := make([]fact, 0, len(s.res.Checks))
	for i := range s.res.Checks {
		c := &s.res.Checks[i]
		list = append(list, fact{s.clean(c.Check.Name), s.measured(c)})
	}
	return list
}

func average(l []time.Duration) (sum time.Duration) {
	for _, d := range l {
		sum += d
	}
	return sum / time.Duration(len(l))
}

func addresses(l []netip.Addr) string {
	t := make([]string, len(l))
	for i, a := range l {
		t[i] = a.String()
	}
	return strings.Join(t, ", ")
}
