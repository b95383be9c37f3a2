package radiuscheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// conn is the socket to one port of a server, and what is remembered of its requests.
// It stays open between rounds, so that what comes late is seen and counted; it is not
// for concurrent use.
type conn struct {
	key  *packet.Key
	book *exchange.Book
	addr netip.AddrPort
	sock *net.UDPConn
	buf  [packet.MaxLen]byte
}

func newConn(secret string, first uint8) *conn {
	key := packet.NewKey(secret)
	return &conn{key: key, book: exchange.NewBook(key, first)}
}

// open connects the socket to addr, if it is not. The kernel then drops what comes from
// elsewhere, and tells of ICMP errors.
func (c *conn) open(addr netip.AddrPort) error {
	if c.sock != nil && c.addr == addr {
		return nil
	}
	c.close()
	d := net.Dialer{Control: wantICMP}
	s, err := d.Dial("udp", addr.String())
	if err != nil {
		return err
	}
	c.sock, c.addr = s.(*net.UDPConn), addr
	return nil
}

func (c *conn) close() {
	if c.sock != nil {
		_ = c.sock.Close() // nothing is owed to a datagram socket
		c.sock = nil
	}
}

// local is the address that requests come from.
func (c *conn) local() netip.Addr {
	return c.sock.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// run does one exchange. An error is that of ctx, or of building the request.
func (c *conn) run(ctx context.Context, cfg exchange.Config, build func(id uint8) (packet.Packet, error)) (*exchange.Result, error) {
	ex := exchange.New(c.book, cfg, build)
	c.drain(ex)
	sock := c.sock                                                                       // the function may still run when this one has returned
	stop := context.AfterFunc(ctx, func() { _ = sock.SetReadDeadline(time.Unix(1, 0)) }) // wakes the reader
	defer stop()
	for {
		send, deadline, err := ex.Next(time.Now())
		if err != nil {
			return nil, err
		}
		if ex.Done() {
			r := ex.Result()
			if r.Reply == nil && r.Unreachable != "" {
				c.close() // its own address may have gone; another socket finds that of now
			}
			return r, nil
		}
		if send != nil {
			if _, err := c.sock.Write(send); err != nil {
				c.unreachable(ex, err) // as a packet that was lost
			}
		}
		if err := c.sock.SetReadDeadline(deadline); err != nil {
			return nil, fmt.Errorf("setting a deadline: %w", err)
		}
		if ctx.Err() != nil { // it may have been cancelled before the deadline was set
			ex.Abort(time.Now())
			return nil, ctx.Err()
		}
		n, err := c.sock.Read(c.buf[:])
		switch {
		case err == nil:
			ex.Receive(time.Now(), c.buf[:n])
		case !errors.Is(err, os.ErrDeadlineExceeded):
			c.unreachable(ex, err)
		}
	}
}

// drain takes what has come since the last exchange.
func (c *conn) drain(ex *exchange.Exchange) {
	const most = 256 // nobody keeps us from our work
	for range most {
		n, err := readNow(c.sock, c.buf[:])
		if err != nil {
			return
		}
		ex.Stray(c.buf[:n])
	}
}

func (c *conn) unreachable(ex *exchange.Exchange, err error) {
	ex.Unreachable(describe(c.sock, err))
}
