package main

import (
	"net/netip"
	"time"
)

// schemaVersion is raised when a field goes away or changes its meaning. New
// fields may come without that.
const schemaVersion = 1

// report is the JSON output; README.md describes it. All fields are always
// there, with null for what is not known. Durations are in seconds.
type report struct {
	Schema     int             `json:"schema"`
	Verdict    verdict         `json:"verdict"`
	Target     reportTarget    `json:"target"`
	Start      time.Time       `json:"start"`
	Duration   seconds         `json:"duration_seconds"`
	Connect    *seconds        `json:"connect_seconds"`
	Local      *netip.Addr     `json:"local_address"`
	Peer       *netip.Addr     `json:"peer_address"`
	Stages     []reportStage   `json:"stages"`
	Failure    *reportFailure  `json:"failure"`
	Warnings   []reportWarning `json:"warnings"`
	Checks     []reportCheck   `json:"checks"`
	Capture    *string         `json:"capture"`
	Call       *reportCall     `json:"call"`
	Server     *reportServer   `json:"server"`
	Negotiated agreement       `json:"negotiated"`
	GRE        *reportGRE      `json:"gre"`
	RoundTrips reportRTTs      `json:"round_trips"`
}

type reportTarget struct {
	Host  string  `json:"host"`
	Port  uint16  `json:"port"`
	Depth string  `json:"depth"`
	User  *string `json:"user"`
}

type reportStage struct {
	Stage       string  `json:"stage"`
	Outcome     string  `json:"outcome"`
	Offset      seconds `json:"offset_seconds"`
	Duration    seconds `json:"duration_seconds"`
	Attempts    int     `json:"attempts"`
	Retransmits int     `json:"retransmits"`
}

type reportFailure struct {
	Stage           string      `json:"stage"`
	Cause           *string     `json:"cause"`
	Detail          string      `json:"detail"`
	Likely          *string     `json:"likely"`
	Hint            *string     `json:"hint"`
	ResultCode      *int        `json:"result_code"`
	ErrorCode       *int        `json:"error_code"`
	MSCHAPError     *int        `json:"mschap_error"`
	MSCHAPMessage   *string     `json:"mschap_message"`
	RASError        *int        `json:"ras_error"`
	TerminateReason *string     `json:"terminate_reason"`
	ICMP            *reportICMP `json:"icmp"`
}

type reportICMP struct {
	Type uint8       `json:"type"`
	Code uint8       `json:"code"`
	From *netip.Addr `json:"from"`
	MTU  *int        `json:"mtu"`
}

type reportWarning struct {
	Stage    string  `json:"stage"`
	Cause    string  `json:"cause"`
	Severity string  `json:"severity"`
	Detail   string  `json:"detail"`
	Hint     *string `json:"hint"`
}

type reportCheck struct {
	Type     string         `json:"type"`
	Name     string         `json:"name"`
	Offset   seconds        `json:"offset_seconds"`
	Duration seconds        `json:"duration_seconds"`
	Failure  *reportFailure `json:"failure"`
	Ping     *reportPing    `json:"ping"`
	HTTP     *reportHTTP    `json:"http"`

	TCP        *reportTCP        `json:"tcp"`
	DNS        []reportDNS       `json:"dns"`
	Throughput *reportThroughput `json:"throughput"`
	MTU        *reportMTU        `json:"mtu"`
	Echo       *reportEcho       `json:"echo"`
}

type reportTCP struct {
	Address netip.AddrPort `json:"address"`
	Lookup  *seconds       `json:"lookup_seconds"`
	Connect *seconds       `json:"connect_seconds"`
}

type reportDNS struct {
	Server  netip.Addr     `json:"server"`
	RCode   *string        `json:"rcode"`
	Answers []string       `json:"answers"`
	Latency *seconds       `json:"latency_seconds"`
	TCP     bool           `json:"tcp"`
	Failure *reportFailure `json:"failure"`
}

type reportThroughput struct {
	Direction string  `json:"direction"`
	Status    *int    `json:"status"`
	Bytes     int64   `json:"bytes"`
	Elapsed   seconds `json:"elapsed_seconds"`
	Rate      float64 `json:"bytes_per_second"`
	Complete  bool    `json:"complete"`
}

type reportMTU struct {
	Negotiated int  `json:"negotiated"`
	Path       *int `json:"path"`
	Lost       *int `json:"lost"`
	Refused    *int `json:"refused"`
	Complete   bool `json:"complete"`
}

type reportEcho struct {
	LCP     reportEchoes `json:"lcp"`
	Control reportEchoes `json:"control"`
}

type reportEchoes struct {
	Sent     int       `json:"sent"`
	Received int       `json:"received"`
	RTTs     []seconds `json:"rtt_seconds"`
}

type reportPing struct {
	Sent     int       `json:"sent"`
	Received int       `json:"received"`
	Loss     float64   `json:"loss"`
	RTTs     []seconds `json:"rtt_seconds"`
	Jitter   seconds   `json:"jitter_seconds"`
}

type reportHTTP struct {
	Status    *int     `json:"status"`
	Bytes     int64    `json:"bytes"`
	Connect   *seconds `json:"connect_seconds"`
	FirstByte *seconds `json:"first_byte_seconds"`
}

type reportCall struct {
	ID     uint16 `json:"id"`
	PeerID uint16 `json:"peer_id"`
}

type reportServer struct {
	Vendor         string  `json:"vendor"`
	HostName       string  `json:"host_name"`
	Firmware       uint16  `json:"firmware"`
	Identification *string `json:"identification"`
}

type agreement struct {
	MRU           *uint16      `json:"mru"`
	PeerMRU       *uint16      `json:"peer_mru"`
	Auth          *string      `json:"auth"`
	AuthOffered   []string     `json:"auth_offered"`
	Authenticated bool         `json:"authenticated"`
	MPPEBits      *int         `json:"mppe_bits"`
	MPPEMode      *string      `json:"mppe_mode"`
	Address       *netip.Addr  `json:"address"`
	PeerAddress   *netip.Addr  `json:"peer_address"`
	DNS           []netip.Addr `json:"dns"`
	WINS          []netip.Addr `json:"wins"`
}

type reportGRE struct {
	Sent       uint64 `json:"sent"`
	Received   uint64 `json:"received"`
	Lost       uint64 `json:"lost"`
	Late       uint64 `json:"late"`
	Reordered  uint64 `json:"reordered"`
	Duplicated uint64 `json:"duplicated"`
	Malformed  uint64 `json:"malformed"`
}

type reportRTTs struct {
	ControlEcho []seconds `json:"control_echo_seconds"`
	LCPEcho     []seconds `json:"lcp_echo_seconds"`
	GREAck      *seconds  `json:"gre_ack_seconds"`
}
