package gateway

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// TestSessionPolicies runs whole sessions over what the two sides may agree on.
func TestSessionPolicies(t *testing.T) {
	only := func(m chap.Method) func(*Config, *ppp.Config) {
		return func(c *Config, p *ppp.Config) { c.Auth, p.Auth = []chap.Method{m}, []chap.Method{m} }
	}
	tests := []struct {
		name      string
		change    func(*Config, *ppp.Config)
		auth      chap.Method
		strength  mppe.Strength
		stateless bool
	}{
		{name: "defaults", auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "ms-chapv1", change: only(chap.MethodMSCHAPv1), auth: chap.MethodMSCHAPv1, strength: mppe.Bits128, stateless: true},
		{name: "chap-md5 gives no keys", change: only(chap.MethodMD5), auth: chap.MethodMD5},
		{name: "pap gives no keys", change: only(chap.MethodPAP), auth: chap.MethodPAP},
		{name: "eap is offered first, as by windows", change: func(c *Config, _ *ppp.Config) {
			c.Auth = []chap.Method{chap.MethodEAP, chap.MethodMD5, chap.MethodMSCHAPv2}
		}, auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "domain in front of the user", change: func(_ *Config, p *ppp.Config) { p.Credentials.User = `CORP\probe` },
			auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "mppe required by both", change: func(c *Config, p *ppp.Config) { c.MPPE.Mode, p.MPPE = MPPERequire, ppp.MPPERequire },
			auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "mppe refused by the gateway", change: func(c *Config, _ *ppp.Config) { c.MPPE.Mode = MPPERefuse }, auth: chap.MethodMSCHAPv2},
		{name: "mppe refused by the client", change: func(_ *Config, p *ppp.Config) { p.MPPE = ppp.MPPERefuse }, auth: chap.MethodMSCHAPv2},
		{name: "40 bit", change: func(c *Config, p *ppp.Config) {
			c.MPPE.Strengths, p.Strengths = []mppe.Strength{mppe.Bits40}, []mppe.Strength{mppe.Bits40, mppe.Bits128}
		}, auth: chap.MethodMSCHAPv2, strength: mppe.Bits40, stateless: true},
		{name: "56 bit", change: func(c *Config, p *ppp.Config) {
			c.MPPE.Strengths, p.Strengths = []mppe.Strength{mppe.Bits40, mppe.Bits56}, []mppe.Strength{mppe.Bits56}
		}, auth: chap.MethodMSCHAPv2, strength: mppe.Bits56, stateless: true},
		{name: "the strongest common one", change: func(c *Config, p *ppp.Config) {
			all := []mppe.Strength{mppe.Bits40, mppe.Bits56, mppe.Bits128}
			c.MPPE.Strengths, p.Strengths = all, all
		}, auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "a client that wants stateless gets it from a gateway that may do either", change: func(c *Config, p *ppp.Config) {
			c.MPPE.Stateful, p.Stateful = true, true
		}, auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "the gateway waits for the client", change: func(c *Config, _ *ppp.Config) { c.WaitForClient = true },
			auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
		{name: "sequence numbers from 1, no acknowledgements of their own", change: func(c *Config, _ *ppp.Config) { c.FirstSeq, c.AckDelay = 1, -1 },
			auth: chap.MethodMSCHAPv2, strength: mppe.Bits128, stateless: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim(t, Faults{}, tt.change)
			m.run(5 * time.Second)
			require.True(t, m.c.has("IPCPOpened"), "%v", m.c.log)
			require.True(t, m.saw(EventEstablished))
			n := m.c.link.Negotiated()
			assert.Equal(t, tt.auth, n.Auth)
			assert.Equal(t, tt.strength, n.MPPE)
			assert.Equal(t, tt.stateless, n.Stateless)
			assert.Equal(t, m.cfg.LocalIP, n.PeerIP)
			assert.Equal(t, []netip.Addr{m.cfg.LocalIP}, n.DNS)
			for range 600 { // more than two flag packets of stateful MPPE
				m.ping(m.cfg.LocalIP, 64)
			}
			assert.Len(t, m.c.received, 600)
			assert.Zero(t, m.s.call.link.crypt.errors)
			m.teardown()
			td := m.end()
			assert.True(t, td.Clean(), "%+v", td)
			assert.False(t, td.ByGateway)
			assert.True(t, m.c.has("TerminateAcked"))
			assert.True(t, m.c.has("control stop reply"))
			m.requireNothingLeft()
		})
	}
}

// TestStatefulMPPE loses packets of a stateful session; Reset-Requests repair it.
func TestStatefulMPPE(t *testing.T) {
	m := newSim(t, Faults{MPPEStatefulOnly: true}, func(c *Config, p *ppp.Config) { p.Stateful = true })
	m.run(5 * time.Second)
	require.True(t, m.c.has("IPCPOpened"), "%v", m.c.log)
	require.False(t, m.c.link.Negotiated().Stateless)
	for i := range 400 {
		m.faults.GRELoss, m.faults.GRELossIn = 0, 0
		if i%50 == 10 {
			m.faults.GRELoss = 1
		}
		if i%50 == 30 {
			m.faults.GRELossIn = 1
		}
		m.ping(m.cfg.LocalIP, 64)
		m.run(100 * time.Millisecond)
	}
	assert.Greater(t, len(m.c.received), 340)
	assert.True(t, m.c.has("Reset"), "both sides ask for a reset")
	m.faults = Faults{}
	m.teardown()
	m.requireNothingLeft()
}

func TestRechallengeKeepsTheKeys(t *testing.T) {
	m := newSim(t, Faults{}, func(c *Config, _ *ppp.Config) { c.Rechallenge = 10 * time.Second })
	m.run(35 * time.Second)
	n := 0
	for _, e := range m.c.log {
		if e == "AuthChallenged" {
			n++
		}
	}
	assert.Equal(t, 4, n)
	m.ping(m.cfg.LocalIP, 64)
	assert.Len(t, m.c.received, 1)
	m.teardown()
	m.requireNothingLeft()
}

func TestWrongPassword(t *testing.T) {
	for _, method := range []chap.Method{chap.MethodPAP, chap.MethodMD5, chap.MethodMSCHAPv1, chap.MethodMSCHAPv2} {
		for _, wrong := range []chap.Credentials{{User: testUser, Password: "no"}, {User: "nobody", Password: testPassword}} {
			t.Run(method.String()+" "+wrong.User, func(t *testing.T) {
				m := newSim(t, Faults{}, func(c *Config, p *ppp.Config) {
					c.Auth, p.Auth, p.Credentials = []chap.Method{method}, []chap.Method{method}, wrong
				})
				m.run(10 * time.Second)
				assert.True(t, m.c.has("AuthFailed"), "%v", m.c.log)
				assert.False(t, m.saw(EventAuthOK))
				assert.True(t, m.saw(EventAuthFailed))
				m.teardown()
				m.requireNothingLeft()
			})
		}
	}
}

func TestMPPERequiredByTheGateway(t *testing.T) {
	tests := []struct {
		name, text string
		change     func(*Config, *ppp.Config)
	}{
		{"client refuses", "MPPE required but peer refused", func(_ *Config, p *ppp.Config) { p.MPPE = ppp.MPPERefuse }},
		{"no keys", "MPPE required but not available", func(c *Config, p *ppp.Config) {
			c.Auth, p.Auth = []chap.Method{chap.MethodPAP}, []chap.Method{chap.MethodPAP}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim(t, Faults{}, func(c *Config, p *ppp.Config) {
				c.MPPE.Mode = MPPERequire
				tt.change(c, p)
			})
			m.run(10 * time.Second)
			require.NotEmpty(t, m.c.lcpTerm, "%v", m.c.log)
			assert.Equal(t, tt.text, m.c.lcpTerm[0].Text)
			m.teardown()
			m.requireNothingLeft()
		})
	}
}

func TestPoolEmpty(t *testing.T) {
	m := newSim(t, Faults{}, func(c *Config, _ *ppp.Config) { c.Pool = netip.MustParsePrefix("10.99.0.0/30") })
	first, ok := m.reg.pool.take(netip.Addr{})
	require.True(t, ok)
	assert.Equal(t, "10.99.0.2", first.String(), "10.99.0.1 is the gateway's")
	m.run(5 * time.Second)
	assert.True(t, m.c.has("NoAddress"), "%v", m.c.log)
	m.teardown()
	m.reg.pool.release(first)
	m.requireNothingLeft()
}

func TestShutdownTellsTheClient(t *testing.T) {
	m := newSim(t, Faults{}, nil)
	m.run(5 * time.Second)
	m.s.shutdown(m.now)
	m.run(time.Second)
	assert.True(t, m.c.has("control disconnected"), "%v", m.c.log)
	assert.True(t, m.c.has("control stop requested"))
	assert.True(t, m.end().ByGateway)
	m.requireNothingLeft()
}

// TestClientVanishes: TCP ends without a word, or stays open without a word.
func TestClientVanishes(t *testing.T) {
	t.Run("connection closed", func(t *testing.T) {
		m := newSim(t, Faults{}, nil)
		m.run(5 * time.Second)
		m.s.controlClosed(m.now)
		assert.False(t, m.end().Clean())
		m.requireNothingLeft()
	})
	t.Run("silence", func(t *testing.T) {
		m := newSim(t, Faults{}, nil)
		m.run(5 * time.Second)
		for range 400 {
			m.now = m.now.Add(time.Second)
			m.s.tick(m.now)
		}
		assert.Equal(t, "no Echo-Reply", m.end().Reason)
		m.requireNothingLeft()
	})
}
