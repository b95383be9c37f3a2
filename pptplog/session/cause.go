package session

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// finding is what one line says of why a session failed, or ended.
type finding struct {
	weight        weight
	stage         string
	cause, reason string
}

// weight says which of several lines is to be believed.
type weight uint8

const (
	none    weight = iota
	echoes         // follows from something else, nearly always
	symptom        // may follow from something else
	says           // says why
	decides        // says why, where other lines say the same with less detail
)

// improve takes the weightier one; of two, the first.
func (f *finding) improve(o finding) {
	if o.weight > f.weight {
		o.reason = clip(o.reason)
		*f = o
	}
}

// proven are lines that have one meaning only.
var proven = map[event.Type]finding{
	event.OptionError:     {says, StagePPP, "ppp.server_daemon_failed", ""},
	event.PluginABI:       {says, StagePPP, "ppp.server_daemon_failed", ""},
	event.KernelFail:      {says, StagePPP, "ppp.server_daemon_failed", ""},
	event.AuthConfigError: {says, StagePPP, "ppp.server_daemon_failed", ""},
	event.LaunchFail:      {says, StagePPP, "ppp.server_daemon_failed", ""},
	event.ForkFail:        {says, StagePPP, "ppp.server_daemon_failed", ""},

	event.CallRefused:       {says, StageCall, Unknown, ""},
	event.NoCallSlots:       {says, StageCall, "call.busy", ""},
	event.ControlLimited:    {says, StageControl, Unknown, ""},
	event.ControlProtoError: {symptom, StageControl, Unknown, ""},
	event.ControlTimeout:    {symptom, StageControl, "control.echo_timeout", ""},

	event.GREInitFail: {says, StageGRE, Unknown, ""},
	event.GREBlocked:  {says, StageGRE, "gre.no_reply", ""},

	event.LCPLoop:     {decides, StageLCP, "lcp.loopback", ""},
	event.LCPTimeout:  {says, StageLCP, "lcp.timeout", "timeout"},
	event.LCPBad:      {symptom, StageLCP, Unknown, ""},
	event.LCPAuthType: {decides, StageAuth, "auth.protocol_refused", ""},
	event.EchoTimeout: {says, StageLCP, "lcp.echo_timeout", ""},

	event.AuthTimeout:     {says, StageAuth, "auth.timeout", ""},
	event.RADIUSTimeout:   {symptom, StageAuth, "auth.timeout", ""},
	event.RADIUSBadSecret: {symptom, StageAuth, Unknown, ""},
	event.RADIUSBadReply:  {symptom, StageAuth, Unknown, ""},
	event.RADIUSMisconfig: {symptom, StageAuth, Unknown, ""},
	event.RADIUSPolicy:    {symptom, StageAuth, Unknown, ""},

	event.RADIUSMPPEKeysMissing: {symptom, StageMPPE, "mppe.required_by_server", ""},
	event.CCPLost:               {symptom, StageCCP, Unknown, ""},
	event.PoolExhausted:         {says, StageIPCP, "ipcp.no_address", ""},
	event.PPPDExited:            {echoes, StagePPP, Unknown, ""},
	event.ControlLost:           {echoes, StageControl, Unknown, ""},
	event.DuplicateSession:      {says, StageAuth, Unknown, ""},
	event.RADIUSAcctKill:        {says, StageHold, Unknown, ""},
}

// faultOf is what a line says of a session that was not established.
func faultOf(e *event.Event) finding {
	if f, ok := proven[e.Type]; ok {
		if f.reason == "" {
			f.reason = e.Type.String()
		}
		return f
	}
	switch e.Type {
	case event.AuthFail:
		return authFault(e)
	case event.GREReadError, event.GREXmitFail:
		return finding{symptom, StageGRE, greCauses.of(e.Errno, Unknown), e.Type.String()}
	case event.NCPTimeout:
		switch e.Reason {
		case "IPCP":
			return finding{says, StageIPCP, "ipcp.timeout", "timeout"}
		case "CCP":
			return finding{symptom, StageCCP, Unknown, "timeout"}
		}
	case event.MPPEFail:
		if c := mppeCauses.in(e.Text, ""); c != "" {
			return finding{decides, StageMPPE, c, e.Type.String()}
		}
		return finding{symptom, StageMPPE, Unknown, e.Type.String()} // it may go on without
	case event.IPFail:
		return finding{says, StageIPCP, ipCauses.in(e.Text, Unknown), e.Type.String()}
	case event.TermByPeer:
		if c := peerCauses.in(e.Reason, ""); c != "" {
			return finding{says, stageOf(c), c, e.Reason}
		}
	}
	return finding{}
}

// authFault tells why a user was refused, if the line knows.
func authFault(e *event.Event) finding {
	f := finding{says, StageAuth, authCauses.in(e.Text, "auth.rejected"), e.Type.String()}
	if f.cause != "auth.rejected" {
		f.weight = decides
	}
	return f
}

// words give a cause by what stands in a line.
type words []struct{ text, cause string }

// in is the cause of the first text that s contains.
func (w words) in(s, otherwise string) string {
	for _, x := range w {
		if strings.Contains(s, x.text) {
			return x.cause
		}
	}
	return otherwise
}

// of is the cause of the text that s is.
func (w words) of(s, otherwise string) string {
	for _, x := range w {
		if s == x.text {
			return x.cause
		}
	}
	return otherwise
}

var (
	greCauses = words{
		{"ENOPROTOOPT", "gre.proto_unreachable"},
		{"EHOSTUNREACH", "gre.host_unreachable"},
		{"ENETUNREACH", "gre.host_unreachable"},
		{"EPERM", "gre.send_error"},
		{"EMSGSIZE", "gre.send_error"},
		{"ENOBUFS", "gre.send_error"},
	}
	authCauses = words{
		{"refused to authenticate", "auth.protocol_refused"},
		{"E=646", "auth.restricted_hours"},
		{"E=647", "auth.account_disabled"},
		{"E=648", "auth.password_expired"},
		{"E=649", "auth.no_dialin_permission"},
		{"has expired", "auth.password_expired"},
		{"radius timeout", "auth.timeout"},
	}
	mppeCauses = words{
		{"no support", "mppe.unsupported_by_server"},
		{"not supported", "mppe.unsupported_by_server"},
		{"both 40-bit and 128-bit disabled", "mppe.unsupported_by_server"},
		{"keys not allowed", "mppe.unsupported_by_server"},
		{"Too many MPPE errors", "mppe.key_mismatch"},
		{"decryption", "mppe.key_mismatch"},
		{"stateful", "mppe.stateless_refused"},
		{"require", "mppe.required_by_server"},
	}
	ipCauses = words{
		{"refused to agree to his IP", "ipcp.address_rejected"},
		{"not authorized to use remote address", "ipcp.address_rejected"},
		{"Could not determine local IP", "ipcp.no_address"},
		{"ConfRej", "ipcp.no_address"},
		{"no IP address available", "ipcp.no_address"},
		{"no network protocols", "ipcp.no_protocol"},
	}
	// peerCauses are what clients say when they leave before a session is established:
	// pppd's words for the last thing that went wrong.
	peerCauses = words{
		{"MPPE required", "mppe.unsupported_by_server"},
		{"No network protocols running", "ipcp.no_protocol"},
		{"Could not determine", "ipcp.no_address"},
		{"refused to authenticate", "auth.protocol_refused"},
		{"Peer not responding", "lcp.echo_timeout"},
	}
)

func stageOf(cause string) string {
	stage, _, _ := strings.Cut(cause, ".")
	return stage
}

// endOf is what a line says of the end of an established session.
func endOf(e *event.Event) finding {
	switch e.Type {
	case event.TermByPeer:
		reason := e.Reason
		if reason == "" {
			reason = e.Type.String()
		}
		return finding{says, StageHold, "", reason}
	case event.SessionClose:
		if e.Reason != "" {
			return finding{says, StageHold, "", e.Reason}
		}
		return finding{}
	case event.GREReadError, event.GREXmitFail:
		return finding{symptom, StageHold, greCauses.of(e.Errno, Unknown), e.Type.String()}
	}
	f, ok := ends[e.Type]
	if ok {
		f.stage, f.reason = StageHold, e.Type.String()
	}
	return f
}

// ends are lines that say why an established session is over. Without a cause: as
// somebody wanted.
var ends = map[event.Type]finding{
	event.IdleTimeout:      {weight: decides, cause: "hold.idle_timeout"},
	event.SessionTimeout:   {weight: decides, cause: "hold.session_timeout"},
	event.TrafficLimit:     {weight: decides, cause: "hold.traffic_limit"},
	event.DuplicateSession: {weight: decides, cause: "hold.replaced"},
	event.EchoTimeout:      {weight: decides, cause: "lcp.echo_timeout"},
	event.RADIUSAcctKill:   {weight: decides, cause: Unknown},

	event.ControlTimeout:        {weight: says, cause: "control.echo_timeout"},
	event.ControlCloseRequested: {weight: symptom},
	event.SignalExit:            {weight: symptom},
	event.Hangup:                {weight: echoes},
	event.ControlLost:           {weight: echoes},
	event.PPPDExited:            {weight: echoes},
}
