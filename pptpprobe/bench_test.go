package pptpprobe

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// benchGateway answers whole sessions, MS-CHAPv2 and MPPE with 128 bit, in the
// goroutine of the client, so that a benchmark measures little else than the
// client. What the gateway itself takes is measured, and reported beside it.
type benchGateway struct {
	deliver func([]byte, netip.Addr, netip.Addr)

	mu    sync.Mutex
	calls map[uint16]*benchCall // by the gateway's call id
	last  uint16
	spent time.Duration // in the gateway
}

// benchCall is the gateway's end of a session, and the client's TCP connection.
type benchCall struct {
	net.Conn // nil: what a session does not use
	g        *benchGateway
	id       uint16
	client   uint16
	seq      uint32
	opened   bool // our LCP Configure-Request has been sent
	in       chan []byte
	rest     []byte
	closed   chan struct{}
}

var benchChallenge = [16]byte{0: 1, 15: 2}

func newBenchGateway() (*benchGateway, *Probe) {
	g := &benchGateway{calls: make(map[uint16]*benchCall)}
	return g, New(Options{dial: g.dial, openGRE: g.openGRE})
}

func benchTarget() Target {
	return Target{
		Host: fakeServer.String(), Depth: DepthNetwork, Username: "probe", Password: "secret", MPPE: MPPE{Mode: ppp.MPPERequire},
	}
}

func (g *benchGateway) dial(context.Context, string, string) (net.Conn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last++
	c := &benchCall{g: g, id: g.last, in: make(chan []byte, 8), closed: make(chan struct{})}
	g.calls[c.id] = c
	return c, nil
}

func (*benchCall) LocalAddr() net.Addr              { return fakeConn{}.LocalAddr() }
func (*benchCall) SetWriteDeadline(time.Time) error { return nil }

func (c *benchCall) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		select {
		case c.rest = <-c.in:
		case <-c.closed:
			return 0, io.EOF
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write takes one control message and answers it.
func (c *benchCall) Write(b []byte) (int, error) {
	defer c.g.took(time.Now())
	m, err := control.Parse(b)
	if err != nil {
		return 0, err
	}
	var out []byte
	if call, ok := m.(*control.OutgoingCallRequest); ok {
		c.client = call.CallID
		out = control.OutgoingCallReply{CallID: c.id, PeerCallID: call.CallID, Result: 1}.AppendTo(nil)
	} else {
		out = polite(m)
	}
	if len(out) > 0 {
		c.in <- out
	}
	return len(b), nil
}

func (c *benchCall) Close() error {
	close(c.closed)
	c.g.mu.Lock()
	delete(c.g.calls, c.id)
	c.g.mu.Unlock()
	return nil
}

func (g *benchGateway) openGRE(deliver func([]byte, netip.Addr, netip.Addr), _ func(greError)) (greSocket, error) {
	g.deliver = deliver
	return g, nil
}

// Close implements greSocket.
func (*benchGateway) Close() error { return nil }

// took adds the time since start.
func (g *benchGateway) took(start time.Time) {
	d := time.Since(start)
	g.mu.Lock()
	g.spent += d
	g.mu.Unlock()
}

// Send implements greSocket: it takes one packet of the client and answers it.
func (g *benchGateway) Send(packet []byte, _, _ netip.Addr) error {
	defer g.took(time.Now())
	p, err := gre.Parse(packet)
	if err != nil || len(p.Payload) == 0 {
		return err
	}
	g.mu.Lock()
	c := g.calls[p.CallID]
	g.mu.Unlock()
	proto, info, err := ppp.ParseFrame(p.Payload)
	if c == nil || err != nil {
		return err
	}
	q, err := ppp.ParsePacket(info)
	if err != nil {
		return err
	}
	switch proto {
	case ppp.LCP:
		c.lcp(p.Seq, q)
	case ppp.CHAP:
		c.chap(p.Seq, q)
	case ppp.CCP:
		c.ccp(p.Seq, q)
	case ppp.IPCP:
		c.ipcp(p.Seq, q)
	}
	return nil
}

func (c *benchCall) lcp(ack uint32, q ppp.Packet) {
	switch q.Code {
	case ppp.ConfReq:
		if !c.opened {
			c.opened = true
			c.send(ack, ppp.LCP, ppp.ConfReq, 1, []byte{3, 5, 0xC2, 0x23, 0x81, 5, 6, 1, 2, 3, 4})
		}
		c.send(ack, ppp.LCP, ppp.ConfAck, q.ID, q.Data)
	case ppp.ConfAck:
		c.send(ack, ppp.CHAP, 1, 7, chap.AppendValue(nil, benchChallenge[:], "gw"))
	case ppp.TermReq:
		c.send(ack, ppp.LCP, ppp.TermAck, q.ID, nil)
	case ppp.EchoReq:
		c.send(ack, ppp.LCP, ppp.EchoRep, q.ID, []byte{1, 2, 3, 4})
	}
}

func (c *benchCall) chap(ack uint32, q ppp.Packet) {
	value, user, err := chap.ParseValue(q.Data)
	if err != nil || len(value) != 49 {
		return
	}
	proof := chap.AuthenticatorResponse("secret", [24]byte(value[24:48]), [16]byte(value[:16]), benchChallenge, user)
	c.send(ack, ppp.CHAP, 3, q.ID, fmt.Appendf(nil, "S=%X M=welcome", proof))
	c.send(ack, ppp.CCP, ppp.ConfReq, 1, []byte{18, 6, 1, 0, 0, 0x40})
}

func (c *benchCall) ccp(ack uint32, q ppp.Packet) {
	switch q.Code {
	case ppp.ConfReq:
		c.send(ack, ppp.CCP, ppp.ConfAck, q.ID, q.Data)
	case ppp.ConfAck:
		c.send(ack, ppp.IPCP, ppp.ConfReq, 1, []byte{3, 6, 10, 99, 0, 1})
	}
}

func (c *benchCall) ipcp(ack uint32, q ppp.Packet) {
	if q.Code != ppp.ConfReq {
		return
	}
	opts, err := ppp.ParseOptions(q.Data)
	if err != nil {
		return
	}
	code, want := ppp.ConfAck, []byte{10, 0, byte(c.id >> 8), byte(c.id)}
	for i, o := range opts {
		if len(o.Data) == 4 && binary.BigEndian.Uint32(o.Data) == 0 {
			code, opts[i].Data = ppp.ConfNak, want
		}
	}
	c.send(ack, ppp.IPCP, code, q.ID, ppp.AppendOptions(nil, opts))
}

// send delivers one packet to the client.
func (c *benchCall) send(ack uint32, proto ppp.Protocol, code ppp.Code, id uint8, data []byte) {
	frame := ppp.AppendFrame(nil, proto, ppp.Packet{Code: code, ID: id, Data: data}.AppendTo(nil))
	p := gre.Packet{CallID: c.client, HasSeq: true, Seq: c.seq, HasAck: true, Ack: ack, Payload: frame}
	c.seq++
	c.g.deliver(p.AppendTo(nil), fakeServer, fakeLocal)
}

// BenchmarkSessionSetup is one session after the other, from the start to its
// address and through the teardown, without the sockets: MS-CHAPv2, MPPE 128.
// gateway-ns/op is the part of it that the played gateway takes.
func BenchmarkSessionSetup(b *testing.B) {
	g, p := newBenchGateway()
	b.ReportAllocs()
	for b.Loop() {
		if r := p.Run(b.Context(), benchTarget()); !r.OK() || len(r.Warnings) > 0 {
			b.Fatal(r.Failure, r.Warnings)
		}
	}
	b.ReportMetric(float64(g.spent.Nanoseconds())/float64(b.N), "gateway-ns/op")
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkHeldSession holds sessions up and reports what each takes of memory:
// heap-B/session and stack-B/session, without what the kernel keeps for its socket.
func BenchmarkHeldSession(b *testing.B) {
	const sessions = 1000
	for b.Loop() {
		holdSessions(b, sessions)
	}
}

func holdSessions(b *testing.B, n int) {
	_, p := newBenchGateway()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var up, ended sync.WaitGroup
	up.Add(n)
	target := benchTarget()
	target.Hold = &Hold{Report: func(r HoldReport) {
		if r.Kind == HoldEstablished {
			up.Done()
		}
	}}
	before := memStats()
	for range n {
		ended.Go(func() {
			if r := p.Run(ctx, target); !r.OK() {
				b.Error(r.Failure)
			}
		})
	}
	up.Wait()
	held := memStats()
	goroutines := runtime.NumGoroutine()
	cancel()
	ended.Wait()
	b.ReportMetric(float64(held.HeapAlloc-before.HeapAlloc)/float64(n), "heap-B/session")
	b.ReportMetric(float64(held.StackInuse-before.StackInuse)/float64(n), "stack-B/session")
	b.ReportMetric(float64(goroutines)/float64(n), "goroutines/session")
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// memStats is what is in use when the garbage has been collected, and what pools
// keep, which takes a second collection.
func memStats() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
