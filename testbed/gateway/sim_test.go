package gateway

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// sim is a session and a client over a perfect path without delay, in virtual
// time. It is the session's world.
type sim struct {
	t      *testing.T
	now    time.Time
	cfg    Config
	faults Faults
	s      *session
	c      *testClient
	reg    *registry
	router router
	svc    *services

	toClient, toServer []packetInFlight
	events             []Event
	user               string
	calls              int
}

type packetInFlight struct {
	gre bool
	b   []byte
}

var testClientAddr = netip.MustParseAddrPort("127.0.0.1:40000")

// newSim makes the pair; change adapts both configurations.
func newSim(t *testing.T, f Faults, change func(*Config, *ppp.Config)) *sim {
	t.Helper()
	cc := clientConfig()
	cfg := Config{Listen: netip.MustParseAddrPort("127.0.0.2:1723"), Users: map[string]string{testUser: testPassword}, Rand: newRepeatable(1)}
	if change != nil {
		change(&cfg, &cc)
	}
	cfg, err := cfg.withDefaults()
	require.NoError(t, err)
	m := &sim{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), cfg: cfg, faults: f, reg: newRegistry(&cfg)}
	m.s = newSession(&m.cfg, m.current, m, 1, testClientAddr)
	m.svc = &services{local: cfg.LocalIP, zone: cfg.Zone, faults: m.current}
	m.router = router{local: cfg.LocalIP, faults: m.current, agenda: &m.s.agenda, rng: rand.New(rand.NewPCG(1, 1))}
	m.c = newTestClient(4711, cc)
	m.c.sendControl = func(b []byte) { m.toServer = append(m.toServer, packetInFlight{b: slices.Clone(b)}) }
	m.c.sendGRE = func(b []byte) { m.toServer = append(m.toServer, packetInFlight{gre: true, b: slices.Clone(b)}) }
	m.s.start(m.now)
	m.c.start(m.now)
	return m
}

func (m *sim) current() *Faults { return &m.faults }

// run lets d of virtual time pass.
func (m *sim) run(d time.Duration) {
	m.t.Helper()
	end := m.now.Add(d)
	for n := 0; ; n++ {
		require.Less(m.t, n, 100_000, "the simulation does not come to rest")
		m.exchange()
		next := earliest(m.s.deadline(), m.c.deadline())
		if next.IsZero() || next.After(end) {
			m.now = end
			return
		}
		if next.After(m.now) {
			m.now = next
		}
		m.s.tick(m.now)
		m.c.tick(m.now)
	}
}

// exchange delivers packets until none is under way.
func (m *sim) exchange() {
	for n := 0; len(m.toClient)+len(m.toServer) > 0; n++ {
		require.Less(m.t, n, 100_000, "the exchange does not end")
		in, out := m.toServer, m.toClient
		m.toServer, m.toClient = nil, nil
		for _, p := range in {
			if !p.gre {
				m.s.receiveControl(m.now, p.b)
				continue
			}
			g, err := gre.Parse(p.b)
			require.NoError(m.t, err)
			m.s.receiveGRE(m.now, g)
		}
		for _, p := range out {
			if p.gre {
				m.c.receiveGRE(m.now, p.b)
			} else {
				m.c.receiveControl(m.now, p.b)
			}
		}
	}
}

// teardown ends the session in the order of the RFCs, with patience.
func (m *sim) teardown() {
	if m.c.link != nil {
		m.c.link.Close(m.now, "probe complete")
		m.c.pump(m.now)
		m.run(200 * time.Millisecond)
		if !m.c.has("TerminateAcked") {
			m.run(4 * time.Second)
		}
	}
	m.c.control.Clear(m.now)
	m.c.pump(m.now)
	m.run(time.Second)
	m.c.control.Stop(m.now, control.StopReasonNone)
	m.c.pump(m.now)
	m.run(time.Second)
	m.s.controlClosed(m.now)
	m.run(time.Second)
}

// ping sends an echo request.
func (m *sim) ping(to netip.Addr, size int) {
	from := m.s.address
	if !from.Is4() {
		from = netip.MustParseAddr("10.99.0.50")
	}
	m.c.sendIP(m.now, echoRequest(from, to, size))
	m.exchange()
}

func echoRequest(from, to netip.Addr, size int) []byte {
	b := appendIPv4(nil, protoICMP, from, to, icmpHeaderLen+size)
	b = append(b, icmpEchoRequest, 0, 0, 0, 0, 1, 0, 1)
	b = append(b, make([]byte, size)...)
	binary.BigEndian.PutUint16(b[ipv4HeaderLen+2:], checksum(0, b[ipv4HeaderLen:]))
	return b
}

func (m *sim) saw(k EventKind) bool {
	return slices.ContainsFunc(m.events, func(e Event) bool { return e.Kind == k })
}

// end returns the last event, which must be the end of the session.
func (m *sim) end() Teardown {
	m.t.Helper()
	require.NotEmpty(m.t, m.events)
	last := m.events[len(m.events)-1]
	require.Equal(m.t, EventClosed, last.Kind)
	return last.Teardown
}

// requireNothingLeft checks that the session gave everything back.
func (m *sim) requireNothingLeft() {
	m.t.Helper()
	require.True(m.t, m.s.done)
	require.Zero(m.t, m.reg.pool.inUse())
	require.Zero(m.t, m.reg.activeCalls())
	require.Empty(m.t, m.reg.byPeer)
	require.Empty(m.t, m.reg.byAddr)
}

func (m *sim) sendControl(b []byte) {
	m.toClient = append(m.toClient, packetInFlight{b: slices.Clone(b)})
}
func (m *sim) closeControl() { m.c.log = append(m.c.log, "eof"); m.c.closed = true }
func (m *sim) sendGRE(b []byte) {
	m.toClient = append(m.toClient, packetInFlight{gre: true, b: slices.Clone(b)})
}
func (m *sim) observe(e Event) { m.events = append(m.events, e) }
func (m *sim) deliverIP(packet []byte) {
	reply := func(b []byte) { m.router.toClient(m.now, b, m.s.sendIP) }
	m.router.fromClient(m.now, packet, func(p *ipv4) { m.svc.deliver(p, reply) }, reply)
}

// simConn stands for the session in the registry.
var simConn = &conn{client: testClientAddr}

func (m *sim) takeCall(peerID uint16) (id uint16, result, errorCode uint8) {
	m.calls++
	return m.reg.takeCall(simConn, peerID)
}
func (m *sim) dropCall(id uint16) { m.reg.dropCall(id) }
func (m *sim) takeAddress(wanted netip.Addr, fixed bool) (netip.Addr, bool) {
	return m.reg.takeAddress(simConn, wanted, fixed)
}
func (m *sim) dropAddress(a netip.Addr) { m.reg.dropAddress(simConn, a) }
func (m *sim) login(user string)        { m.user = user }
