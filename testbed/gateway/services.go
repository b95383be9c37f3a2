package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

// Ports of the services, on every address behind the tunnel.
const (
	portEcho = 7
	portDNS  = 53
	portHTTP = 80
)

const (
	maxServiceMTU = 1400
	// maxEchoConns bounds the TCP echo connections of all sessions.
	maxEchoConns = 4096
	idleTimeout  = 30 * time.Second
)

// services are the world behind the tunnel, one for all sessions. What needs no
// state, ICMP echo, DNS and UDP echo, is answered packet by packet; TCP has an
// IP stack.
type services struct {
	local  netip.Addr
	zone   map[string]netip.Addr
	faults func() *Faults
	stack  *tunnel.Tunnel
	http   *http.Server
	echo   net.Listener
	slots  chan struct{}
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{} // of TCP echo
}

// startServices starts the services; send takes their packets for the clients,
// from one goroutine, valid during the call.
func startServices(cfg *Config, faults func() *Faults, send func(packet []byte)) (*services, error) {
	s := &services{
		local: cfg.LocalIP, zone: cfg.Zone, faults: faults,
		slots: make(chan struct{}, maxEchoConns), conns: make(map[net.Conn]struct{}),
	}
	mtu := min(max(int(cfg.MRU), tunnel.MinMTU), maxServiceMTU)
	var err error
	if s.stack, err = tunnel.New(cfg.LocalIP, mtu, send, tunnel.WithPromiscuous()); err != nil {
		return nil, fmt.Errorf("services: %w", err)
	}
	every := netip.IPv4Unspecified()
	web, err := s.stack.ListenTCP(netip.AddrPortFrom(every, portHTTP))
	if err == nil {
		s.echo, err = s.stack.ListenTCP(netip.AddrPortFrom(every, portEcho))
	}
	if err != nil {
		s.stack.Close()
		return nil, fmt.Errorf("services: %w", err)
	}
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: idleTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return context.Background() },
	}
	s.wg.Go(func() { _ = s.http.Serve(web) })
	s.wg.Go(s.serveEcho)
	return s, nil
}

// close ends all services and waits for them.
func (s *services) close() {
	_ = s.http.Close()
	_ = s.echo.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.stack.Close()
	s.wg.Wait()
}

// deliver takes a packet of a client. The answers of the stateless services go to
// reply at once; it must copy what it keeps.
func (s *services) deliver(p *ipv4, reply func(packet []byte)) {
	f := s.faults()
	switch p.protocol {
	case protoICMP:
		if f.PeerSilent && p.dst == s.local {
			return
		}
		if b, ok := echoReply(p); ok {
			reply(b)
		}
	case protoUDP:
		s.udp(p, f, reply)
	case protoTCP:
		switch {
		case f.TCPSilentIn:
		case f.TCPRefuseIn:
			if b := tcpReset(p); b != nil {
				reply(b)
			}
		default:
			s.stack.Deliver(p.raw)
		}
	}
}

func (s *services) udp(p *ipv4, f *Faults, reply func(packet []byte)) {
	if p.fragment || len(p.payload) < udpHeaderLen {
		return
	}
	data := p.payload[udpHeaderLen:]
	var b []byte
	switch binary.BigEndian.Uint16(p.payload[2:]) {
	case portDNS:
		if answer := answerDNS(data, s.zone, f.DNSCode); answer != nil && !f.DNSSilent {
			b = udpReply(p, answer)
		}
	case portEcho:
		b = udpReply(p, data)
	default:
		b = icmpError(p, p.dst, codePortUnreachable, 0)
	}
	if b != nil {
		reply(b)
	}
}

func (s *services) serveEcho() {
	for {
		c, err := s.echo.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		select {
		case s.slots <- struct{}{}:
		default:
			_ = c.Close()
			continue
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			_ = c.SetDeadline(time.Now().Add(10 * idleTimeout))
			_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
			<-s.slots
		})
	}
}
