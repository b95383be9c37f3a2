package session

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const (
	alice = "198.51.100.7"
	bob   = "198.51.100.8"
)

func TestWholeSession(t *testing.T) {
	r := newRig(t, Config{})
	r.open(100, alice).connect(101).up(101, alice)
	assert.Equal(t, []string{"opened " + alice, "established " + alice}, r.told)
	r.after(time.Minute).down(100, 101, alice)
	assert.Equal(t, "closed "+alice+" established hold  User request", r.told[2])

	s := r.last()
	assert.Equal(t, time.Minute, s.Duration)
	assert.Equal(t, "ppp0", s.Interface)
	assert.Equal(t, "10.99.1.10", s.IP.String())
	assert.EqualValues(t, 715, s.Tx)
	assert.EqualValues(t, 623, s.Rx)
	assert.InDelta(t, 1, s.LinkConfidence, 0)
	assert.Equal(t, begin, s.Opened)
	assert.Equal(t, begin.Add(time.Minute), s.Closed)
	assert.EqualValues(t, 100, s.PID)
	assert.True(t, s.Evidence.Has(event.MPPEOK))

	r.after(DefaultLinger)
	assert.Zero(t, r.tr.Stats().Sessions, "nothing is kept")
	assert.Len(t, r.told, 3)
}

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*rig)
		want string // after "failed <peer> " or "closed <peer> "
	}{
		{"LCP times out", func(r *rig) {
			r.connect(101).after(30*time.Second).pppd(101, event.LCPTimeout, "reason=LCP").pppd(101, event.PPPEnd)
		}, "failed lcp lcp.timeout timeout"},
		{"client hangs up after half a minute of nothing", func(r *rig) {
			r.connect(101).after(30*time.Second).pppd(101, event.Hangup).pppd(101, event.PPPEnd)
		}, "failed lcp lcp.timeout hang_up"},
		{"client hangs up at once", func(r *rig) {
			r.connect(101).after(time.Second).pppd(101, event.Hangup).pppd(101, event.PPPEnd)
		}, "failed lcp unknown hangup"},
		{"nothing arrives", func(r *rig) {
			r.connect(101).pppd(101, event.LCPSent).after(3*time.Second).pppd(101, event.LCPSent).pppd(101, event.Hangup)
		}, "failed lcp lcp.timeout sent_only"},
		{"nothing is heard of us", func(r *rig) {
			r.connect(101).pppd(101, event.LCPSent).pppd(101, event.LCPReceived, "reason=ConfReq").
				after(3*time.Second).pppd(101, event.LCPSent).pppd(101, event.LCPReceived, "reason=ConfReq")
		}, "failed lcp lcp.timeout received_only"},
		{"looped", func(r *rig) { r.connect(101).pppd(101, event.LCPLoop).pppd(101, event.LCPTimeout) }, "failed lcp lcp.loopback lcp_loop"},
		{"GRE is refused", func(r *rig) {
			r.connect(101).pptpd(100, event.GREReadError, "errno=ENOPROTOOPT").pppd(101, event.Hangup)
		}, "failed gre gre.proto_unreachable gre_read_error"},
		{"GRE socket", func(r *rig) { r.pptpd(100, event.GREInitFail, "errno=EPERM") }, "failed gre unknown gre_init_fail"},
		{"pppd's options", func(r *rig) {
			r.pppd(101, event.OptionError).pptpd(100, event.PPPDExited, "errno=EIO")
		}, "failed ppp ppp.server_daemon_failed option_error"},
		{"pppd dies without a word", func(r *rig) {
			r.pppd(7, event.PPPStart).pptpd(100, event.PPPDExited, "errno=EIO")
		}, "failed ppp ppp.server_daemon_failed pppd_exited"},
		{"pppd's log is elsewhere", func(r *rig) { r.pptpd(100, event.PPPDExited, "errno=EIO") }, "failed ppp unknown pppd_exited"},
		{"wrong password", func(r *rig) {
			r.connect(101).pppd(101, event.AuthFail, "user=probe", "text=Peer probe failed CHAP authentication").pppd(101, event.TermByPeer, "reason=User request")
		}, "failed auth auth.rejected auth_fail"},
		{"RADIUS does not answer", func(r *rig) {
			r.connect(101).pppd(101, event.RADIUSTimeout, "server=localhost").pppd(101, event.AuthFail, "user=probe")
		}, "failed auth auth.timeout radius_timeout"},
		{"RADIUS has another secret", func(r *rig) {
			r.connect(101).pppd(101, event.RADIUSBadSecret).pppd(101, event.AuthFail, "user=probe")
		}, "failed auth unknown radius_bad_secret"},
		{"account is disabled", func(r *rig) {
			r.connect(101).pppd(101, event.AuthFail, "text=E=647 Account disabled")
		}, "failed auth auth.account_disabled auth_fail"},
		{"client refuses to authenticate", func(r *rig) { r.connect(101).pppd(101, event.LCPAuthType) }, "failed auth auth.protocol_refused lcp_auth_type"},
		{"no MPPE at the client", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).pppd(101, event.MPPEFail, "text=MPPE required but peer negotiation failed").
				pppd(101, event.SessionStats, "io=10,20")
		}, "failed mppe mppe.required_by_server mppe_fail"},
		{"no MPPE here", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).pppd(101, event.TermByPeer, "reason=MPPE required but peer refused")
		}, "failed mppe mppe.unsupported_by_server MPPE required but peer refused"},
		{"no IP here", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).
				pppd(101, event.MPPEUnsupportedProtocol, "text=Unsupported protocol 'Internet Protocol Control Protocol' (0x8021) received").
				pppd(101, event.TermByPeer, "reason=probe complete")
		}, "failed ipcp ipcp.no_protocol mppe_unsupported_protocol"},
		{"IPCP times out", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).pppd(101, event.NCPTimeout, "reason=IPCP")
		}, "failed ipcp ipcp.timeout timeout"},
		{"IPv6 times out, which nobody needs", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).pppd(101, event.NCPTimeout, "reason=IPV6CP")
		}, "failed ipcp unknown"},
		{"address", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).pppd(101, event.IPFail, "text=Peer is not authorized to use remote address 192.0.2.1")
		}, "failed ipcp ipcp.address_rejected ip_fail"},
		{"only looks whether the port is open", func(*rig) {}, "x"},
		{"leaves before the login", func(r *rig) {
			r.connect(101).pppd(101, event.TermByPeer, "reason=probe complete")
		}, "closed abandoned lcp  probe complete"},
		{"leaves before the login, for a reason", func(r *rig) {
			r.connect(101).pppd(101, event.TermByPeer, "reason=2znd")
		}, "failed lcp unknown 2znd"},

		{"idle", func(r *rig) { r.connect(101).up(101, alice).pppd(101, event.IdleTimeout) }, "closed established hold hold.idle_timeout idle_timeout"},
		{"echo", func(r *rig) {
			r.connect(101).up(101, alice).pppd(101, event.EchoTimeout).pppd(101, event.TermByPeer, "reason=Peer not responding")
		}, "closed established hold lcp.echo_timeout echo_timeout"},
		{"GRE breaks", func(r *rig) {
			r.connect(101).up(101, alice).pptpd(100, event.GREReadError, "errno=ENOPROTOOPT").pppd(101, event.Hangup)
		}, "closed established hold gre.proto_unreachable gre_read_error"},
		{"client closes GRE first", func(r *rig) {
			r.connect(101).up(101, alice).pppd(101, event.TermByPeer, "reason=User request").pptpd(100, event.GREReadError, "errno=ENOPROTOOPT")
		}, "closed established hold  User request"},
		{"keys are wrong", func(r *rig) {
			r.connect(101).up(101, alice)
			for range 3 {
				r.pppd(101, event.MPPEUnsupportedProtocol, "text=Unsupported protocol 0x8235 received")
			}
			r.pppd(101, event.TermByPeer, "reason=User request")
		}, "closed established hold mppe.key_mismatch mppe_unsupported_protocol"},
		{"keys are wrong, and a frame proves it", func(r *rig) {
			r.connect(101).up(101, alice).pppd(101, event.MPPEUnsupportedProtocol, "text=Unsupported protocol 0x9436 received").
				pppd(101, event.TermByPeer, "reason=User request")
		}, "closed established hold mppe.key_mismatch mppe_unsupported_protocol"},
		{"no address", func(r *rig) {
			r.connect(101).pppd(101, event.AuthOK, "peer="+alice).pppd(101, event.IPFail, "text=sent [IPCP ConfRej id=0x3 <addr 0.0.0.0>]").
				pppd(101, event.TermByPeer, "reason=probe complete")
		}, "failed ipcp ipcp.no_address ip_fail"},
		{"client speaks a protocol that we do not", func(r *rig) {
			r.connect(101).up(101, alice).pppd(101, event.MPPEUnsupportedProtocol, "text=Unsupported protocol 0x8235 received").
				pppd(101, event.TermByPeer, "reason=User request")
		}, "closed established hold  User request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			if tt.want == "x" {
				r.pptpd(100, event.SessionOpen, "peer="+alice).pptpd(100, event.ControlLost).pptpd(100, event.SessionClose, "peer="+alice)
				assert.Equal(t, "closed "+alice+" abandoned control  control_lost", r.told[len(r.told)-1])
				return
			}
			r.open(100, alice)
			tt.play(r)
			r.close(100, 101, alice).after(DefaultLinger)
			change, rest := tt.want[:6], tt.want[7:]
			assert.Equal(t, change+" "+alice+" "+rest, r.told[len(r.told)-1])
			assert.Equal(t, "opened "+alice, r.told[0])
			r.after(2 * DefaultLinger)
			stats := r.tr.Stats()
			assert.LessOrEqual(t, stats.Sessions, 1, "but for pppd 7, which belongs to nobody")
			assert.Zero(t, stats.Conflicts)
		})
	}
}
