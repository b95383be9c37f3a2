package gateway

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// Offsets of the two name fields of SCCRP, 64 octets each (RFC 2637 section 2.2).
const (
	hostNameAt   = 28
	vendorNameAt = 92
	nameFieldLen = 64
)

// linkEndDelay is between the Terminate-Ack and what a gateway says that ends with PPP.
const linkEndDelay = 20 * time.Millisecond

// afterStop is how long a client may take to answer Stop-Control-Connection-Request.
const afterStop = 3 * time.Second

// adorn puts the manners into an SCCRP that has been encoded.
func (m *Manners) adorn(b []byte) {
	if m.Framing != nil {
		binary.BigEndian.PutUint32(b[16:], *m.Framing)
	}
	if m.Bearer != nil {
		binary.BigEndian.PutUint32(b[20:], *m.Bearer)
	}
	if m.NameGarbage {
		litter(b[hostNameAt:vendorNameAt])
		litter(b[vendorNameAt : vendorNameAt+nameFieldLen])
	}
}

// litter fills a field after its first NUL as memory that was never cleared does.
func litter(field []byte) {
	from := 0
	for from < len(field) && field[from] != 0 {
		from++
	}
	for i := from + 1; i < len(field); i++ {
		field[i] = byte(0x80 + 37*i)
	}
}

// startWait is how long a client may take to SCCRQ, and then to OCRQ.
func (m *Manners) startWait() time.Duration {
	if m.StartWait > 0 {
		return m.StartWait
	}
	return startTimeout
}

// callReply puts the manners into an OCRP.
func (m *Manners) callReply(r *control.OutgoingCallReply) {
	if m.ConnectSpeed != 0 {
		r.ConnectSpeed = m.ConnectSpeed
	}
	if m.Window != 0 {
		r.Window = m.Window
	}
}

// disconnect puts the manners into the CDN of c.
func (m *Manners) disconnect(n *control.CallDisconnectNotify, c *call) {
	switch m.DisconnectID {
	case DisconnectClient:
		n.CallID = c.peerID
	case DisconnectSwapped:
		n.CallID = bits.ReverseBytes16(c.peerID)
	case DisconnectNone:
		n.CallID = 0
	case DisconnectOwn:
	}
	if m.DisconnectZero {
		n.Result = 0
	}
}

// linkInfo tells the client which characters to escape: none. RRAS says so
// although GRE carries octets.
func (c *call) linkInfo() {
	if c.s.cfg.Manners.SendLinkInfo {
		c.s.send(control.SetLinkInfo{PeerCallID: c.peerID, SendACCM: 0xFFFFFFFF, ReceiveACCM: 0xFFFFFFFF})
	}
}

// linkEnded ends the call whose PPP has ended, and the control connection with it
// if that is the manner.
func (c *call) linkEnded(now time.Time, reason string) {
	m := &c.s.cfg.Manners
	if c.s.call != c {
		return
	}
	c.s.disconnect(now, max(c.downCode, m.LinkEndResult, 1), reason)
	if m.EndsWithLink {
		c.s.stop(now, 0)
	}
}

// endWithLink ends the call as soon as the client has ended PPP, its
// Terminate-Request being answered.
func (c *call) endWithLink(now time.Time) {
	if c.s.cfg.Manners.EndsWithLink {
		c.s.later(now, linkEndDelay, func(now time.Time) { c.linkEnded(now, "terminated by client") })
	}
}

// stop sends Stop-Control-Connection-Request and waits for the client to answer or
// to close.
func (s *session) stop(now time.Time, reason uint8) {
	s.teardown.ByGateway = true
	s.stopping = true
	s.send(control.StopRequest{Reason: reason})
	s.later(now, afterStop, func(now time.Time) { s.end(now, "stopped by gateway") })
}

// messageLengths are the lengths of the messages of RFC 2637 that a gateway may
// get, in octets.
var messageLengths = func() map[control.MessageType]int {
	lengths := make(map[control.MessageType]int)
	for _, m := range []control.Message{
		control.StartRequest{}, control.StartReply{}, control.StopRequest{}, control.StopReply{}, control.EchoRequest{},
		control.EchoReply{}, control.OutgoingCallRequest{}, control.OutgoingCallReply{}, control.IncomingCallRequest{},
		control.IncomingCallReply{}, control.IncomingCallConnected{}, control.CallClearRequest{},
		control.CallDisconnectNotify{}, control.WANErrorNotify{}, control.SetLinkInfo{},
	} {
		lengths[m.Type()] = len(m.AppendTo(nil))
	}
	return lengths
}()

// lengthGuard follows a control stream and looks at the length of each message.
type lengthGuard struct {
	head [10]byte // length, PPTP type, magic cookie, control message type
	have int      // octets of head
	skip int      // octets of the message that are still to come
}

// exact takes the next octets; false: a message has a length that is not its type's.
func (g *lengthGuard) exact(b []byte) bool {
	for len(b) > 0 {
		if g.skip > 0 {
			n := min(g.skip, len(b))
			b, g.skip = b[n:], g.skip-n
			continue
		}
		n := copy(g.head[g.have:], b)
		b, g.have = b[n:], g.have+n
		if g.have < len(g.head) {
			return true
		}
		length := int(binary.BigEndian.Uint16(g.head[:]))
		want, known := messageLengths[control.MessageType(binary.BigEndian.Uint16(g.head[8:]))]
		if length < len(g.head) || (known && length != want) {
			return false
		}
		g.have, g.skip = 0, length-len(g.head)
	}
	return true
}
