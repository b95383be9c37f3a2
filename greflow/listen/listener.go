package listen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Handler takes a datagram, which is valid during the call only. From is never
// IPv4-mapped and has no zone. One goroutine for each socket calls it, so it is called
// concurrently if there are several; what one sender sends comes in order and by
// one of them. While it runs, its socket is not read. It must not call
// [Listener.Close].
type Handler func(from netip.AddrPort, arrival time.Time, datagram []byte)

// Listener receives until it is closed. It is safe for concurrent use.
type Listener struct {
	handle  Handler
	sockets []*socket
	closing chan struct{}
	close   func() error
	readers sync.WaitGroup
}

// Socket is what has been opened.
type Socket struct {
	Address netip.AddrPort
	// ReceiveBuffer is what the system gave, to be compared with Config.ReceiveBuffer. On
	// Linux a datagram of 1400 bytes takes about 1150 of it, a small one about 400.
	ReceiveBuffer int
}

// Stats are counters since the start, of all sockets.
type Stats struct {
	Datagrams, Bytes uint64 // handed to the Handler
	// KernelDrops are datagrams for which the receive buffer had no room. The kernel tells
	// them with the next datagram that it had room for. Linux only.
	KernelDrops uint64
	ReadErrors  uint64
}

type socket struct {
	conn   *net.UDPConn
	batch  *batch
	buffer int

	datagrams, bytes, drops, errors atomic.Uint64
}

// readPause is how long a socket rests that cannot be read.
const readPause = 100 * time.Millisecond

// Open opens all sockets and starts to read, or fails with what to do about it.
// Ctx bounds the resolution of names only.
func Open(ctx context.Context, cfg Config, handle Handler) (*Listener, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	l := &Listener{handle: handle, closing: make(chan struct{})}
	l.close = sync.OnceValue(l.stop)
	for _, address := range cfg.Addresses {
		sockets, err := openAddress(ctx, address, &cfg)
		l.sockets = append(l.sockets, sockets...)
		if err != nil {
			return nil, errors.Join(explain(address, err), l.Close())
		}
	}
	for _, s := range l.sockets {
		l.readers.Go(func() { l.read(s) })
	}
	return l, nil
}

// read is the goroutine of a socket.
func (l *Listener) read(s *socket) {
	for {
		n, err := s.batch.read()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.errors.Add(1)
			select {
			case <-l.closing:
				return
			case <-time.After(readPause):
			}
			continue
		}
		arrival := time.Now()
		for i := range n {
			l.deliver(s, i, arrival)
		}
	}
}

func (l *Listener) deliver(s *socket, i int, arrival time.Time) {
	datagram, from, drops := s.batch.message(i)
	s.drops.Add(uint64(drops))
	s.datagrams.Add(1)
	s.bytes.Add(uint64(len(datagram)))
	l.handle(from, arrival, datagram)
}

// Sockets returns what has been opened, in the order of Config.Addresses.
func (l *Listener) Sockets() []Socket {
	all := make([]Socket, len(l.sockets))
	for i, s := range l.sockets {
		all[i] = Socket{Address: localAddress(s.conn), ReceiveBuffer: s.buffer}
	}
	return all
}

// Stats returns the counters.
func (l *Listener) Stats() (sum Stats) {
	for _, s := range l.sockets {
		sum.Datagrams += s.datagrams.Load()
		sum.Bytes += s.bytes.Load()
		sum.KernelDrops += s.drops.Load()
		sum.ReadErrors += s.errors.Load()
	}
	return sum
}

// Close ends the listening and returns when the last call of the handler has and
// no goroutine is left. It may be called again.
func (l *Listener) Close() error { return l.close() }

func (l *Listener) stop() error {
	close(l.closing)
	var failed error
	for _, s := range l.sockets {
		failed = errors.Join(failed, s.conn.Close())
	}
	l.readers.Wait()
	return failed
}

func localAddress(conn *net.UDPConn) netip.AddrPort {
	a := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
