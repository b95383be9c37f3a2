//go:build real && linux

package uml_test

import (
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

func TestMain(m *testing.M) { os.Exit(uml.Main(m)) }

// idle is how long a gateway may take to get rid of a session that has ended.
const idle = 15 * time.Second

// The real client against every policy: what the gateway is, before anything of ours talks to it.
func TestPolicies(t *testing.T) {
	gw := uml.StartGateway(t, uml.Options{})
	client := uml.StartClient(t, uml.Options{})
	for _, tt := range []struct {
		name, policy string
		options      string
		password     string // empty: the right one
		code         int    // pppd's
		says         string // in the client's log
	}{
		{"MS-CHAPv2 MPPE-128", uml.PolicyMSCHAPv2, "refuse-eap require-mppe-128", "", 0, "MPPE 128-bit stateless compression enabled"},
		{"MS-CHAPv2 MPPE-40", uml.PolicyMSCHAPv2MPPE40, "refuse-eap require-mppe-40", "", 0, "MPPE 40-bit stateless compression enabled"},
		{"MS-CHAPv2 MPPE-128 stateful allowed", uml.PolicyMSCHAPv2Stateful, "refuse-eap require-mppe-128 mppe-stateful", "", 0, "MPPE 128-bit state"},
		{"MS-CHAPv2 without MPPE", uml.PolicyMSCHAPv2NoMPPE, "refuse-eap nomppe", "", 0, "<auth chap MS-v2>"},
		{"MS-CHAPv1 MPPE-128", uml.PolicyMSCHAPv1, "refuse-eap require-mppe-128", "", 0, "<auth chap MS>"},
		{"CHAP-MD5", uml.PolicyCHAP, "refuse-eap nomppe", "", 0, "<auth chap MD5>"},
		{"PAP", uml.PolicyPAP, "refuse-eap nomppe", "", 0, "PAP authentication succeeded"},
		{"EAP", uml.PolicyEAP, "nomppe", "", 0, "<auth eap>"},
		{"any authentication", uml.PolicyAny, "refuse-eap nomppe", "", 0, "<auth chap MD5>"},
		{"pool of one", uml.PolicyOneCall, "refuse-eap require-mppe-128", "", 0, "MPPE 128-bit stateless compression enabled"},

		{"MPPE refused", uml.PolicyMSCHAPv2, "refuse-eap nomppe", "", 16, ""},
		{"MPPE with PAP", uml.PolicyPAP, "refuse-eap require-mppe-128", "", 10, "MPPE required"},
		{"MPPE with any, which picks CHAP-MD5", uml.PolicyAny, "refuse-eap require-mppe-128", "", 10, "MPPE required"},
		{"wrong password", uml.PolicyMSCHAPv2, "refuse-eap require-mppe-128", "wrong", 19, "CHAP authentication failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mark := gw.Mark(t)
			password := uml.Password
			if tt.password != "" {
				password = tt.password
			}
			got := client.CallAs(t, uml.User, password, gw.Address(t, tt.policy), strings.Fields(tt.options)...)
			requireCode(t, tt.code, got)
			assert.Contains(t, got.Log, tt.says)
			if tt.code == 0 {
				assert.Equal(t, "hello from gateway through the tunnel\n", client.Get(t, "/"))
				assert.Len(t, gw.Sessions(t), 2, "a pptpctrl and a pppd")
				client.Hangup(t)
			}
			gw.WaitIdle(t, idle)
			log := gw.WaitSyslog(t, mark, "control connection finished", 1, idle)
			if tt.code == 0 {
				require.NoError(t, log.CleanEnd(1, uml.ClientLeftFirst...), strings.Join(log, "\n"))
			}
		})
	}

	t.Run("second call to a pool of one", func(t *testing.T) {
		address := gw.Address(t, uml.PolicyOneCall)
		require.Equal(t, 0, client.Call(t, address, "refuse-eap", "require-mppe-128").Code)
		require.ErrorIs(t, startReply(t, address), os.ErrDeadlineExceeded, "connects, and gets no SCCRP")
		client.Hangup(t)
		gw.WaitIdle(t, idle)
	})
}

// requireCode compares pppd's exit code. Where authentication failed, 19, it is 16 when the gateway has hung up before
// pppd was through.
func requireCode(t *testing.T, want int, got uml.Attempt) {
	t.Helper()
	if want == 19 && got.Code == 16 {
		want = 16
	}
	require.Equal(t, want, got.Code, "%s\n%s", got.Summary, got.Log)
}

// quick makes pppd give up LCP after three seconds in place of 31.
var quick = []string{"refuse-eap", "require-mppe-128", "lcp-restart", "1", "lcp-max-configure", "3"}

// What faults look like to the real client, and that they leave a healthy gateway behind.
func TestFaults(t *testing.T) {
	gw := uml.StartGateway(t, uml.Options{})
	client := uml.StartClient(t, uml.Options{})
	ip := gw.IP
	const heard, unanswered = "rcvd [LCP ConfReq", "LCP: timeout sending Config-Requests"

	checks := map[string]func(t *testing.T, mark uml.Mark){
		uml.DelayLoss.Name: func(t *testing.T, _ uml.Mark) {
			out := client.Run(t, "ping -q -c 60 -i 0.05 "+ip)
			assert.NotContains(t, out, " 0% packet loss")
			assert.Regexp(t, `min/avg/max/mdev = ([3-9]\d|\d{3,})\.`, out)
			// No session: it need not come up. A lost CHAP Success is not sent again, and then both sides wait.
		},
		uml.ReorderDuplicate.Name: func(t *testing.T, _ uml.Mark) {
			out := client.Run(t, "ping -l 100 -c 200 -i 0.01 "+ip)
			assert.Contains(t, out, "DUP!")
			var seq []int
			for _, m := range regexp.MustCompile(`icmp_seq=(\d+)`).FindAllStringSubmatch(out, -1) {
				n, err := strconv.Atoi(m[1])
				require.NoError(t, err)
				seq = append(seq, n)
			}
			assert.False(t, slices.IsSorted(seq), "in order: %v", seq)
			// No session: a CHAP Success that CCP has overtaken is as good as lost.
		},
		uml.GREInDropped.Name: func(t *testing.T, mark uml.Mark) {
			got := client.Call(t, ip, quick...)
			require.Equal(t, 16, got.Code, got.Summary)
			assert.Contains(t, got.Log, heard)
			assert.Contains(t, got.Log, unanswered)
			assert.Zero(t, gw.Syslog(t, mark).Count("rcvd [LCP"))
		},
		uml.GREOutDropped.Name: func(t *testing.T, mark uml.Mark) {
			got := client.Call(t, ip, quick...)
			require.Equal(t, 16, got.Code, got.Summary)
			assert.NotContains(t, got.Log, heard)
			assert.Contains(t, got.Log, unanswered)
			log := gw.Syslog(t, mark)
			assert.NotZero(t, log.Count("rcvd [LCP ConfReq"))
			assert.Zero(t, log.Count("xmit failed"), "silently")
		},
		uml.GREDropped.Name: func(t *testing.T, mark uml.Mark) {
			got := client.Call(t, ip, quick...)
			require.Equal(t, 16, got.Code, got.Summary)
			assert.NotContains(t, got.Log, heard)
			assert.Contains(t, got.Log, unanswered)
			assert.Zero(t, gw.Syslog(t, mark).Count("rcvd [LCP"))
		},
		uml.GREUnreachable.Name: func(t *testing.T, _ uml.Mark) {
			require.ErrorIs(t, greAnswer(t, ip), syscall.ENOPROTOOPT)
			require.Equal(t, 16, client.Call(t, ip, quick...).Code)
		},
		uml.GREProhibited.Name: func(t *testing.T, _ uml.Mark) {
			require.ErrorIs(t, greAnswer(t, ip), syscall.EHOSTUNREACH)
			require.Equal(t, 16, client.Call(t, ip, quick...).Code)
		},
		uml.ControlRefused.Name: func(t *testing.T, _ uml.Mark) {
			require.ErrorIs(t, startReply(t, ip), syscall.ECONNREFUSED)
		},
		uml.DaemonHung.Name: func(t *testing.T, _ uml.Mark) {
			require.ErrorIs(t, startReply(t, ip), os.ErrDeadlineExceeded, "connects, and gets no SCCRP")
		},
		uml.DaemonDown.Name: func(t *testing.T, _ uml.Mark) {
			require.ErrorIs(t, startReply(t, ip), syscall.ECONNREFUSED)
		},
		uml.SecretChanged.Name: func(t *testing.T, _ uml.Mark) {
			got := client.Call(t, ip, "refuse-eap", "require-mppe-128")
			requireCode(t, 19, got)
			assert.Contains(t, got.Log, "CHAP authentication failed")
		},
		uml.SessionHangup.Name: func(t *testing.T, mark uml.Mark) {
			log := gw.WaitSyslog(t, mark, "control connection finished", 1, idle)
			// Not "User request": closing CCP with MPPE on is what pppd names as its reason.
			assert.NotZero(t, log.Count(`sent [LCP TermReq id=0x2 "MPPE disabled"]`), strings.Join(log, "\n"))
		},
		uml.SessionKilled.Name: func(t *testing.T, mark uml.Mark) {
			log := gw.WaitSyslog(t, mark, "control connection finished", 1, idle)
			assert.Zero(t, log.Count("sent [LCP TermReq"))
			assert.NotZero(t, log.Count("PTY read or GRE write failed"), strings.Join(log, "\n"))
		},
	}
	for _, fault := range uml.Faults() {
		check := checks[fault.Name]
		if check == nil {
			continue // the probe's part, in TestProbeFaults
		}
		t.Run(fault.Name, func(t *testing.T) {
			mark := gw.Mark(t)
			if fault.InSession {
				got := client.Call(t, ip, "refuse-eap", "require-mppe-128")
				require.Equal(t, 0, got.Code, got.Summary)
			}
			undo := gw.Inject(t, fault)
			check(t, mark)
			undo()
			client.Hangup(t)
			gw.WaitIdle(t, idle)
			healthy(t, gw, client)
		})
	}
}

// healthy fails the test unless a whole session succeeds, and ends, cleanly.
func healthy(t *testing.T, gw *uml.Gateway, client *uml.Client) {
	t.Helper()
	assert.NotContains(t, gw.Run(t, "tc qdisc show dev eth0; iptables -S INPUT"), "netem")
	mark := gw.Mark(t)
	got := client.Call(t, gw.IP, "refuse-eap", "require-mppe-128")
	require.Equal(t, 0, got.Code, "%s\n%s", got.Summary, got.Log)
	require.Equal(t, "hello from gateway through the tunnel\n", client.Get(t, "/"))
	client.Hangup(t)
	gw.WaitIdle(t, idle)
	log := gw.WaitSyslog(t, mark, "control connection finished", 1, idle)
	require.NoError(t, log.CleanEnd(1, uml.ClientLeftFirst...), strings.Join(log, "\n"))
}

// startReply sends a Start-Control-Connection-Request (RFC 2637, section 2.1) and waits two seconds for the reply.
func startReply(t *testing.T, ip string) error {
	t.Helper()
	conn, err := net.DialTimeout("tcp4", net.JoinHostPort(ip, "1723"), 2*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := make([]byte, 156)
	copy(request, []byte{0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3})
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*time.Second)))
	if _, err := conn.Write(request); err != nil {
		return err
	}
	reply := make([]byte, 156)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return err
	}
	require.Equal(t, byte(2), reply[9], "control message type: Start-Control-Connection-Reply")
	return nil
}

// greAnswer sends GRE of a call that does not exist until ICMP says something to it.
func greAnswer(t *testing.T, ip string) error {
	t.Helper()
	conn, err := net.Dial("ip4:47", ip)
	require.NoError(t, err)
	defer conn.Close()
	packet := []byte{0x30, 0x01, 0x88, 0x0b, 0, 4, 0xff, 0xf0, 0, 0, 0, 0, 0xff, 0x03, 0xc0, 0x21}
	for range 20 {
		if _, err := conn.Write(packet); err != nil {
			return err // of the packet before
		}
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(250*time.Millisecond)))
		if _, err := conn.Read(make([]byte, 1500)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return errors.New("no ICMP error")
}
