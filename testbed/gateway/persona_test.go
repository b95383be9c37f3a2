package gateway

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// tape keeps what the gateway sends.
type tape struct {
	world
	control []control.Message
	raw     [][]byte // of the control connection
	packets []gre.Packet
}

func (w *tape) sendControl(b []byte) {
	m, err := control.Parse(slices.Clone(b))
	if err == nil {
		w.control = append(w.control, m)
	}
	w.raw = append(w.raw, slices.Clone(b))
	w.world.sendControl(b)
}

func (w *tape) sendGRE(b []byte) {
	if p, err := gre.Parse(slices.Clone(b)); err == nil {
		w.packets = append(w.packets, p)
	}
	w.world.sendGRE(b)
}

// message returns the first message of a type that was sent.
func message[M control.Message](t *testing.T, w *tape) M {
	t.Helper()
	for _, m := range w.control {
		if m, ok := m.(M); ok {
			return m
		}
	}
	var none M
	require.Fail(t, "not sent", "%T in %v", none, w.control)
	return none
}

// frames returns the frames of a protocol, as they were sent.
func (w *tape) frames(p ppp.Protocol) [][]byte {
	var out [][]byte
	for _, g := range w.packets {
		if len(g.Payload) == 0 {
			continue
		}
		if q, _, err := ppp.ParseFrame(g.Payload); err == nil && q == p {
			out = append(out, g.Payload)
		}
	}
	return out
}

func newPersonaSim(t *testing.T, name string, change func(*Config)) (*sim, *tape) {
	t.Helper()
	p, ok := PersonaByName(name)
	require.True(t, ok, name)
	m := newSim(t, Faults{}, func(c *Config, _ *ppp.Config) {
		*c = p.Apply(*c)
		if change != nil {
			change(c)
		}
	})
	w := &tape{world: m}
	m.s.w = w
	m.toServer = nil
	m.s.state = controlIdle
	m.c = newTestClient(m.c.callID, m.c.linkCfg)
	m.c.sendControl = func(b []byte) { m.toServer = append(m.toServer, packetInFlight{b: slices.Clone(b)}) }
	m.c.sendGRE = func(b []byte) { m.toServer = append(m.toServer, packetInFlight{gre: true, b: slices.Clone(b)}) }
	m.c.start(m.now)
	return m, w
}

func TestPersonaNames(t *testing.T) {
	names := PersonaNames()
	require.Len(t, names, len(Personas()))
	for _, p := range Personas() {
		assert.NotEmpty(t, p.About, p.Name)
		got, ok := PersonaByName(" " + p.Name + " ")
		require.True(t, ok)
		assert.Equal(t, p.Name, got.Name)
	}
	_, ok := PersonaByName("nobody")
	assert.False(t, ok)
	assert.Equal(t, Config{Vendor: "as it was"}, Persona{}.Apply(Config{Vendor: "as it was"}))
}

// TestPersonas runs a whole session with each persona, in virtual time.
func TestPersonas(t *testing.T) {
	for _, name := range PersonaNames() {
		t.Run(name, func(t *testing.T) {
			m, _ := newPersonaSim(t, name, func(c *Config) { c.MPPE.Mode = MPPERequire })
			m.run(20 * time.Second)
			require.True(t, m.c.has(up), "%v", m.c.log)
			for range 20 {
				m.ping(m.cfg.LocalIP, 100)
				m.run(5 * time.Millisecond)
			}
			assert.Len(t, m.c.received, 20)
			m.teardown()
			assert.True(t, m.end().Terminated)
			m.requireNothingLeft()
		})
	}
}

func TestPersonaStartReply(t *testing.T) {
	for _, tt := range []struct {
		name, vendor, host string
		firmware           uint16
		framing, bearer    uint32
	}{
		{"rras", "Microsoft", "", 0, 1, 1},
		{"cisco-ios", "Cisco Systems, Inc.", "cisco", 4608, 3, 3},
		{"accel-ppp", "cananian", "local", 1, 3, 3},
		{"poptop", "linux", "local", 1, 0x00030000, 0x00030000},
		{"pptpd-moretonbay", "MoretonBay", "local", 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, w := newPersonaSim(t, tt.name, nil)
			m.run(time.Second)
			r := message[*control.StartReply](t, w)
			assert.Equal(t, tt.vendor, r.Vendor)
			assert.Equal(t, tt.host, r.HostName)
			assert.Equal(t, tt.firmware, r.Firmware)
			assert.Equal(t, [2]uint32{tt.framing, tt.bearer}, [2]uint32{r.Framing, r.Bearer})
			garbage := w.raw[0][hostNameAt+nameFieldLen-1] != 0
			assert.Equal(t, tt.name == "rras", garbage, "behind the NUL")
		})
	}
}

func TestPersonaCallReply(t *testing.T) {
	for name, want := range map[string]control.OutgoingCallReply{
		"cisco-ios": {ConnectSpeed: 64000, Window: 16},
		"npppd":     {ConnectSpeed: 0x96800000, Window: callWindow},
	} {
		m, w := newPersonaSim(t, name, nil)
		m.run(5 * time.Second)
		r := message[*control.OutgoingCallReply](t, w)
		assert.Equal(t, want.ConnectSpeed, r.ConnectSpeed, name)
		assert.Equal(t, want.Window, r.Window, name)
	}
	m, w := newPersonaSim(t, "windows-2000", nil)
	m.run(5 * time.Second)
	assert.Zero(t, message[*control.OutgoingCallReply](t, w).CallID)
	require.True(t, m.c.has(up), "with call id 0")
	id, result, _ := m.reg.takeCall(simConn, 9)
	assert.Equal(t, control.ResultOK, result)
	assert.NotZero(t, id, "of the second call")
}

// TestPersonaFirstNumbers: Cisco IOS says nothing before it has heard the client, loses
// the client's first frame, and begins with number 1 and acknowledgement 0xFFFFFFFF.
func TestPersonaFirstNumbers(t *testing.T) {
	m, w := newPersonaSim(t, "cisco-ios", nil)
	m.run(900 * time.Millisecond)
	assert.Empty(t, w.packets)
	m.run(10 * time.Second)
	require.True(t, m.c.has(up))
	first := w.packets[0]
	assert.Equal(t, [2]uint32{1, 0xFFFFFFFF}, [2]uint32{first.Seq, first.Ack})
	assert.Zero(t, m.c.gre.Stats().RxLost)
	for name, seq := range map[string]uint32{"rras": 0, "poptop": 0, "mpd5": 0, "npppd": 1, "accel-ppp": 1, "mikrotik": 1, "pptpd-moretonbay": 1} {
		m, w := newPersonaSim(t, name, nil)
		m.run(5 * time.Second)
		assert.Equal(t, seq, w.packets[0].Seq, name)
		nothing := ppp.Packet{Code: ppp.DiscardReq, ID: 1, Data: []byte{0, 0, 0, 0}}
		m.c.sendGRE(m.c.gre.Send(m.now, nil, ppp.AppendFrame(nil, ppp.LCP, nothing.AppendTo(nil))))
		m.run(time.Second)
		acksOnly := slices.ContainsFunc(w.packets, func(p gre.Packet) bool { return !p.HasSeq })
		assert.Equal(t, name != "accel-ppp" && name != "mikrotik", acksOnly, "%s: acknowledgements without data", name)
	}
}
