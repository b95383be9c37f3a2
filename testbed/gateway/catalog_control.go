package gateway

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

var controlCatalog = []NamedFault{
	entry("tcp.refused", "nothing listens on the port", Faults{TCPRefuse: true}),
	entry("tcp.timeout", "the accept queue is full, SYNs are dropped", Faults{TCPDrop: true}),
	entry("tcp.closed_after_connect", "the connection is closed right after accept", Faults{TCPCloseAtOnce: true}),
	entry("control.sccrp_timeout", "SCCRQ is not answered", Faults{ControlSilent: true}),
	entry("accept_stalled", "connections wait in the accept queue, as when poptop has no slots left", Faults{TCPStall: true}, "control.sccrp_timeout"),
	entry("control.closed_before_sccrp", "the connection is closed when SCCRQ comes", Faults{ControlClose: true}),
	entry("control.invalid_reply", "an HTTP answer instead of SCCRP", Faults{ControlGarbage: true}),
	entry("control.version_rejected", "SCCRP with result 5", Faults{StartResult: 5}),
	entry("control.not_authorized", "SCCRP with result 4", Faults{StartResult: 4}),
	entry("control.already_exists", "SCCRP with result 3", Faults{StartResult: 3}),
	entry("control.general_error", "SCCRP with result 2, error 4 (no resource)", Faults{StartResult: 2, StartError: 4}),
	entry("control.echo_timeout", "control Echo-Requests are not answered", Faults{EchoSilent: true}).needs("a session held longer than the client's echo interval"),
	entry("control.stopped_by_peer", "Stop-Control-Connection-Request, reason 3, 1 s after the session is up", Faults{StopAfter: time.Second, StopReason: 3}).needs("a session held longer than that"),
	entry("call.timeout", "OCRQ is not answered", Faults{CallSilent: true}),
	entry("call.closed_after_ocrq", "the connection is closed when OCRQ comes", Faults{CallClose: true}),
	entry("call.busy", "OCRP with result 4", Faults{CallResult: 4}),
	entry("call.prohibited", "OCRP with result 7", Faults{CallResult: 7}),
	entry("call.no_carrier", "OCRP with result 3", Faults{CallResult: 3}),
	entry("no_dial_tone", "OCRP with result 5", Faults{CallResult: 5}, "call.no_carrier"),
	entry("call.pac_timeout", "OCRP with result 6", Faults{CallResult: 6}),
	entry("call.general_error", "OCRP with result 2, error 5 (bad call id)", Faults{CallResult: 2, CallError: 5}),
	entry("call.peer_id_mismatch", "OCRP has another Peer-Call-ID than was offered", Faults{CallWrongPeerID: true}),
	entry("call.id_rewritten", "Call-Disconnect-Notify has a call id that nobody offered", Faults{CallIDRewritten: true}),
	entry("ppp.server_daemon_failed", "CDN and FIN 1 s after OCRP, nothing over GRE", Faults{DaemonDies: time.Second}),
}

var greCatalog = []NamedFault{
	entry("gre.no_reply", "nothing is sent over GRE", Faults{GRESilent: true}),
	entry("gre_blocked", "nothing gets through over GRE, in either direction", Faults{GRESilent: true, GREDeaf: true}, "gre.no_reply"),
	entry("gre.tx_lost", "what comes over GRE is not looked at", Faults{GREDeaf: true}),
	entry("gre.proto_unreachable", "ICMP protocol unreachable for GRE", Faults{GRESilent: true, GREICMPType: icmpUnreachable, GREICMPCode: 2}),
	entry("gre.admin_prohibited", "ICMP administratively prohibited for GRE", Faults{GRESilent: true, GREICMPType: icmpUnreachable, GREICMPCode: 13}),
	entry("gre.host_unreachable", "ICMP host unreachable for GRE", Faults{GRESilent: true, GREICMPType: icmpUnreachable, GREICMPCode: 1}),
	entry("gre.wrong_source", "GRE comes from 127.0.0.9", Faults{GRESource: netip.AddrFrom4([4]byte{127, 0, 0, 9})}).needs("a gateway on a loopback address; elsewhere set GRESource"),
	entry("gre.unknown_call", "packets of an unknown call are sent as well", Faults{GREUnknownCall: true}),
	entry("gre.malformed", "malformed packets are sent as well", Faults{GREMalformed: true}),
	entry("gre.loss", "20 % of the packets to the client are lost", Faults{GRELoss: 0.2}),
	entry("gre_loss_both_ways", "10 % of the packets are lost, each way", Faults{GRELoss: 0.1, GRELossIn: 0.1}, "gre.loss"),
	entry("gre.reorder", "20 % of the packets to the client are overtaken", Faults{GREReorder: 0.2}),
	entry("gre.duplicate", "30 % of the packets to the client come twice", Faults{GREDuplicate: 0.3}),
	entry("lcp.timeout", "Configure-Requests are not answered", Faults{LCPSilent: true}),
	entry("lcp.not_converging", "each Configure-Request gets another Nak", Faults{LCPLoop: true}),
	entry("lcp.loopback", "the client's LCP frames are sent back", Faults{LCPLoopback: true}),
	entry("lcp.mru_rejected", "the client's MRU is rejected", Faults{LCPRejectMRU: true}),
	entry("lcp.terminated", "Terminate-Request without a reason instead of an answer", Faults{TerminateAt: AtLCP}),
	entry("lcp_terminated_text", "Terminate-Request \"multilink required\" instead of an answer", Faults{TerminateAt: AtLCP, TerminateText: "multilink required"}, "ppp.terminated_by_peer", "lcp.terminated"),
	entry("lcp_terminated_ras", "Terminate-Request with RAS 734 instead of an answer", Faults{TerminateAt: AtLCP, TerminateRAS: 734}, "ppp.terminated_by_peer", "lcp.terminated"),
	entry("loopback_terminated", "Terminate-Request \"Loopback detected\"", Faults{TerminateAt: AtLCP, TerminateText: "Loopback detected"}, "lcp.loopback"),
	entry("lcp.echo_timeout", "LCP Echo-Requests are not answered", Faults{LCPEchoSilent: true}).needs("LCP echoes"),
	entry("lcp.protocol_rejected", "Protocol-Reject for CHAP", Faults{ProtocolReject: ppp.CHAP}),
	entry("lcp_rejected", "Protocol-Reject for LCP, which RFC 1661 lets a client discard", Faults{ProtocolReject: ppp.LCP}, "lcp.timeout", "lcp.protocol_rejected"),
}
