package ppp

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

const (
	testUser, testPassword = `LAB\alice`, "clientPass"
	peerMagic              = 0xA1A2A3A4
)

// peer is a server played by hand: it sends packets it is told to and looks at what the link sends. It shares
// nothing with the link but the codec and the cryptography.
type peer struct {
	t      testing.TB
	l      *Link
	now    time.Time
	events []Event
	frames [][]byte
	ip     [][]byte

	hash [16]byte
	nt   [24]byte
	enc  *mppe.Encryptor
	dec  *mppe.Decryptor
}

// newPeer opens a link and takes its first frame apart as any other.
func newPeer(t testing.TB, cfg Config) *peer {
	cfg.Credentials = chap.Credentials{User: testUser, Password: testPassword}
	p := &peer{t: t, l: NewLink(cfg), now: epoch}
	p.l.OnIP(func(b []byte) { p.ip = append(p.ip, append([]byte(nil), b...)) })
	p.l.Open(p.now)
	p.collect()
	return p
}

func (p *peer) collect() {
	for f := p.l.NextFrame(); f != nil; f = p.l.NextFrame() {
		require.Equal(p.t, []byte{0xFF, 0x03}, f[:2], "frames always have address and control")
		p.frames = append(p.frames, append([]byte(nil), f...))
	}
	for ev, ok := p.l.NextEvent(); ok; ev, ok = p.l.NextEvent() {
		p.events = append(p.events, ev)
	}
}

// frame passes a raw frame in.
func (p *peer) frame(b []byte) {
	p.l.Receive(p.now, b)
	p.collect()
}

func (p *peer) send(proto Protocol, code Code, id uint8, data []byte) {
	p.t.Helper()
	p.frame(AppendFrame(nil, proto, Packet{code, id, data}.AppendTo(nil)))
}

// wait lets time pass with all timers running.
func (p *peer) wait(d time.Duration) {
	end := p.now.Add(d)
	for n := 0; ; n++ {
		require.Less(p.t, n, 1000, "timer does not advance")
		next := p.l.Deadline()
		if next.IsZero() || next.After(end) {
			break
		}
		p.now = next
		p.l.Tick(p.now)
		p.collect()
	}
	p.now = end
}

// expect takes the next frame, which must be of proto and code.
func (p *peer) expect(proto Protocol, code Code) Packet {
	p.t.Helper()
	require.NotEmpty(p.t, p.frames, "expected %s %s, nothing was sent", proto, code)
	f := p.frames[0]
	p.frames = p.frames[1:]
	got, info, err := ParseFrame(f)
	require.NoError(p.t, err)
	pkt, err := ParsePacket(info)
	require.NoError(p.t, err)
	require.Equal(p.t, fmt.Sprint(proto, " ", code), fmt.Sprint(got, " ", pkt.Code), "% x", f)
	return pkt
}

func (p *peer) silent() { p.t.Helper(); require.Empty(p.t, p.frames, "nothing was to be sent") }

func (p *peer) drop() { p.frames = nil }

// ack acknowledges the next Configure-Request.
func (p *peer) ack(proto Protocol) Packet {
	p.t.Helper()
	req := p.expect(proto, ConfReq)
	p.send(proto, ConfAck, req.ID, req.Data)
	return req
}

// event returns the first event of the kind that was not asked for before.
func (p *peer) event(kind EventKind) Event {
	p.t.Helper()
	for i, ev := range p.events {
		if ev.Kind == kind {
			p.events = append(p.events[:i:i], p.events[i+1:]...)
			return ev
		}
	}
	require.Failf(p.t, "no event", "%s among %s", kind, kinds(p.events))
	return Event{}
}

func (p *peer) noEvent(kind EventKind) {
	p.t.Helper()
	for _, ev := range p.events {
		require.NotEqual(p.t, kind, ev.Kind, "%+v", ev)
	}
}

func kinds(evs []Event) string {
	var s []string
	for _, ev := range evs {
		s = append(s, ev.Kind.String())
	}
	return strings.Join(s, " ")
}

func magicOption(m uint32) string { return fmt.Sprintf("0506%08x", m) }

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

const (
	authV2 = "0305c22381"
	authV1 = "0305c22380"
	authMD = "0305c22305"
	authP  = "0304c023"
	authE  = "0304c227"
)

// openLCP plays LCP with the given authentication option (hex; may be empty).
func (p *peer) openLCP(auth string) {
	p.t.Helper()
	p.send(LCP, ConfReq, 1, unhex(auth+magicOption(peerMagic)))
	req := p.expect(LCP, ConfReq)
	p.expect(LCP, ConfAck)
	p.send(LCP, ConfAck, req.ID, req.Data)
	p.event(EventLCPOpened)
}

var authChallenge = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// challenge sends an MS-CHAPv2 Challenge and returns the Response's verdict: Success as a right password deserves.
func (p *peer) challenge(id uint8) (success []byte) {
	p.t.Helper()
	p.send(CHAP, 1, id, chap.AppendValue(nil, authChallenge[:], "gw"))
	resp := p.expect(CHAP, 2)
	require.Equal(p.t, id, resp.ID)
	value, name, err := chap.ParseValue(resp.Data)
	require.NoError(p.t, err)
	require.Equal(p.t, testUser, name)
	require.Len(p.t, value, 49)
	nt := [24]byte(value[24:48])
	require.Equal(p.t, chap.NTResponse(authChallenge, [16]byte(value[:16]), testUser, testPassword), nt)
	if p.nt == ([24]byte{}) {
		p.nt = nt
		p.hash = chap.HashNTPasswordHash(chap.NTPasswordHash(testPassword))
	}
	a := chap.AuthenticatorResponse(testPassword, nt, [16]byte(value[:16]), authChallenge, testUser)
	return fmt.Appendf(nil, "S=%X M=welcome", a)
}

// login plays LCP and MS-CHAPv2.
func (p *peer) login() {
	p.t.Helper()
	p.openLCP(authV2)
	p.send(CHAP, 3, 9, p.challenge(9))
	p.event(EventAuthSucceeded)
	require.Equal(p.t, Network, p.l.Phase())
}

func bitsData(b mppe.Bits) []byte { return AppendOptions(nil, []Option{mppeOption(b)}) }

const stateless128 = mppe.BitStateless | mppe.Bit128

// openCCP plays CCP with the same bits in both directions.
func (p *peer) openCCP(bits mppe.Bits) {
	p.t.Helper()
	req := p.expect(CCP, ConfReq)
	if want := bitsData(bits); string(want) != string(req.Data) {
		p.send(CCP, ConfNak, req.ID, want)
		req = p.expect(CCP, ConfReq)
		require.Equal(p.t, want, req.Data)
	}
	p.send(CCP, ConfAck, req.ID, req.Data)
	p.send(CCP, ConfReq, 2, bitsData(bits))
	p.expect(CCP, ConfAck)
	p.event(EventCCPOpened)
	send, recv := mppe.StartKeysV2(p.hash, p.nt, true)
	p.enc = mppe.NewEncryptor(mppeConfig(bits, send))
	p.dec = mppe.NewDecryptor(mppeConfig(bits, recv))
}

const (
	localAddr = "0306 0a630002"
	peerAddr  = "0306 0a630001"
)

// openIPCP plays IPCP: one Nak with the address, as all servers do.
func (p *peer) openIPCP() {
	p.t.Helper()
	req := p.expect(IPCP, ConfReq)
	p.send(IPCP, ConfNak, req.ID, unhex(localAddr))
	p.ack(IPCP)
	p.send(IPCP, ConfReq, 3, unhex(peerAddr))
	p.expect(IPCP, ConfAck)
	p.event(EventIPCPOpened)
	require.Equal(p.t, Running, p.l.Phase())
}

// ipPacket is a consistent IPv4 packet of n octets.
func ipPacket(n int) []byte {
	b := make([]byte, n)
	b[0] = 0x45
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	return b
}

// sealed is a frame with an encrypted IP packet from the server.
func (p *peer) sealed(packet []byte) []byte {
	return p.enc.Seal(AppendFrame(nil, Compressed, nil), append([]byte{0x00, 0x21}, packet...))
}

// running plays a whole session up to IPCP.
func running(t testing.TB, cfg Config) *peer {
	t.Helper()
	p := newPeer(t, cfg)
	p.login()
	if cfg.MPPE != MPPERefuse {
		p.openCCP(stateless128)
	}
	p.openIPCP()
	p.silent()
	return p
}
