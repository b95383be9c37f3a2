package gateway

import (
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var appCatalog = []NamedFault{
	entry("app.peer_unreachable", "the gateway's own address answers no ping", Faults{PeerSilent: true}),
	entry("app.beyond_unreachable", "nothing gets beyond the gateway", Faults{BeyondSilent: true}).needs("a ping of an address beyond"),
	entry("app.icmp_loss", "half of the pings are lost", Faults{ICMPLoss: 0.5}),
	entry("app.jitter", "pings are late by up to 150 ms", Faults{ICMPJitter: 150 * time.Millisecond}),
	entry("app.dns_timeout", "DNS queries are not answered", Faults{DNSSilent: true}),
	entry("app.dns_error", "every name is SERVFAIL", Faults{DNSCode: uint8(dnsmessage.RCodeServerFailure)}),
	entry("dns_nxdomain", "no name exists", Faults{DNSCode: uint8(dnsmessage.RCodeNameError)}, "app.dns_error"),
	entry("dns_refused", "every name is refused", Faults{DNSCode: uint8(dnsmessage.RCodeRefused)}, "app.dns_error"),
	entry("app.tcp_refused", "TCP connections are reset", Faults{TCPRefuseIn: true}),
	entry("app.tcp_timeout", "TCP connections are not answered", Faults{TCPSilentIn: true}),
	entry("app.http_status", "every page is 503", Faults{HTTPStatus: 503}),
	entry("app.http_timeout", "every page stops after its first bytes", Faults{HTTPStall: true}),
	entry("app.mtu_blackhole", "packets above 600 bytes are lost", Faults{MTU: 600}),
	entry("app.mtu_low", "packets above 1000 bytes get ICMP fragmentation needed", Faults{MTU: 1000, MTUSignal: true}),
	entry("app.throughput_low", "50 kB/s", Faults{RateLimit: 50_000}),
}

const needHold = "a session held longer than that"

var holdCatalog = []NamedFault{
	entry("hold.call_disconnected", "CDN 1 s after the session is up", Faults{DisconnectAfter: time.Second, DisconnectCode: 3}).needs(needHold),
	entry("hold.idle_timeout", "\"Link inactive\" after 1 s", Faults{TerminateAt: AtRunning, TerminateText: "Link inactive", TerminateAfter: time.Second}).needs(needHold),
	entry("hold.session_timeout", "\"Connect time expired\" after 1 s", Faults{TerminateAt: AtRunning, TerminateText: "Connect time expired", TerminateAfter: time.Second}).needs(needHold),
	entry("hold.traffic_limit", "\"Traffic limit\" after 1 s", Faults{TerminateAt: AtRunning, TerminateText: "Traffic limit", TerminateAfter: time.Second}).needs(needHold),
	entry("peer_not_responding", "\"Peer not responding\" after 1 s", Faults{TerminateAt: AtRunning, TerminateText: "Peer not responding", TerminateAfter: time.Second}, "lcp.echo_timeout").needs(needHold),
	entry("hold.replaced", "a login ends the user's older session", Faults{ReplaceSession: true}).needs("two sessions of a user"),
	entry("hold.control_lost", "the TCP connection is closed after 1 s, GRE goes on", Faults{ControlEndAfter: time.Second}).needs(needHold),
	entry("hold.data_lost", "GRE is silent from 1 s on", Faults{GRESilentAfter: time.Second}).needs(needHold),
	entry("teardown.no_term_ack", "LCP Terminate-Request is not answered", Faults{NoTermAck: true}),
	entry("teardown.no_cdn", "Call-Clear-Request is not answered", Faults{NoCDN: true}),
	entry("close_on_ccrq", "Call-Clear-Request closes the TCP connection, as with poptop", Faults{CloseOnCCRQ: true}, "teardown.no_cdn"),
	entry("teardown.no_stop_reply", "Stop-Control-Connection-Request is not answered", Faults{NoStopReply: true}),
}
