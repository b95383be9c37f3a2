package gateway

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// linkHost is what a link acts on; call is one.
type linkHost interface {
	sendFrame(now time.Time, frame []byte)
	deliverIP(packet []byte)
	linkEvent(now time.Time, k EventKind, detail string)
	login(user string)
	takeAddress(wanted netip.Addr, fixed bool) (netip.Addr, bool)
	linkUp(now time.Time)
	linkDown(now time.Time, byClient bool, reason string)
	disconnect(now time.Time, result uint8, reason string)
}

// phase is the phase of a link (RFC 1661 section 3.2), with callback apart.
type phase uint8

const (
	phaseEstablish phase = iota
	phaseAuthenticate
	phaseCallback
	phaseNetwork // and open, once IPCP is
	phaseTerminate
	phaseDead
)

// link is the server's side of a PPP link: the same automaton as the client's,
// with other policies. No clock, no I/O; not safe for concurrent use.
type link struct {
	cfg    *Config
	faults func() *Faults
	agenda *agenda
	host   linkHost
	rand   io.Reader
	phase  phase

	lcp, ccp, ipcp *ppp.Automaton
	lcpPolicy      *lcpPolicy
	ccpPolicy      *ccpPolicy
	ipcpPolicy     *ipcpPolicy
	id             uint8 // of the packets that the link itself makes; of all, if they share their ids

	auth     authState
	callback callbackState
	crypt    cryptState
	echoes   int // LCP Echo-Requests without an answer
	echoing  *appointment
	race     raceFault
	up       bool
	byClient bool   // the client has ended the link
	reason   string // why the gateway has
	out      []byte
	plain    []byte
}

func newLink(cfg *Config, faults func() *Faults, a *agenda, host linkHost) *link {
	l := &link{cfg: cfg, faults: faults, agenda: a, host: host, rand: cfg.Rand}
	if l.rand == nil {
		l.rand = rand.Reader
	}
	l.lcpPolicy = newLCPPolicy(cfg, faults, l.random32())
	l.ccpPolicy = &ccpPolicy{cfg: cfg, faults: faults}
	l.ipcpPolicy = &ipcpPolicy{cfg: cfg, faults: faults, host: host}
	restart := []time.Duration{time.Second, time.Second, 3 * time.Second}
	machine := func(p ppp.Protocol, policy ppp.Policy, passive bool) *ppp.Automaton {
		// MaxFailure is above the client's: it is the client that is to notice a loop.
		c := ppp.AutomatonConfig{Protocol: p, Policy: policy, Restart: restart, MaxFailure: 40, Passive: passive}
		if cfg.Manners.SharedIDs {
			c.NextID = l.nextID
		}
		switch {
		case p == ppp.LCP && cfg.Manners.LCPRestart > 0:
			c.Restart = []time.Duration{cfg.Manners.LCPRestart}
		case p == ppp.CCP:
			c.MaxConfigure = cfg.Manners.CCPTries
		}
		return ppp.NewAutomaton(c)
	}
	l.lcp = machine(ppp.LCP, l.lcpPolicy, cfg.WaitForClient)
	l.ccp = machine(ppp.CCP, l.ccpPolicy, false)
	l.ipcp = machine(ppp.IPCP, l.ipcpPolicy, false)
	return l
}

// start begins: the call is connected.
func (l *link) start(now time.Time) {
	l.lcp.Open(now)
	l.lcp.Up(now)
	l.pump(now)
}

// receive takes one PPP frame of the client.
func (l *link) receive(now time.Time, frame []byte) {
	p, info, err := ppp.ParseFrame(frame)
	f := l.faults()
	switch {
	case l.phase == phaseDead:
		return
	case err != nil:
		l.host.linkEvent(now, EventMalformed, err.Error())
		return
	case f.LCPLoopback && p == ppp.LCP:
		l.host.sendFrame(now, frame)
		return
	case f.ProtocolReject != 0 && f.ProtocolReject == p:
		l.protocolReject(now, p, info)
		return
	}
	l.dispatch(now, p, info)
	l.pump(now)
}

func (l *link) dispatch(now time.Time, p ppp.Protocol, info []byte) {
	if p == ppp.LCP {
		l.receiveLCP(now, info)
		return
	}
	if l.phase == phaseEstablish || l.phase == phaseTerminate {
		return // RFC 1661 section 3.4, 3.7: silently discarded
	}
	switch p {
	case ppp.PAP, ppp.CHAP:
		l.receiveAuth(now, p, info)
	case ppp.CBCP:
		l.receiveCallback(now, info)
	case ppp.CCP:
		l.receiveCCP(now, info)
	case ppp.IPCP:
		l.receiveIPCP(now, info)
	case ppp.IPv4:
		l.receiveIPv4(now, info)
	case ppp.Compressed:
		l.receiveEncrypted(now, info)
	default:
		l.protocolReject(now, p, info)
	}
}

// tick does what is due; the agenda is the session's.
func (l *link) tick(now time.Time) {
	l.lcp.Tick(now)
	l.ccp.Tick(now)
	l.ipcp.Tick(now)
	l.pump(now)
}

func (l *link) deadline() time.Time {
	if l.phase == phaseDead {
		return time.Time{}
	}
	return earliest(l.lcp.Deadline(), earliest(l.ccp.Deadline(), l.ipcp.Deadline()))
}

// pump sends what the automata have to send and does what they report, until
// nothing is left.
func (l *link) pump(now time.Time) {
	for again := true; again && l.phase != phaseDead; {
		again = false
		for _, a := range []struct {
			p     ppp.Protocol
			m     *ppp.Automaton
			event func(time.Time, ppp.AutomatonEvent)
		}{{ppp.LCP, l.lcp, l.lcpEvent}, {ppp.CCP, l.ccp, l.ccpEvent}, {ppp.IPCP, l.ipcp, l.ipcpEvent}} {
			for packet := a.m.NextPacket(); packet != nil; packet = a.m.NextPacket() {
				l.send(now, a.p, packet)
				again = true
			}
			for e, ok := a.m.NextEvent(); ok; e, ok = a.m.NextEvent() {
				a.event(now, e)
				again = true
			}
		}
	}
}

// send sends one frame.
func (l *link) send(now time.Time, p ppp.Protocol, info []byte) {
	l.out = append(l.header(l.out[:0], p), info...)
	l.host.sendFrame(now, l.out)
}

// packet sends one control packet that no automaton makes.
func (l *link) packet(now time.Time, p ppp.Protocol, packet ppp.Packet) {
	l.send(now, p, packet.AppendTo(nil))
}

// protocolReject refuses a frame's protocol (RFC 1661 section 5.7).
func (l *link) protocolReject(now time.Time, p ppp.Protocol, info []byte) {
	data := binary.BigEndian.AppendUint16(nil, uint16(p))
	data = append(data, info[:min(len(info), 256)]...)
	l.packet(now, ppp.LCP, ppp.Packet{Code: ppp.ProtoRej, ID: l.nextID(), Data: data})
}

// nextID counts from 0x80: ids of an automaton and of the link in the same
// protocol must not meet.
func (l *link) nextID() uint8 {
	l.id++
	if l.cfg.Manners.SharedIDs {
		return l.id
	}
	return l.id | 0x80
}

// receiveIPv4 takes a packet in the clear.
func (l *link) receiveIPv4(now time.Time, packet []byte) {
	switch {
	case !l.up:
	case l.crypt.rx != nil:
		l.host.linkEvent(now, EventMalformed, "IPv4 in the clear although CCP is open")
	default:
		l.host.deliverIP(packet)
	}
}

// sendIP sends an IPv4 packet to the client, encrypted if CCP is open.
func (l *link) sendIP(now time.Time, packet []byte) {
	if !l.up {
		return
	}
	if l.crypt.tx == nil || l.faults().MPPEPlaintext {
		l.send(now, ppp.IPv4, packet)
		return
	}
	l.plain = l.protocolField(l.plain[:0], ppp.IPv4)
	l.plain = append(l.plain, packet...)
	l.out = l.header(l.out[:0], ppp.Compressed)
	start := len(l.out)
	l.out = l.crypt.tx.Seal(l.out, l.plain)
	l.crypt.spoil(l.out[start:], l.faults())
	l.host.sendFrame(now, l.out)
}

// receiveEncrypted takes the information of an MPPE frame.
func (l *link) receiveEncrypted(now time.Time, info []byte) {
	if !l.up || l.crypt.rx == nil {
		l.protocolReject(now, ppp.Compressed, info)
		return
	}
	plain, needReset, err := l.crypt.open(now, info)
	if needReset || l.faults().MPPEResetRequests {
		l.packet(now, ppp.CCP, ppp.Packet{Code: ppp.ResetReq, ID: l.nextID()})
	}
	if l.crypt.errors > maxCryptErrors {
		// What Linux does after so many packets that break the protocol.
		l.terminate(now, "Too many MPPE errors", nil)
		return
	}
	if plain == nil {
		return
	}
	p, packet, perr := ppp.ParseFrame(plain)
	switch {
	case perr != nil:
	case p == ppp.IPv4 && err == nil:
		l.host.deliverIP(packet)
	case p != ppp.IPv4:
		// The keys differ: pppd rejects whatever protocol the garbage looks like.
		l.protocolReject(now, p, packet)
	}
}

func (l *link) random32() uint32 {
	var b [4]byte
	l.random(b[:])
	return binary.BigEndian.Uint32(b[:])
}

// random fills b. A source that fails leaves zeros: this is no security device.
func (l *link) random(b []byte) { _, _ = io.ReadFull(l.rand, b) }

// noCrypt is the state of a link whose CCP is not open.
func (l *link) noCrypt() { l.crypt = cryptState{} }
