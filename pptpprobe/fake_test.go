package pptpprobe

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

var (
	fakeServer = netip.MustParseAddr("192.0.2.1")
	fakeLocal  = netip.MustParseAddr("192.0.2.100")
)

// fakePath is both ways to a server that a test plays: the control connection
// and GRE, without a socket, so that a session can run in virtual time.
type fakePath struct {
	server    net.Conn      // the server's end of the control connection, once
	connected chan struct{} // is closed

	mu        sync.Mutex
	deliver   func([]byte, netip.Addr, netip.Addr)
	failed    func(greError)
	sent      [][]byte // GRE packets of the probe
	onGRE     func(packet []byte)
	sendErr   error
	openErr   error
	onTap     func(seen func(from, to netip.Addr, call uint16))
	tapErr    error
	taps      int // how often it was opened
	dialErr   error
	dialTakes time.Duration
}

// fakeConn has the addresses that a TCP connection has.
type fakeConn struct{ net.Conn }

func (fakeConn) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(fakeLocal, 40000))
}

func newFakePath() (*fakePath, *Probe) {
	f := &fakePath{connected: make(chan struct{})}
	return f, New(Options{dial: f.dial, openGRE: f.openGRE, openTap: f.openTap})
}

// openTap is called when a session misses packets.
func (f *fakePath) openTap(seen func(from, to netip.Addr, call uint16)) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taps++
	if f.onTap != nil {
		go f.onTap(seen)
	}
	return f, f.tapErr
}

func (f *fakePath) dial(context.Context, string, string) (net.Conn, error) {
	if f.dialErr != nil {
		return nil, f.dialErr
	}
	<-time.After(f.dialTakes) // in virtual time
	ours, theirs := net.Pipe()
	f.server = theirs
	close(f.connected)
	return fakeConn{ours}, nil
}

func (f *fakePath) openGRE(deliver func([]byte, netip.Addr, netip.Addr), failed func(greError)) (greSocket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deliver, f.failed = deliver, failed
	return f, f.openErr
}

// Send implements greSocket.
func (f *fakePath) Send(packet []byte, _, _ netip.Addr) error {
	f.mu.Lock()
	f.sent = append(f.sent, append([]byte(nil), packet...))
	on, err := f.onGRE, f.sendErr
	f.mu.Unlock()
	if on != nil {
		on(packet)
	}
	return err
}

// Close implements greSocket.
func (*fakePath) Close() error { return nil }

// target is a session to the played server.
func (f *fakePath) target(depth Depth) Target {
	return Target{Host: fakeServer.String(), Depth: depth, Username: "probe", Password: "secret"}
}

// control is the server's end of the control connection, once it is there.
func (f *fakePath) control() net.Conn {
	<-f.connected
	return f.server
}

// serve plays the server of the control connection until it ends: it sends what
// reply returns for each message, and closes the connection when that is nil.
func (f *fakePath) serve(reply func(m control.Message) []byte) {
	c := f.control()
	defer func() { _ = c.Close() }()
	for {
		b, err := readMessage(c)
		if err != nil {
			return
		}
		m, err := control.Parse(b)
		if err != nil {
			panic(err) // the probe sends nothing else
		}
		out := reply(m)
		if out == nil {
			return
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// readMessage reads one control message of the probe.
func readMessage(c net.Conn) ([]byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(head))
	copy(b, head)
	_, err := io.ReadFull(c, b[2:])
	return b, err
}
