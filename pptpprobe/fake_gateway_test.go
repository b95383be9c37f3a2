package pptpprobe

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// fakeGateway plays whole sessions, up to an address, without a socket: any
// number of them, in virtual time. It asks for CHAP-MD5, accepts every answer,
// and encrypts nothing.
type fakeGateway struct {
	delay atomic.Int64 // of every GRE packet to the client, nanoseconds

	echoSilent, lcpSilent, authSilent, ipcpSilent atomic.Bool
	greSilent, controlSilent                      atomic.Bool
	ackOnly                                       atomic.Bool            // acknowledge every packet at once
	lossEvery                                     atomic.Int64           // every n-th packet to the client is lost
	verdict                                       atomic.Pointer[string] // a CHAP Failure instead of Success

	mu       sync.Mutex
	deliver  func([]byte, netip.Addr, netip.Addr)
	sessions []*fakeSession
	accepted func(*fakeSession) // called for each login
}

// fakeSession is the server's end of one session.
type fakeSession struct {
	g      *fakeGateway
	conn   net.Conn
	client uint16 // call id of the client
	server uint16

	mu       sync.Mutex
	seq      uint32
	ack      uint32
	hasAck   bool
	id       uint8
	asked    bool // LCP Configure-Request sent
	wantIPCP bool
	sent     int64
	onTheWay [][]byte
	requests [4]int // Configure-Requests of the client: LCP, -, IPCP, responses to challenges
}

func newFakeGateway() (*fakeGateway, *Probe) {
	g := &fakeGateway{}
	return g, New(Options{dial: g.dial, openGRE: g.openGRE})
}

// target is a session to be held.
func (g *fakeGateway) target(h *Hold) Target {
	return Target{
		Host: fakeServer.String(), Depth: DepthNetwork, Username: "probe", Password: "secret",
		Auth: []chap.Method{chap.MethodMD5}, Hold: h,
	}
}

func (g *fakeGateway) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	g.mu.Lock()
	s := &fakeSession{g: g, conn: theirs, server: uint16(len(g.sessions) + 1)}
	g.sessions = append(g.sessions, s)
	g.mu.Unlock()
	go s.control()
	return fakeConn{ours}, nil
}

func (g *fakeGateway) openGRE(deliver func([]byte, netip.Addr, netip.Addr), _ func(greError)) (greSocket, error) {
	g.deliver = deliver
	return g, nil
}

// Close implements greSocket.
func (*fakeGateway) Close() error { return nil }

// session returns the n-th session.
func (g *fakeGateway) session(n int) *fakeSession {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions[n]
}

func (s *fakeSession) control() {
	defer func() { _ = s.conn.Close() }()
	for {
		b, err := readMessage(s.conn)
		if err != nil {
			return
		}
		m, err := control.Parse(b)
		if err != nil {
			panic(err)
		}
		if s.g.controlSilent.Load() {
			continue
		}
		var out []byte
		if c, ok := m.(*control.OutgoingCallRequest); ok {
			s.mu.Lock()
			s.client = c.CallID
			s.mu.Unlock()
			out = control.OutgoingCallReply{CallID: s.server, PeerCallID: c.CallID, Result: 1}.AppendTo(nil)
		} else {
			out = polite(m)
		}
		if len(out) == 0 {
			continue
		}
		if _, err := s.conn.Write(out); err != nil {
			return
		}
	}
}

// say sends a message on the control connection.
func (s *fakeSession) say(m interface{ AppendTo([]byte) []byte }) {
	_, _ = s.conn.Write(m.AppendTo(nil))
}

// Send implements greSocket: it takes a packet of the client.
func (g *fakeGateway) Send(packet []byte, _, _ netip.Addr) error {
	p, err := gre.Parse(packet)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	s := g.sessions[p.CallID-1]
	g.mu.Unlock()
	if !p.HasSeq || g.greSilent.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ack, s.hasAck = p.Seq, true
	if g.ackOnly.Load() {
		s.transmit(gre.Packet{CallID: s.client, HasAck: true, Ack: s.ack})
	}
	proto, info, err := ppp.ParseFrame(p.Payload)
	if err != nil {
		panic(err)
	}
	q, err := ppp.ParsePacket(info)
	if err != nil {
		panic(err)
	}
	switch proto {
	case ppp.LCP:
		s.lcp(q)
	case ppp.CHAP:
		if q.Code == 2 && !g.authSilent.Load() {
			s.requests[3]++
			verdict, code := "welcome", ppp.Code(3)
			if v := g.verdict.Load(); v != nil {
				verdict, code = *v, 4
			}
			s.packet(ppp.CHAP, code, q.ID, []byte(verdict))
			if g.accepted != nil && code == 3 {
				go g.accepted(s)
			}
		}
	case ppp.IPCP:
		s.ipcp(q)
	}
	return nil
}

const (
	fakeMagic      = "\x05\x06\xA1\xA2\xA3\xA4"
	fakeAuthOption = "\x03\x05\xC2\x23\x05" // CHAP-MD5
	fakePeerOption = "\x03\x06\x0A\x63\x00\x01"
	fakeAddress    = "\x03\x06\x0A\x63\x00\x02"
)

// negotiate sends the server's LCP Configure-Request; on a link that is up, it
// begins everything anew.
func (s *fakeSession) negotiate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configure()
}

func (s *fakeSession) configure() {
	s.asked, s.wantIPCP = true, true
	s.request(ppp.LCP, 1, fakeAuthOption+fakeMagic)
}

// challenge asks the client who it is.
func (s *fakeSession) challenge() {
	s.request(ppp.CHAP, 1, string(chap.AppendValue(nil, []byte("0123456789abcdef"), "gw")))
}

// send sends a packet of the server's own, with an identifier of its own.
func (s *fakeSession) send(proto ppp.Protocol, code ppp.Code, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request(proto, code, data)
}

func (s *fakeSession) request(proto ppp.Protocol, code ppp.Code, data string) {
	s.id++
	s.packet(proto, code, s.id, []byte(data))
}

func (s *fakeSession) packet(proto ppp.Protocol, code ppp.Code, id uint8, data []byte) {
	p := gre.Packet{CallID: s.client, HasSeq: true, Seq: s.seq, HasAck: s.hasAck, Ack: s.ack}
	p.Payload = ppp.AppendFrame(nil, proto, ppp.Packet{Code: code, ID: id, Data: data}.AppendTo(nil))
	s.seq++
	s.hasAck = false
	s.transmit(p)
}

func (s *fakeSession) transmit(p gre.Packet) {
	s.sent++
	if n := s.g.lossEvery.Load(); s.g.greSilent.Load() || n > 0 && s.sent%n == 0 {
		return
	}
	b := p.AppendTo(nil)
	if d := time.Duration(s.g.delay.Load()); d > 0 {
		s.onTheWay = append(s.onTheWay, b)
		time.AfterFunc(d, func() { // in order, whichever of two at the same time runs first
			s.mu.Lock()
			defer s.mu.Unlock()
			s.g.deliver(s.onTheWay[0], fakeServer, fakeLocal)
			s.onTheWay = s.onTheWay[1:]
		})
		return
	}
	s.g.deliver(b, fakeServer, fakeLocal)
}

func (s *fakeSession) lcp(q ppp.Packet) {
	switch q.Code {
	case ppp.ConfReq:
		s.requests[0]++
		if s.g.lcpSilent.Load() {
			return
		}
		if !s.asked {
			s.configure()
		}
		s.packet(ppp.LCP, ppp.ConfAck, q.ID, q.Data)
	case ppp.ConfAck:
		s.asked = false
		s.challenge()
	case ppp.EchoReq:
		if !s.g.echoSilent.Load() {
			data := append([]byte{}, q.Data...)
			binary.BigEndian.PutUint32(data, 0xA1A2A3A4)
			s.packet(ppp.LCP, ppp.EchoRep, q.ID, data)
		}
	case ppp.TermReq:
		s.packet(ppp.LCP, ppp.TermAck, q.ID, nil)
	}
}

// ipcp grants one address, and no name servers.
func (s *fakeSession) ipcp(q ppp.Packet) {
	if q.Code != ppp.ConfReq || s.g.ipcpSilent.Load() {
		return
	}
	s.requests[2]++
	options, err := ppp.ParseOptions(q.Data)
	if err != nil {
		panic(err)
	}
	var rejected []ppp.Option
	known := false
	for _, o := range options {
		if o.Type != 3 {
			rejected = append(rejected, o)
		} else if string(o.Data) == fakeAddress[2:] {
			known = true
		}
	}
	switch {
	case len(rejected) > 0:
		s.packet(ppp.IPCP, ppp.ConfRej, q.ID, ppp.AppendOptions(nil, rejected))
	case !known:
		s.packet(ppp.IPCP, ppp.ConfNak, q.ID, []byte(fakeAddress))
	default:
		s.packet(ppp.IPCP, ppp.ConfAck, q.ID, q.Data)
	}
	if s.wantIPCP {
		s.wantIPCP = false
		s.request(ppp.IPCP, ppp.ConfReq, fakePeerOption)
	}
}
