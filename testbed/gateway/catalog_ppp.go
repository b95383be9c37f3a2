package gateway

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const needMSCHAP = "MS-CHAP"

var authCatalog = []NamedFault{
	entry("auth.protocol_refused", "EAP is insisted on", Faults{AuthOnly: []chap.Method{chap.MethodEAP}}),
	entry("pap_only", "PAP is insisted on", Faults{AuthOnly: []chap.Method{chap.MethodPAP}}, "auth.protocol_refused", "auth.weak_protocol"),
	entry("auth.not_requested", "no authentication is asked for", Faults{AuthNone: true}),
	entry("auth.weak_protocol", "CHAP-MD5 is insisted on", Faults{AuthOnly: []chap.Method{chap.MethodMD5}}).needs("a client that accepts CHAP-MD5"),
	entry("auth.rejected", "every password is wrong", Faults{AuthFailure: "E=691 R=0 V=3 M=Authentication failure"}),
	entry("auth.retry_offered", "every password is wrong, and a retry is offered", Faults{AuthFailure: "E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Access denied"}).needs(needMSCHAP),
	entry("auth.restricted_hours", "E=646", Faults{AuthFailure: "E=646 R=0 V=3 M=Restricted logon hours"}).needs(needMSCHAP),
	entry("auth.account_disabled", "E=647", Faults{AuthFailure: "E=647 R=0 V=3 M=Account disabled"}).needs(needMSCHAP),
	entry("auth.password_expired", "E=648", Faults{AuthFailure: "E=648 R=0 V=3 M=Password expired"}).needs(needMSCHAP),
	entry("auth.no_dialin_permission", "E=649", Faults{AuthFailure: "E=649 R=0 V=3 M=No dial-in permission"}).needs(needMSCHAP),
	entry("auth.password_change_failed", "E=709", Faults{AuthFailure: "E=709 R=0 V=3 M=Change password"}).needs(needMSCHAP),
	entry("auth.timeout", "no verdict", Faults{AuthSilent: true}),
	entry("auth_rechallenged", "no verdict, the Challenge again and again", Faults{AuthRepeat: true}, "auth.timeout"),
	entry("auth.slow", "the verdict takes 2 s", Faults{AuthDelay: 2 * time.Second}).needs("a threshold below 2 s"),
	entry("auth.mutual_failed", "the S= of MS-CHAPv2 is wrong", Faults{AuthBadAuthenticator: true}).needs("MS-CHAPv2"),
	entry("no_authenticator", "MS-CHAPv2 Success has no S=", Faults{AuthNoAuthenticator: true}, "auth.mutual_failed").needs("MS-CHAPv2"),
	entry("auth.terminated", "Terminate-Request \"Authentication failed\" instead of the verdict", Faults{TerminateAt: AtAuth, TerminateText: "Authentication failed"}),
	entry("auth_terminated_ras", "Terminate-Request with RAS 691 instead of the verdict", Faults{TerminateAt: AtAuth, TerminateRAS: 691}, "auth.rejected", "auth.terminated"),
	entry("auth_disconnected", "CDN instead of the verdict", Faults{AuthDisconnect: true}, "auth.terminated"),
	entry("auth.callback_required", "callback is demanded after authentication", Faults{Callback: true}),
	entry("ppp.terminated_by_peer", "Terminate-Request \"User request\" after authentication", Faults{TerminateAt: AtNetwork, TerminateText: "User request"}),
}

const needMPPE = "MPPE on both sides"

var networkCatalog = []NamedFault{
	entry("mppe.unsupported_by_server", "Protocol-Reject for CCP", Faults{ProtocolReject: ppp.CCP}).needs(needMSCHAP),
	entry("mppe_option_rejected", "Configure-Reject of MPPE", Faults{CCPRejectMPPE: true}, "mppe.unsupported_by_server").needs(needMSCHAP),
	entry("ccp_silent", "CCP is neither started nor answered", Faults{CCPSilent: true}, "mppe.unsupported_by_server").needs(needMSCHAP),
	entry("mppe.required_by_server", "Terminate-Request \"MPPE required but peer refused\"", Faults{TerminateAt: AtNetwork, TerminateText: "MPPE required but peer refused"}),
	entry("mppe_required_ras", "Terminate-Request with RAS 742", Faults{TerminateAt: AtNetwork, TerminateRAS: 742}, "mppe.required_by_server"),
	entry("ccp_terminated_ras", "CCP Terminate-Request with RAS 742", Faults{TerminateAt: AtNetwork, TerminateRAS: 742, TerminateVia: ppp.CCP}, "mppe.required_by_server").needs(needMPPE),
	entry("mppe.strength_mismatch", "40 bit only", Faults{MPPEOnly: mppe.Bits40}).needs(needMPPE + ", a client without 40 bit"),
	entry("mppe.stateless_refused", "stateful mode only", Faults{MPPEStatefulOnly: true}).needs(needMPPE + ", a client without stateful mode"),
	entry("mppe.mppc_only", "compression only", Faults{MPPECompression: true}).needs(needMPPE),
	entry("ccp.not_converging", "MPPE without any bit, again and again", Faults{CCPLoop: true}).needs(needMPPE),
	entry("ccp.ipcp_race", "IPCP gets Terminate-Ack while CCP is in flight", Faults{CCPRace: true}).needs(needMPPE),
	entry("mppe.key_mismatch", "the keys of both directions are wrong", Faults{MPPEWrongKeys: true}).needs(needMPPE),
	entry("too_many_mppe_errors", "Terminate-Request \"Too many MPPE errors\" 1 s after the session is up",
		Faults{TerminateAt: AtRunning, TerminateText: "Too many MPPE errors", TerminateAfter: time.Second}, "mppe.key_mismatch").needs(needMPPE),
	entry("mppe.desync", "from the fourth packet on, encryption is garbage", Faults{MPPEDesync: 4}).needs(needMPPE),
	entry("mppe.reset_storm", "a Reset-Request for every packet", Faults{MPPEResetRequests: true}).needs(needMPPE),
	entry("mppe.plaintext_leak", "packets go out in the clear", Faults{MPPEPlaintext: true}).needs(needMPPE),
	entry("mppe.protocol_error", "the D bit is clear", Faults{MPPENotEncrypted: true}).needs(needMPPE),
	entry("mppe_not_flushed", "the FLUSHED bit is clear", Faults{MPPENotFlushed: true}, "mppe.protocol_error").needs(needMPPE + ", stateless"),
	entry("ipcp.timeout", "IPCP is not answered", Faults{IPCPSilent: true}),
	entry("ipcp.no_address", "Configure-Nak 0.0.0.0", Faults{IPCPNoAddress: NoAddressNak}),
	entry("no_address_rejected", "Configure-Reject of the address", Faults{IPCPNoAddress: NoAddressReject}, "ipcp.no_address"),
	entry("no_address_terminated", "IPCP Terminate-Request", Faults{IPCPNoAddress: NoAddressTerminate}, "ipcp.no_address"),
	entry("no_address_ras", "LCP Terminate-Request with RAS 738", Faults{IPCPNoAddress: NoAddressRAS}, "ipcp.no_address"),
	entry("no_address_disconnected", "CDN", Faults{IPCPNoAddress: NoAddressDisconnect}, "ipcp.no_address"),
	entry("ipcp.address_rejected", "an address that the client asks for is rejected", Faults{IPCPRefuseAddress: true}).needs("a client that asks for an address"),
	entry("ipcp.no_protocol", "Protocol-Reject for IPCP", Faults{ProtocolReject: ppp.IPCP}),
	entry("no_network_protocols", "Terminate-Request \"No network protocols running\"", Faults{TerminateAt: AtIPCP, TerminateText: "No network protocols running"}, "ipcp.no_protocol"),
	entry("ipcp.not_converging", "another address for every Configure-Request", Faults{IPCPLoop: true}),
	entry("ipcp.duplicate_address", "every client gets 10.99.0.77", Faults{IPCPAddress: netip.AddrFrom4([4]byte{10, 99, 0, 77})}).needs("two sessions at a time"),
	entry("ipcp.bad_address", "the client gets 127.0.0.1", Faults{IPCPAddress: netip.AddrFrom4([4]byte{127, 0, 0, 1})}),
	entry("peer_is_self", "client and gateway get the same address", Faults{IPCPAddress: netip.AddrFrom4([4]byte{10, 99, 0, 77}), IPCPLocal: netip.AddrFrom4([4]byte{10, 99, 0, 77})}, "ipcp.bad_address"),
	entry("ipcp.dns_missing", "no DNS servers are pushed", Faults{IPCPNoDNS: true}),
}
