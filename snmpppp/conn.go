package snmpppp

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// conn is the agent's socket, which a context can interrupt: gosnmp sets deadlines of
// its own, and looks at its context only between two of them.
type conn struct {
	net.Conn
	mu       sync.Mutex
	canceled bool
	reports  bool
	head     []byte // of the last answer
}

// Read is part of [net.Conn]. Of an answer of SNMPv3 it keeps the beginning: gosnmp
// drops the reports that tell why an agent refused, because they are not authentic.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = syscall.ECONNRESET // over TCP: of an EOF gosnmp would make a new connection that we do not know
	}
	if c.reports {
		c.head = append(c.head[:0], b[:min(n, maxReport)]...)
	}
	return n, err
}

// maxReport is more than a Report PDU takes.
const maxReport = 256

func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.canceled {
		t = time.Unix(1, 0)
	}
	return c.Conn.SetDeadline(t)
}

func (c *conn) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.canceled = true
	_ = c.Conn.SetDeadline(time.Unix(1, 0)) // of a socket that is open: it cannot fail in a way that matters
}
