package gateway

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

const (
	callWindow = 64          // packets, as told in OCRP
	callSpeed  = 100_000_000 // bit/s, likewise

	// heldPacket is how long a packet waits to be overtaken when nothing follows.
	heldPacket = 20 * time.Millisecond

	// clientGoesOn is how long a client that has ended the link may take to its
	// Call-Clear-Request.
	clientGoesOn = 2 * time.Second
)

// call is the call of a session: GRE, and the PPP link in it.
type call struct {
	s          *session
	id, peerID uint16
	gre        *gre.Endpoint
	link       *link
	path       impairment // to the client
	pathIn     impairment
	window     uint16 // packets, as told in OCRQ
	acks       ackManners
	mute       bool  // nothing is sent over GRE any more
	up         bool  // the session has an address
	downCode   uint8 // result of the CDN when the link is down; 0: 1, lost carrier
	holds      []*appointment
	out, spare []byte
	in         []byte // being received over a bad path
	malformed  int
}

func (s *session) callRequest(now time.Time, m *control.OutgoingCallRequest) {
	f := s.faults()
	refuse := func(result, code uint8) {
		s.event(now, EventRefused, fmt.Sprintf("OCRP result %d error %d", result, code))
		s.send(control.OutgoingCallReply{PeerCallID: m.CallID, Result: result, ErrorCode: code})
	}
	switch {
	case s.state != controlUp:
		refuse(control.ResultGeneralError, 1) // not connected: what accel-ppp says to an OCRQ before SCCRP
		return
	case s.call != nil:
		refuse(control.ResultGeneralError, 4) // one call for each control connection
		return
	case f.CallSilent:
		return
	case f.CallClose:
		s.endByGateway(now, "closed instead of OCRP")
		return
	case f.CallResult > control.ResultOK:
		refuse(f.CallResult, f.CallError)
		return
	}
	id, result, code := s.w.takeCall(m.CallID)
	if result != control.ResultOK {
		refuse(result, code)
		return
	}
	c := newCall(s, id, m.CallID)
	c.window = m.Window
	s.call = c
	s.agenda.cancel(s.idle)
	s.later(now, max(f.CallDelay, s.cfg.Manners.CallDelay), func(now time.Time) {
		if s.call == c {
			s.callReply(now, c)
		}
	})
}

func newCall(s *session, id, peerID uint16) *call {
	c := &call{
		s: s, id: id, peerID: peerID, gre: gre.NewEndpoint(greConfig(s.cfg, peerID)),
		path: newImpairment(s.cfg.Seed, s.number), pathIn: newImpairment(^s.cfg.Seed, s.number),
	}
	c.link = newLink(s.cfg, s.faults, &s.agenda, c)
	return c
}

func (s *session) callReply(now time.Time, c *call) {
	f := s.faults()
	r := control.OutgoingCallReply{
		CallID: c.id, PeerCallID: c.peerID, Result: control.ResultOK, ConnectSpeed: callSpeed, Window: callWindow,
	}
	s.cfg.Manners.callReply(&r)
	if f.CallWrongPeerID {
		r.PeerCallID ^= 0x5A5A
	}
	s.send(r)
	s.event(now, EventCallUp, "")
	c.linkInfo()
	c.acks.ready = now.Add(s.cfg.Manners.NotReady)
	if f.DaemonDies > 0 {
		c.mute = true
		s.later(now, f.DaemonDies, func(now time.Time) {
			s.disconnect(now, 1, "the daemon has died")
			s.endByGateway(now, "the daemon has died")
		})
		return
	}
	c.link.start(now)
}

// receiveGRE takes a packet with the id of the call from the client's address.
func (s *session) receiveGRE(now time.Time, p gre.Packet) {
	c, f := s.call, s.faults()
	switch {
	case s.done || c == nil || f.GREDeaf:
	case f.impairsIn():
		c.receiveImpaired(now, p, f)
	default:
		c.receivePacket(now, p)
	}
}

func (c *call) receivePacket(now time.Time, p gre.Packet) {
	if !c.acceptable(now, &p) {
		return
	}
	c.gre.Receive(now, p, func(payload []byte) { c.receiveFrame(now, payload) })
	c.acknowledge(now)
}

// receiveFrame is also called when an earlier frame has ended the call.
func (c *call) receiveFrame(now time.Time, frame []byte) {
	if c.s.call == c && !c.mute {
		c.link.receive(now, frame)
	}
}

// sendIP takes a packet for the client from the services.
func (s *session) sendIP(now time.Time, packet []byte) {
	if !s.done && s.call != nil {
		s.bytesOut.Add(uint64(len(packet)))
		s.call.link.sendIP(now, packet)
	}
}

func (c *call) tick(now time.Time) {
	c.link.tick(now)
	if c.s.call != c {
		return
	}
	c.gre.Tick(now, func(payload []byte) { c.receiveFrame(now, payload) })
	c.acknowledge(now)
}

func (c *call) deadline() time.Time { return earliest(c.gre.Deadline(), c.link.deadline()) }

// acknowledge sends a packet that only acknowledges, if one is due.
func (c *call) acknowledge(now time.Time) {
	if b, due := c.gre.AppendAck(now, c.out[:0]); due && c.s.call == c {
		c.out = b
		c.transmit(now, b)
	}
}

// sendFrame implements linkHost.
func (c *call) sendFrame(now time.Time, frame []byte) {
	if c.withhold(now) {
		return
	}
	c.out = c.minusOne(c.gre.Send(now, c.out[:0], frame))
	c.transmit(now, c.out)
}

// transmit sends a GRE packet over the path that the faults describe.
func (c *call) transmit(now time.Time, b []byte) {
	f, w := c.s.faults(), c.s.w
	if c.mute || f.GRESilent {
		return
	}
	if f.GREUnknownCall {
		c.spare = append(c.spare[:0], b...)
		binary.BigEndian.PutUint16(c.spare[6:], c.peerID^0x0F0F) // RFC 2637 section 4.1: the low half of the key
		w.sendGRE(c.spare)
	}
	if f.GREMalformed {
		w.sendGRE(c.malform(b))
	}
	if c.path.pass(b, f, w.sendGRE) {
		c.s.later(now, heldPacket, func(time.Time) { c.path.flush(w.sendGRE) })
	}
}

// malform returns b as a middlebox might leave it: as GRE version 0, and the next
// one cut short.
func (c *call) malform(b []byte) []byte {
	c.spare = append(c.spare[:0], b...)
	if c.malformed++; c.malformed%2 == 0 && len(c.spare) > gre.HeaderLenMax {
		return c.spare[:len(c.spare)-4]
	}
	c.spare[1] &^= 0x07
	return c.spare
}

// deliverIP implements linkHost.
func (c *call) deliverIP(packet []byte) {
	c.s.bytesIn.Add(uint64(len(packet)))
	c.s.w.deliverIP(packet)
}

// linkEvent implements linkHost.
func (c *call) linkEvent(now time.Time, k EventKind, detail string) {
	switch k {
	case EventLCPUp:
		c.linkInfo()
	case EventTerminated:
		c.s.teardown.Terminated = true
		c.endWithLink(now)
	case EventTerminating:
		c.s.teardown.ByGateway = true
	}
	c.s.event(now, k, detail)
}

// login implements linkHost.
func (c *call) login(user string) {
	c.s.user = user
	c.s.w.login(user)
}

// takeAddress implements linkHost. A link that negotiates again gets the same.
func (c *call) takeAddress(wanted netip.Addr, fixed bool) (netip.Addr, bool) {
	s := c.s
	if s.address.IsValid() {
		return s.address, true
	}
	a, ok := s.w.takeAddress(wanted, fixed)
	if ok {
		s.address = a
	}
	return a, ok
}

// linkUp implements linkHost.
func (c *call) linkUp(now time.Time) {
	c.up = true
	c.s.event(now, EventEstablished, "")
	c.armHolds(now)
}

// linkDown implements linkHost: LCP is finished. A client that ended it goes on
// with Call-Clear-Request; one that does not is told, as poptop does when pppd is gone.
func (c *call) linkDown(now time.Time, byClient bool, reason string) {
	c.up = false
	wait := time.Duration(0)
	if byClient {
		wait = clientGoesOn
	}
	c.s.later(now, wait, func(now time.Time) { c.linkEnded(now, reason) })
}

// disconnect implements linkHost.
func (c *call) disconnect(now time.Time, result uint8, reason string) {
	c.s.teardown.ByGateway = true
	c.s.disconnect(now, result, reason)
}
