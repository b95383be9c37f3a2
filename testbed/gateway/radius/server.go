// Package radius is the RADIUS side of the simulated gateway: a server that knows its
// users, and the accounting that it sends.
package radius

import (
	"crypto/md5"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc3079"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// Attributes of Microsoft (RFC 2548).
const (
	microsoft       = 311
	msCHAPError     = 2
	msCHAPChallenge = 11
	msMPPESendKey   = 16
	msMPPERecvKey   = 17
	msCHAP2Response = 25
	msCHAP2Success  = 26

	msCHAP2ResponseSize = 50
)

// maxWaiting bounds the answers that are delayed at once; more requests are dropped.
const maxWaiting = 64

// Config is how a server works.
type Config struct {
	Address netip.AddrPort
	Secret  string
	Users   map[string]string // passwords by name
	// Faults are those of the gateway: where its users get no verdict, or a late or a bad
	// one, this is where that comes from. nil: none.
	Faults func() gateway.Faults
}

// Server answers Access-Requests with PAP, CHAP and MS-CHAPv2, and Status-Server.
type Server struct {
	cfg     Config
	conn    *net.UDPConn
	key     *packet.Key // of the reader
	waiting chan struct{}
	stop    chan struct{}
	running sync.WaitGroup
	close   func() error
}

// Start starts a server, which must be closed.
func Start(cfg Config) (*Server, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(cfg.Address))
	if err != nil {
		return nil, fmt.Errorf("start the RADIUS server: %w", err)
	}
	if cfg.Faults == nil {
		cfg.Faults = func() gateway.Faults { return gateway.Faults{} }
	}
	s := &Server{
		cfg: cfg, conn: conn, key: packet.NewKey(cfg.Secret), waiting: make(chan struct{}, maxWaiting), stop: make(chan struct{}),
	}
	s.running.Go(s.serve)
	s.close = sync.OnceValue(func() error {
		close(s.stop)
		err := conn.Close()
		s.running.Wait()
		return err
	})
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() netip.AddrPort { return s.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Close ends it. It may be called again.
func (s *Server) Close() error { return s.close() }

func (s *Server) serve() {
	buf := make([]byte, packet.MaxLen)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // ICMP of a client that is gone
		}
		p, err := packet.Parse(buf[:n])
		if err != nil {
			continue
		}
		f := s.cfg.Faults()
		reply := s.answer(p, &f)
		if reply == nil {
			continue
		}
		delay := time.Duration(0)
		if p.Code() == packet.AccessRequest {
			delay = f.AuthDelay
		}
		s.send(reply, from, delay)
	}
}

func (s *Server) send(reply []byte, to netip.AddrPort, delay time.Duration) {
	if delay <= 0 {
		_, _ = s.conn.WriteToUDPAddrPort(reply, to)
		return
	}
	select {
	case s.waiting <- struct{}{}:
	default:
		return
	}
	s.running.Go(func() {
		defer func() { <-s.waiting }()
		select {
		case <-time.After(delay):
			_, _ = s.conn.WriteToUDPAddrPort(reply, to)
		case <-s.stop:
		}
	})
}

// answer is nil for what gets none.
func (s *Server) answer(p packet.Packet, f *gateway.Faults) packet.Packet {
	signed, err := s.key.VerifyRequest(p)
	switch {
	case err != nil:
		return nil
	case p.Code() == packet.StatusServer:
		if !signed {
			return nil
		}
		return s.reply(packet.AccessAccept, p, nil)
	case p.Code() != packet.AccessRequest, f.AuthSilent, f.AuthRepeat:
		return nil
	}
	name, _ := p.Lookup(packet.UserName)
	password, known := s.cfg.Users[string(name)]
	refuse := func(b *packet.Builder) {
		text := f.AuthFailure
		if text == "" {
			text = "E=691 R=0 V=3 M=Authentication failure"
		}
		if _, ok := p.LookupVendor(microsoft, msCHAP2Response); ok {
			b.VendorAttribute(microsoft, msCHAPError, append([]byte{0}, text...))
		}
	}
	if !known || f.AuthFailure != "" {
		return s.reply(packet.AccessReject, p, refuse)
	}
	if accept := s.check(p, string(name), password, f); accept != nil {
		return s.reply(packet.AccessAccept, p, accept)
	}
	return s.reply(packet.AccessReject, p, refuse)
}

func (s *Server) reply(code packet.Code, request packet.Packet, fill func(*packet.Builder)) packet.Packet {
	b := packet.NewReply(code, request)
	b.Sign()
	if fill != nil {
		fill(b)
	}
	r, err := b.Reply(s.key)
	if err != nil {
		return nil
	}
	return r
}

// check returns what an Access-Accept has; nil: the password is wrong.
func (s *Server) check(p packet.Packet, name, password string, f *gateway.Faults) func(*packet.Builder) {
	auth := p.Authenticator()
	ok := false
	if v, found := p.Lookup(packet.UserPassword); found {
		got, err := s.key.RevealPassword(v, &auth)
		ok = err == nil && subtle.ConstantTimeCompare([]byte(got), []byte(password)) == 1
	} else if v, found := p.Lookup(packet.CHAPPassword); found && len(v) == 1+md5.Size {
		challenge, found := p.Lookup(packet.CHAPChallenge)
		if !found {
			challenge = auth[:] // RFC 2865 section 5.40
		}
		sum := md5.Sum(append(append([]byte{v[0]}, password...), challenge...))
		ok = subtle.ConstantTimeCompare(sum[:], v[1:]) == 1
	} else if v, found := p.LookupVendor(microsoft, msCHAP2Response); found && len(v) == msCHAP2ResponseSize {
		challenge, _ := p.LookupVendor(microsoft, msCHAPChallenge)
		return s.checkMSCHAP(auth, challenge, v, name, password, f)
	}
	if !ok {
		return nil
	}
	return func(*packet.Builder) {}
}

// checkMSCHAP is MS-CHAPv2 (RFC 2759) with the keys of MPPE (RFC 3079).
func (s *Server) checkMSCHAP(auth packet.Authenticator, challenge, v []byte, name, password string, f *gateway.Faults) func(*packet.Builder) {
	peer, response := v[2:18], v[26:]
	want, err := rfc2759.GenerateNTResponse(challenge, peer, []byte(name), []byte(password))
	if err != nil || subtle.ConstantTimeCompare(want, response) != 1 {
		return nil
	}
	return func(b *packet.Builder) {
		proof, err := rfc2759.GenerateAuthenticatorResponse(challenge, peer, response, []byte(name), []byte(password))
		if err != nil || f.AuthNoAuthenticator {
			return
		}
		if f.AuthBadAuthenticator {
			proof = "S=0000000000000000000000000000000000000000"
		}
		b.VendorAttribute(microsoft, msCHAP2Success, append([]byte{v[0]}, proof...))
		for _, k := range []struct {
			kind uint8
			send bool
		}{{msMPPESendKey, true}, {msMPPERecvKey, false}} {
			key, err := rfc3079.MakeKey(response, []byte(password), k.send)
			if err != nil {
				return
			}
			hidden, err := radius.NewTunnelPassword(key, []byte{0x80 | k.kind, 1}, []byte(s.cfg.Secret), auth[:])
			if err != nil {
				return
			}
			b.VendorAttribute(microsoft, k.kind, hidden)
		}
	}
}
