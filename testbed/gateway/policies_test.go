package gateway

import (
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func noFaults() *Faults { return &Faults{} }

func testConfig(t *testing.T, change func(*Config)) *Config {
	t.Helper()
	c := Config{Listen: netip.MustParseAddrPort("127.0.0.2:1723"), Users: map[string]string{testUser: testPassword}}
	if change != nil {
		change(&c)
	}
	c, err := c.withDefaults()
	require.NoError(t, err)
	return &c
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	good := netip.MustParseAddrPort("127.0.0.2:0")
	for _, tt := range []struct {
		want string
		c    Config
	}{
		{"listen", Config{}},
		{"listen", Config{Listen: netip.MustParseAddrPort("[::1]:1723")}},
		{"auth", Config{Listen: good, Auth: []chap.Method{99}}},
		{"mppe strengths: 64", Config{Listen: good, MPPE: MPPEConfig{Strengths: []mppe.Strength{64}}}},
		{"local ip", Config{Listen: good, LocalIP: netip.MustParseAddr("fe80::1")}},
		{"pool", Config{Listen: good, Pool: netip.MustParsePrefix("10.0.0.0/31")}},
		{"dns", Config{Listen: good, DNS: []netip.Addr{netip.MustParseAddr("::1")}}},
		{"vendor", Config{Listen: good, Vendor: strings.Repeat("x", 64)}},
	} {
		_, err := Start(t.Context(), tt.c)
		assert.ErrorContains(t, err, tt.want)
	}
	assert.Equal(t, "prefer require refuse", MPPEPrefer.String()+" "+MPPERequire.String()+" "+MPPERefuse.String())
}

func TestLCPPolicy(t *testing.T) {
	newPolicy := func(f Faults, methods ...chap.Method) *lcpPolicy {
		return newLCPPolicy(testConfig(t, func(c *Config) { c.Auth = methods }), func() *Faults { return &f }, 0xCAFE)
	}
	opt := func(typ uint8, data ...byte) ppp.Option { return ppp.Option{Type: typ, Data: data} }
	t.Run("rejects what it does not have, before it naks", func(t *testing.T) {
		code, reply := newPolicy(Faults{}).Judge([]ppp.Option{opt(optMRU, 0, 1), opt(13, 6), opt(17, 5, 0xDC), opt(optMagic, 1, 2, 3, 4)})
		assert.Equal(t, ppp.ConfRej, code)
		assert.Equal(t, []ppp.Option{opt(13, 6), opt(17, 5, 0xDC)}, reply)
	})
	t.Run("naks a tiny mru and its own magic number", func(t *testing.T) {
		code, reply := newPolicy(Faults{}).Judge([]ppp.Option{opt(optMRU, 0, 1), opt(optMagic, 0, 0, 0xCA, 0xFE)})
		assert.Equal(t, ppp.ConfNak, code)
		assert.Len(t, reply, 2)
	})
	t.Run("takes the method that the client suggests", func(t *testing.T) {
		p := newPolicy(Faults{}, chap.MethodEAP, chap.MethodPAP, chap.MethodMSCHAPv2)
		p.Request()
		assert.Equal(t, chap.MethodEAP, p.agreed)
		p.Nak([]ppp.Option{opt(optAuth, 0xC2, 0x23, 0x81)})
		p.Request()
		assert.Equal(t, chap.MethodMSCHAPv2, p.agreed)
		assert.Empty(t, p.Abandon())
	})
	t.Run("goes through its methods and gives up", func(t *testing.T) {
		p := newPolicy(Faults{}, chap.MethodEAP, chap.MethodMSCHAPv2)
		p.Request()
		p.Nak([]ppp.Option{opt(optAuth, 0xC0, 0x23)})
		p.Request()
		assert.Equal(t, chap.MethodMSCHAPv2, p.agreed)
		p.Reject([]ppp.Option{opt(optAuth, 0xC2, 0x23, 0x81), opt(optMRU, 5, 0x78)})
		assert.Equal(t, "peer refused to authenticate", p.Abandon())
		assert.Len(t, p.Request(), 2, "without MRU")
	})
	t.Run("insists", func(t *testing.T) {
		p := newPolicy(Faults{AuthOnly: []chap.Method{chap.MethodPAP}}, chap.MethodMSCHAPv2)
		for range 20 {
			p.Request()
			assert.Equal(t, chap.MethodPAP, p.agreed)
			p.Nak([]ppp.Option{opt(optAuth, 0xC2, 0x23, 0x81)})
			assert.Empty(t, p.Abandon())
		}
	})
}

func TestCCPPolicy(t *testing.T) {
	judge := func(p *ccpPolicy, b mppe.Bits) (ppp.Code, mppe.Bits) {
		code, reply := p.Judge([]ppp.Option{mppeOption(b)})
		if code != ppp.ConfNak {
			return code, 0
		}
		return code, mppe.Bits(toUint32(optionAddress(reply[0])))
	}
	const h, m128, m56, m40, c = mppe.BitStateless, mppe.Bit128, mppe.Bit56, mppe.Bit40, mppe.BitMPPC
	for _, tt := range []struct {
		name       string
		cfg        MPPEConfig
		asked, nak mppe.Bits // nak 0: acknowledged
	}{
		{"exactly what is wanted", MPPEConfig{}, h | m128, 0},
		{"windows server", MPPEConfig{}, h | m128 | c, h | m128},
		{"windows xp", MPPEConfig{}, h | m128 | m56 | m40 | c, h | m128},
		{"pptpclient", MPPEConfig{}, h | m128 | m40, h | m128},
		{"stateful is not granted", MPPEConfig{}, m128, h | m128},
		{"stateful is granted", MPPEConfig{Stateful: true}, m128, 0},
		{"stateless is granted as well", MPPEConfig{Stateful: true}, h | m128, 0},
		{"other strength", MPPEConfig{Strengths: []mppe.Strength{mppe.Bits40}}, h | m128, h | m40},
		{"the strongest common one", MPPEConfig{Strengths: []mppe.Strength{mppe.Bits40, mppe.Bits56}}, h | m56 | m40, h | m56},
		{"nothing asked for", MPPEConfig{}, 0, h | m128},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &ccpPolicy{cfg: testConfig(t, func(c *Config) { c.MPPE = tt.cfg }), faults: noFaults}
			code, nak := judge(p, tt.asked)
			if tt.nak == 0 {
				assert.Equal(t, ppp.ConfAck, code)
				return
			}
			assert.Equal(t, ppp.ConfNak, code)
			assert.Equal(t, tt.nak, nak)
			code, _ = judge(p, nak)
			assert.Equal(t, ppp.ConfAck, code)
		})
	}
	t.Run("a client that never gives in gets a reject", func(t *testing.T) {
		p := &ccpPolicy{cfg: testConfig(t, nil), faults: noFaults}
		var code ppp.Code
		for range maxMismatch + 1 {
			code, _ = judge(p, h|m40)
		}
		assert.Equal(t, ppp.ConfRej, code)
	})
	t.Run("a client that rejects the option is not asked again", func(t *testing.T) {
		p := &ccpPolicy{cfg: testConfig(t, nil), faults: noFaults}
		p.Reject(p.Request())
		assert.Empty(t, p.Request())
		assert.False(t, p.agreed())
	})
}

// TestRetryOffered: a client that does try again under R=1 is judged again, three
// times in all.
func TestRetryOffered(t *testing.T) {
	m := newSim(t, mustFault(t, "auth.retry_offered"), nil)
	m.run(2 * time.Second)
	require.Len(t, m.c.failures, 1)
	l := m.s.call.link
	require.NotNil(t, l.auth.by)
	challenge := m.c.failures[0].Challenge
	assert.Equal(t, challenge, l.auth.by.challenge, "the challenge is that of the Failure")
	for range 2 {
		nt := chap.NTResponse([16]byte(challenge), [16]byte{1}, testUser, "wrong")
		value := append(append(append([]byte{1}, make([]byte, 23)...), nt[:]...), 0)
		p := ppp.Packet{Code: chapResponse, ID: l.auth.by.id, Data: chap.AppendValue(nil, value, testUser)}
		l.receive(m.now, ppp.AppendFrame(nil, ppp.CHAP, p.AppendTo(nil)))
		m.run(100 * time.Millisecond)
	}
	failed := 0
	for _, e := range m.events {
		if e.Kind == EventAuthFailed {
			failed++
		}
	}
	assert.Equal(t, 3, failed)
	require.NotEmpty(t, m.c.lcpTerm)
	assert.Equal(t, "Authentication failed", m.c.lcpTerm[0].Text)
	m.teardown()
	m.requireNothingLeft()
}

// TestCallback: a client that gives a number is told that it is called.
func TestCallback(t *testing.T) {
	m := newSim(t, Faults{}, nil)
	m.run(time.Second)
	require.True(t, m.c.has(up))
	l := m.s.call.link
	// The client at hand refuses callback at once; this is one that does not.
	l.phase, l.callback = phaseCallback, callbackState{id: 9}
	l.receiveCallback(m.now, ppp.Packet{Code: cbcpResponse, ID: 9, Data: []byte{1, 2}}.AppendTo(nil))
	assert.Equal(t, 1, l.callback.sent, "no callback is not what was asked for")
	l.phase = phaseCallback
	l.receiveCallback(m.now, ppp.Packet{Code: cbcpResponse, ID: l.callback.id, Data: []byte{2, 5, 0, 1, 0}}.AppendTo(nil))
	assert.NotEqual(t, phaseCallback, l.phase)
	m.teardown()
	m.requireNothingLeft()
}

func TestLCPEcho(t *testing.T) {
	change := func(c *Config, _ *ppp.Config) { c.LCPEchoInterval = time.Second }
	m := newSim(t, Faults{}, change)
	m.run(30 * time.Second)
	assert.Equal(t, ppp.Opened, m.s.call.link.lcp.State(), "the client answers")
	m.faults.GREDeaf = true
	m.run(10 * time.Second)
	require.NotEmpty(t, m.c.lcpTerm)
	assert.Equal(t, "Peer not responding", m.c.lcpTerm[0].Text)
	m.teardown()
	m.requireNothingLeft()
}

func TestImpairmentIsRepeatable(t *testing.T) {
	pass := func(seed uint64) (got []byte) {
		i := newImpairment(seed, 1)
		f := &Faults{GRELoss: 0.2, GREReorder: 0.2, GREDuplicate: 0.2}
		for n := range 200 {
			i.pass([]byte{byte(n)}, f, func(b []byte) { got = append(got, b[0]) })
		}
		i.flush(func(b []byte) { got = append(got, b[0]) })
		return got
	}
	first, again := pass(1), pass(1)
	assert.Equal(t, first, again)
	assert.NotEqual(t, pass(1), pass(2))
}

func TestAgenda(t *testing.T) {
	var a agenda
	now := time.Unix(0, 0)
	var did []string
	note := func(s string) func(time.Time) { return func(time.Time) { did = append(did, s) } }
	assert.True(t, a.deadline().IsZero())
	a.after(now, 3*time.Second, note("c"))
	a.after(now, time.Second, note("a"))
	gone := a.after(now, 2*time.Second, note("gone"))
	a.after(now, 2*time.Second, func(now time.Time) { a.after(now, 0, note("late")); did = append(did, "b") })
	a.cancel(gone)
	a.cancel(nil)
	assert.Equal(t, now.Add(time.Second), a.deadline())
	a.tick(now.Add(3 * time.Second))
	assert.Equal(t, []string{"a", "b", "c"}, did)
	a.tick(now.Add(3 * time.Second))
	assert.Equal(t, []string{"a", "b", "c", "late"}, did)
	for range agendaMax {
		require.NotNil(t, a.after(now, 0, note("x")))
	}
	assert.Nil(t, a.after(now, 0, note("too many")))
}

func TestPoolGoesRound(t *testing.T) {
	p := newPool(netip.MustParsePrefix("10.0.0.0/29"), netip.MustParseAddr("10.0.0.1"))
	seen := map[netip.Addr]bool{}
	for range 5 {
		a, ok := p.take(netip.Addr{})
		require.True(t, ok)
		seen[a] = true
	}
	assert.Len(t, seen, 5, "2 to 6")
	_, ok := p.take(netip.Addr{})
	assert.False(t, ok)
	p.release(netip.MustParseAddr("10.0.0.4"))
	a, ok := p.take(netip.MustParseAddr("10.0.0.4"))
	assert.True(t, ok)
	assert.Equal(t, "10.0.0.4", a.String())
}

func TestNoPermissionHasTheCommand(t *testing.T) {
	err := permission(syscall.EPERM)
	assert.ErrorIs(t, err, ErrNoPermission)
	assert.ErrorContains(t, err, "setcap cap_net_raw+ep")
}

// TestReadme: the table of faults in README.md is the catalog.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), FaultTable())
}
