package event

// Type is what a line tells. The names are the same for all programs.
type Type uint8

// The types, in the order of a session's life. Each constant is named as its
// String: SessionOpen is "session_open".
const (
	Unclassified Type = iota
	Benign

	DaemonStart
	DaemonStop
	DaemonCapacity
	CapacityReduced
	DaemonConfigError
	DaemonOverload
	DaemonInternal
	ListenFail
	ConfigChanged

	SessionOpen
	CallStart
	CallRefused
	ChildLink
	SessionClose
	PoolExhausted
	NoCallSlots
	ControlTimeout
	ControlLost
	ControlGarbage
	ControlDroppedSlow
	ControlProtoError
	ControlCloseRequested
	ControlLimited

	GREInitFail
	GREReadError
	GREBlocked
	GREDrop
	GREXmitFail
	GRELoss

	LaunchFail
	ForkFail
	PPPDExited
	PPPStart
	PPPIfname
	PPPConnect
	PPPEnd
	KernelFail
	OptionError
	PluginABI

	LCPTimeout
	NCPTimeout
	LCPBad
	LCPLoop
	LCPAuthType
	LCPReceived
	LCPSent

	AuthOK
	AuthFail
	AuthTimeout
	AuthConfigError
	DuplicateSession

	RADIUSTimeout
	RADIUSBadSecret
	RADIUSBadReply
	RADIUSMisconfig
	RADIUSAcctFail
	RADIUSAcctKill
	RADIUSPolicy
	RADIUSMPPEKeysMissing

	MPPEOK
	MPPEFail
	MPPEUnsupportedProtocol
	CCPLost

	IPAssigned
	IPFail

	EchoTimeout
	TermByPeer
	Hangup
	SignalExit
	IdleTimeout
	SessionTimeout
	TrafficLimit
	SessionStats

	RADIUSLoginOK
	RADIUSLoginFail
	RADIUSServerSlow
	RADIUSServerZombie
	RADIUSSecretWrong
	RADIUSUnknownClient
	RADIUSMessageAuthenticator

	typeCount
)

var types = [typeCount]struct {
	name  string
	class Class
}{
	Unclassified: {"unclassified", ClassUnclassified},
	Benign:       {"benign", ClassNoise},

	DaemonStart:       {"daemon_start", ClassDaemon},
	DaemonStop:        {"daemon_stop", ClassDaemon},
	DaemonCapacity:    {"daemon_capacity", ClassDaemon},
	CapacityReduced:   {"capacity_reduced", ClassDaemon},
	DaemonConfigError: {"daemon_config_error", ClassDaemon},
	DaemonOverload:    {"daemon_overload", ClassDaemon},
	DaemonInternal:    {"daemon_internal", ClassDaemon},
	ListenFail:        {"listen_fail", ClassDaemon},
	ConfigChanged:     {"config_changed", ClassDaemon},

	SessionOpen:           {"session_open", ClassSession},
	CallStart:             {"call_start", ClassSession},
	CallRefused:           {"call_refused", ClassSession},
	ChildLink:             {"child_link", ClassSession},
	SessionClose:          {"session_close", ClassSession},
	PoolExhausted:         {"pool_exhausted", ClassDaemon},
	NoCallSlots:           {"no_call_slots", ClassDaemon},
	ControlTimeout:        {"control_timeout", ClassSession},
	ControlLost:           {"control_lost", ClassSession},
	ControlGarbage:        {"control_garbage", ClassDaemon},
	ControlDroppedSlow:    {"control_dropped_slow", ClassDaemon},
	ControlProtoError:     {"control_proto_error", ClassSession},
	ControlCloseRequested: {"control_close_requested", ClassSession},
	ControlLimited:        {"control_limited", ClassDaemon},

	GREInitFail:  {"gre_init_fail", ClassSession},
	GREReadError: {"gre_read_error", ClassSession},
	GREBlocked:   {"gre_blocked", ClassSession},
	GREDrop:      {"gre_drop", ClassSession},
	GREXmitFail:  {"gre_xmit_fail", ClassSession},
	GRELoss:      {"gre_loss", ClassSession},

	LaunchFail:  {"launch_fail", ClassSession},
	ForkFail:    {"fork_fail", ClassDaemon},
	PPPDExited:  {"pppd_exited", ClassSession},
	PPPStart:    {"ppp_start", ClassSession},
	PPPIfname:   {"ppp_ifname", ClassSession},
	PPPConnect:  {"ppp_connect", ClassSession},
	PPPEnd:      {"ppp_end", ClassSession},
	KernelFail:  {"kernel_fail", ClassSession},
	OptionError: {"option_error", ClassSession},
	PluginABI:   {"plugin_abi", ClassSession},

	LCPTimeout:  {"lcp_timeout", ClassSession},
	NCPTimeout:  {"ncp_timeout", ClassSession},
	LCPBad:      {"lcp_bad", ClassSession},
	LCPLoop:     {"lcp_loop", ClassSession},
	LCPAuthType: {"lcp_auth_type", ClassSession},
	LCPReceived: {"lcp_received", ClassSession},
	LCPSent:     {"lcp_sent", ClassSession},

	AuthOK:           {"auth_ok", ClassSession},
	AuthFail:         {"auth_fail", ClassSession},
	AuthTimeout:      {"auth_timeout", ClassSession},
	AuthConfigError:  {"auth_config_error", ClassSession},
	DuplicateSession: {"duplicate_session", ClassSession},

	RADIUSTimeout:         {"radius_timeout", ClassSession},
	RADIUSBadSecret:       {"radius_bad_secret", ClassSession},
	RADIUSBadReply:        {"radius_bad_reply", ClassSession},
	RADIUSMisconfig:       {"radius_misconfig", ClassSession},
	RADIUSAcctFail:        {"radius_acct_fail", ClassSession},
	RADIUSAcctKill:        {"radius_acct_kill", ClassSession},
	RADIUSPolicy:          {"radius_policy", ClassSession},
	RADIUSMPPEKeysMissing: {"radius_mppe_keys_missing", ClassSession},

	MPPEOK:                  {"mppe_ok", ClassSession},
	MPPEFail:                {"mppe_fail", ClassSession},
	MPPEUnsupportedProtocol: {"mppe_unsupported_protocol", ClassSession},
	CCPLost:                 {"ccp_lost", ClassSession},

	IPAssigned: {"ip_assigned", ClassSession},
	IPFail:     {"ip_fail", ClassSession},

	EchoTimeout:    {"echo_timeout", ClassSession},
	TermByPeer:     {"term_by_peer", ClassSession},
	Hangup:         {"hangup", ClassSession},
	SignalExit:     {"signal_exit", ClassSession},
	IdleTimeout:    {"idle_timeout", ClassSession},
	SessionTimeout: {"session_timeout", ClassSession},
	TrafficLimit:   {"traffic_limit", ClassSession},
	SessionStats:   {"session_stats", ClassSession},

	RADIUSLoginOK:              {"radius_login_ok", ClassDaemon},
	RADIUSLoginFail:            {"radius_login_fail", ClassDaemon},
	RADIUSServerSlow:           {"radius_server_slow", ClassDaemon},
	RADIUSServerZombie:         {"radius_server_zombie", ClassDaemon},
	RADIUSSecretWrong:          {"radius_secret_wrong", ClassDaemon},
	RADIUSUnknownClient:        {"radius_unknown_client", ClassDaemon},
	RADIUSMessageAuthenticator: {"radius_message_authenticator", ClassDaemon},
}

// String is the type's name in snake_case.
func (t Type) String() string {
	if t >= typeCount {
		return "invalid"
	}
	return types[t].name
}

// Class is how much the type matters.
func (t Type) Class() Class {
	if t >= typeCount {
		return ClassUnclassified
	}
	return types[t].class
}

// ParseType finds a type by its name.
func ParseType(name string) (t Type, ok bool) {
	for t := range typeCount {
		if types[t].name == name {
			return t, true
		}
	}
	return Unclassified, false
}

// Names lists the names of all types.
func Names() []string {
	names := make([]string, 0, typeCount)
	for _, t := range types {
		names = append(names, t.name)
	}
	return names
}
