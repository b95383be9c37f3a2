package gateway

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

const (
	backlog = 4096
	// fillers connections and a backlog of 0 make the kernel drop further SYNs.
	fillers    = 3
	fillerWait = 150 * time.Millisecond

	acceptPause = 10 * time.Millisecond // after an error
)

// listener is the TCP listener of a gateway, which can be closed, left alone and
// filled up while it runs.
type listener struct {
	addr   *net.TCPAddr
	accept func(*net.TCPConn)

	change sync.Mutex // one apply at a time
	mu     sync.Mutex
	cond   *sync.Cond
	l      *net.TCPListener // nil: refusing
	stall  bool
	closed bool
	fill   []net.Conn
	ignore map[string]bool // local addresses of fill
	loop   sync.WaitGroup
}

func newListener(addr *net.TCPAddr, accept func(*net.TCPConn)) (*listener, error) {
	l := &listener{addr: addr, accept: accept, ignore: make(map[string]bool)}
	l.cond = sync.NewCond(&l.mu)
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open starts to listen; the caller holds change or is the only one.
func (l *listener) open() error {
	tcp, err := net.ListenTCP("tcp4", l.addr)
	if err != nil {
		return err
	}
	l.addr = tcp.Addr().(*net.TCPAddr) // the port, if any was asked for
	l.mu.Lock()
	l.l = tcp
	l.mu.Unlock()
	l.loop.Go(func() { l.serve(tcp) })
	return nil
}

// serve accepts until tcp is closed.
func (l *listener) serve(tcp *net.TCPListener) {
	for {
		l.mu.Lock()
		for l.stall && l.l == tcp && !l.closed {
			l.cond.Wait()
		}
		l.mu.Unlock()
		c, err := tcp.AcceptTCP()
		switch {
		case err == nil:
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue // a stall began or ended
		default:
			<-time.After(acceptPause) // out of descriptors, or the like
			continue
		}
		l.mu.Lock()
		own := l.ignore[c.RemoteAddr().String()]
		delete(l.ignore, c.RemoteAddr().String()) // the port may be somebody else's next time
		l.mu.Unlock()
		if own {
			_ = c.Close()
			continue
		}
		l.accept(c)
	}
}

// apply makes the listener as the faults want it.
func (l *listener) apply(f *Faults) error {
	l.change.Lock()
	defer l.change.Unlock()
	l.mu.Lock()
	tcp, closed := l.l, l.closed
	l.mu.Unlock()
	if closed {
		return nil
	}
	if f.TCPRefuse {
		l.stop(tcp)
		return nil
	}
	if tcp == nil {
		if err := l.open(); err != nil {
			return err
		}
		tcp = l.l
	}
	l.mu.Lock()
	l.stall = f.stalls()
	l.mu.Unlock()
	if l.stall {
		_ = tcp.SetDeadline(time.Unix(1, 0)) // out of Accept
	} else {
		_ = tcp.SetDeadline(time.Time{})
		l.cond.Broadcast()
	}
	return l.setFull(tcp, f.TCPDrop)
}

// setFull fills the accept queue, or empties it.
func (l *listener) setFull(tcp *net.TCPListener, full bool) error {
	if full == (l.fill != nil) {
		return nil
	}
	if !full {
		l.drain()
		return setBacklog(tcp, backlog)
	}
	if err := setBacklog(tcp, 0); err != nil {
		return err
	}
	l.fill = []net.Conn{}
	for range fillers {
		if !l.fillOne() {
			break // full
		}
	}
	return nil
}

// fillOne puts a connection of our own into the accept queue.
func (l *listener) fillOne() bool {
	c, err := net.DialTimeout("tcp4", l.addr.String(), fillerWait)
	if err != nil {
		return false
	}
	l.fill = append(l.fill, c)
	l.mu.Lock()
	l.ignore[c.LocalAddr().String()] = true
	l.mu.Unlock()
	return true
}

func (l *listener) drain() {
	for _, c := range l.fill {
		_ = c.Close()
	}
	l.fill = nil
}

// stop closes tcp, if it is open.
func (l *listener) stop(tcp *net.TCPListener) {
	l.drain()
	if tcp == nil {
		return
	}
	l.mu.Lock()
	l.l, l.stall = nil, false
	l.mu.Unlock()
	l.cond.Broadcast()
	_ = tcp.Close()
	l.loop.Wait()
}

func (l *listener) close() {
	l.change.Lock()
	defer l.change.Unlock()
	l.mu.Lock()
	l.closed = true
	tcp := l.l
	l.mu.Unlock()
	l.stop(tcp)
}
