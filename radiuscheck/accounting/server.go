package accounting

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ServerStats are the counters of a [Server].
type ServerStats struct {
	Packets  uint64 // that came
	Answered uint64
	// StatusServer are those that only ask whether the server is alive, with the right secret.
	StatusServer uint64
	// Dropped packets, by why; none of them was answered.
	UnknownClient    uint64 // no secret for the sender
	Malformed        uint64 // not what RFC 2866 describes
	BadAuthenticator uint64 // another secret, or forged
	Unsupported      uint64 // neither Accounting-Request nor Status-Server
	Refused          uint64 // by the tracker
	// ReadErrors and WriteErrors are those of the socket; what could not be sent is not Answered.
	ReadErrors, WriteErrors SocketErrors
}

// readPause is how long a socket rests that cannot be read.
const readPause = 100 * time.Millisecond

// Server is a UDP socket in front of a [Tracker]. It has two goroutines: one reads, one
// calls Tick. The tracker's callbacks run on them, one at a time. It is safe for concurrent use.
type Server struct {
	conn    *net.UDPConn
	clients clients
	silent  bool

	mu      sync.Mutex
	tracker *Tracker

	verifier Verifier // of the reader
	answer   []byte

	closing chan struct{}
	close   func() error
	running sync.WaitGroup

	packets, answered, status, unknown, malformed, bad, unsupported, refused atomic.Uint64
	readErrors, writeErrors                                                  errorCounts
}

// Listen opens the socket and begins to serve. The tracker is the server's until it is closed; use
// [Server.Do] to ask it something. Ctx bounds the resolution of the address only.
func Listen(ctx context.Context, cfg ServerConfig, t *Tracker) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("accounting: %w", err)
	}
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for RADIUS accounting: %w", err)
	}
	s := &Server{
		conn: conn.(*net.UDPConn), clients: newClients(cfg.Clients), silent: cfg.Silent,
		tracker: t, closing: make(chan struct{}),
	}
	s.close = sync.OnceValue(s.stop)
	if cfg.ReceiveBuffer > 0 {
		if err := s.conn.SetReadBuffer(cfg.ReceiveBuffer); err != nil {
			return nil, errors.Join(fmt.Errorf("receive_buffer: %w", err), s.conn.Close())
		}
	}
	setTime(&cfg.Tick, 10*time.Second)
	s.running.Go(s.read)
	s.running.Go(func() { s.tick(cfg.Tick) })
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() netip.AddrPort {
	a := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Do calls f while nothing else uses the tracker; no packet is read meanwhile.
func (s *Server) Do(f func(*Tracker)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.tracker)
}

// Close ends it, and returns when no callback runs and none will. It may be called again.
func (s *Server) Close() error { return s.close() }

func (s *Server) stop() error {
	close(s.closing)
	err := s.conn.Close()
	s.running.Wait()
	return err
}

func (s *Server) tick(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.closing:
			return
		case now := <-ticker.C:
			s.Do(func(t *Tracker) { t.Tick(now) })
		}
	}
}

func (s *Server) read() {
	buf := make([]byte, MaxPacket+1) // one more, so that a longer packet is not taken for one
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.readErrors.add(err)
			select {
			case <-s.closing:
				return
			case <-time.After(readPause):
			}
		default:
			s.packet(time.Now(), from, buf[:n])
		}
	}
}

// packet takes one datagram. What is not verified is counted, and never answered.
func (s *Server) packet(now time.Time, from netip.AddrPort, packet []byte) {
	s.packets.Add(1)
	sender := from.Addr().Unmap().WithZone("")
	secret := s.clients.secret(sender)
	packet = trim(packet)
	switch {
	case secret == nil:
		s.unknown.Add(1)
	case packet == nil:
		s.malformed.Add(1)
	case packet[0] == codeStatusServer:
		// A proxy that asks whether the server is alive (RFC 5997), before it sends it anything.
		if !s.verifier.VerifyStatus(packet, secret) {
			s.bad.Add(1)
			return
		}
		s.status.Add(1)
		s.respond(from, packet, secret)
	case packet[0] != codeRequest:
		s.unsupported.Add(1)
	case !s.verifier.Verify(packet, secret):
		s.bad.Add(1)
	default:
		s.request(now, from, sender, packet, secret)
	}
}

func (s *Server) request(now time.Time, from netip.AddrPort, sender netip.Addr, packet, secret []byte) {
	var r Record
	if Parse(&r, packet) != nil {
		s.malformed.Add(1)
		return
	}
	s.mu.Lock()
	outcome := s.tracker.Observe(now, sender, &r)
	s.mu.Unlock()
	if outcome == Refused { // not recorded, so it must not be acknowledged: RFC 2866 section 2
		s.refused.Add(1)
		return
	}
	s.respond(from, packet, secret)
}

func (s *Server) respond(to netip.AddrPort, packet, secret []byte) {
	if s.silent {
		return
	}
	s.answer = s.verifier.AppendResponse(s.answer[:0], packet, secret)
	if _, err := s.conn.WriteToUDPAddrPort(s.answer, to); err != nil {
		s.writeErrors.add(err)
		return
	}
	s.answered.Add(1)
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	return ServerStats{
		Packets: s.packets.Load(), Answered: s.answered.Load(), StatusServer: s.status.Load(), UnknownClient: s.unknown.Load(), Malformed: s.malformed.Load(),
		BadAuthenticator: s.bad.Load(), Unsupported: s.unsupported.Load(), Refused: s.refused.Load(),
		ReadErrors: s.readErrors.load(), WriteErrors: s.writeErrors.load(),
	}
}
