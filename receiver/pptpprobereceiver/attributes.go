package pptpprobereceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// eventAttributes collects the attributes of an event.
type eventAttributes []metadata.EventAttributeOption

func (a *eventAttributes) text(set func(string) metadata.EventAttributeOption, v string) {
	if v != "" {
		*a = append(*a, set(v))
	}
}

func (a *eventAttributes) number(set func(int64) metadata.EventAttributeOption, v int64) {
	*a = append(*a, set(v))
}

// commonAttrs are on every event.
func (s *session) commonAttrs() []metadata.EventAttributeOption {
	a := make(eventAttributes, 0, 16)
	a.text(metadata.WithPptpDepthEventAttribute, s.target.probe.Depth.String())
	a.text(metadata.WithNetworkPeerAddressEventAttribute, addrText(s.result.PeerAddr))
	a.text(metadata.WithUserNameEventAttribute, s.username())
	return a
}

func (s *session) callAttrs() []metadata.EventAttributeOption {
	if !s.result.CallConnected {
		return nil
	}
	return []metadata.EventAttributeOption{
		metadata.WithPptpCallIDEventAttribute(int64(s.result.CallID)),
		metadata.WithPptpPeerCallIDEventAttribute(int64(s.result.PeerCallID)),
	}
}

func (s *session) serverAttrs() []metadata.EventAttributeOption {
	sv := &s.result.Server
	if !knownServer(sv) {
		return nil
	}
	var a eventAttributes
	a.text(metadata.WithPptpServerVendorEventAttribute, s.text(sv.Vendor))
	a.text(metadata.WithPptpServerHostnameEventAttribute, s.text(sv.HostName))
	a.number(metadata.WithPptpServerFirmwareEventAttribute, int64(sv.Firmware))
	return a
}

// knownServer says whether the gateway has told of itself.
func knownServer(sv *pptpprobe.Server) bool { return *sv != pptpprobe.Server{} }

func (s *session) securityAttrs() []metadata.EventAttributeOption {
	var a eventAttributes
	a.text(metadata.WithPptpAuthProtocolEventAttribute, s.agreed.auth)
	if s.agreed.ccp {
		a.number(metadata.WithPptpMppeKeyLengthEventAttribute, int64(s.agreed.mppeBits))
		a.text(metadata.WithPptpMppeModeEventAttribute, s.agreed.mppeMode)
	}
	return a
}

// problemAttrs are those of a failure or warning.
func (s *session) problemAttrs(st pptpprobe.Stage, c pptpprobe.Cause, detail, hint string) []metadata.EventAttributeOption {
	var a eventAttributes
	a.text(metadata.WithPptpStageEventAttribute, string(st))
	a.text(metadata.WithErrorTypeEventAttribute, string(c))
	a.text(metadata.WithPptpDetailEventAttribute, s.text(detail))
	a.text(metadata.WithPptpHintEventAttribute, s.hint(c, hint))
	return a
}

// hint completes the hint for a fault that this host can cure with one command.
func (s *session) hint(c pptpprobe.Cause, hint string) string {
	if c == pptpprobe.CauseLocalNoPermission {
		return pptpprobe.PrivilegeHint()
	}
	return hint
}

// terminateAttrs are what the gateway said when it ended the session.
func (s *session) terminateAttrs(f *pptpprobe.Failure) []metadata.EventAttributeOption {
	var a eventAttributes
	if f.MSCHAPError != 0 {
		a.number(metadata.WithPptpMschapErrorCodeEventAttribute, int64(f.MSCHAPError))
	}
	a.text(metadata.WithPptpMschapMessageEventAttribute, s.text(f.MSCHAPMessage))
	if f.RAS != 0 {
		a.number(metadata.WithPptpRasErrorCodeEventAttribute, int64(f.RAS))
	}
	a.text(metadata.WithPptpPppTerminateReasonEventAttribute, s.text(f.TerminateReason))
	return a
}

// reasonAttrs are all that was said of the reason, by gateway or network.
func (s *session) reasonAttrs(f *pptpprobe.Failure) []metadata.EventAttributeOption {
	a := eventAttributes(s.terminateAttrs(f))
	if i := f.ICMP; i != nil {
		a.number(metadata.WithPptpGreIcmpTypeEventAttribute, int64(i.Type))
		a.number(metadata.WithPptpGreIcmpCodeEventAttribute, int64(i.Code))
		a.text(metadata.WithPptpGreIcmpSourceEventAttribute, addrText(i.From))
	}
	return a
}

// codeAttrs are the codes of the PPTP message that refused.
func (s *session) codeAttrs(f *pptpprobe.Failure) []metadata.EventAttributeOption {
	var a eventAttributes
	if f.ResultCode >= 0 {
		a.number(metadata.WithPptpResultCodeEventAttribute, int64(f.ResultCode))
	}
	if f.ErrorCode >= 0 {
		a.number(metadata.WithPptpErrorCodeEventAttribute, int64(f.ErrorCode))
	}
	return a
}

// putFailure sets the attributes of a failure on a span.
func (s *session) putFailure(m pcommon.Map, f *pptpprobe.Failure) {
	m.PutStr("error.type", string(causeOf(f)))
	putText(m, "pptp.detail", s.text(f.Detail))
	putText(m, "pptp.hint", s.hint(f.Cause, f.Hint))
	if f.ResultCode >= 0 {
		m.PutInt("pptp.result.code", int64(f.ResultCode))
	}
	if f.ErrorCode >= 0 {
		m.PutInt("pptp.error.code", int64(f.ErrorCode))
	}
	if f.MSCHAPError != 0 {
		m.PutInt("pptp.mschap.error_code", int64(f.MSCHAPError))
	}
	putText(m, "pptp.mschap.message", s.text(f.MSCHAPMessage))
	if f.RAS != 0 {
		m.PutInt("pptp.ras.error_code", int64(f.RAS))
	}
	putText(m, "pptp.ppp.terminate.reason", s.text(f.TerminateReason))
	if i := f.ICMP; i != nil {
		m.PutInt("pptp.gre.icmp.type", int64(i.Type))
		m.PutInt("pptp.gre.icmp.code", int64(i.Code))
		putText(m, "pptp.gre.icmp.source", addrText(i.From))
	}
}
