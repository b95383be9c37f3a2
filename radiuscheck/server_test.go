package radiuscheck

import (
	"crypto/md5"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc3079"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Never seen in a result.
const (
	theSecret   = "hunter2-theSecret"
	thePassword = "correct-horse-battery"
	theUser     = "monitor"
)

// server is a RADIUS server on loopback, with everything that can be wrong with one.
type server struct {
	tb   testing.TB
	sock *net.UDPConn
	key  *packet.Key

	secret          string
	password        string
	noStatus        bool
	noLogins        bool
	silent          bool
	requireSigned   bool
	unsigned        bool // replies have no Message-Authenticator
	noKeys          bool
	wrongKeys       bool // of another password
	garbledKeys     bool // encrypted with another secret
	noSuccess       bool
	wrongSuccess    bool
	shortSuccess    bool
	challenge       bool
	malformed       bool
	foreign         bool // replies are made with another secret
	noise           bool // before each reply comes what is none
	twice           bool
	acceptEverybody bool
	message         string
	mschapError     string
	skip            int // requests that get no answer
	delay           time.Duration
	reply           func(request packet.Packet) packet.Packet // instead of all others

	mu       sync.Mutex
	requests []packet.Packet
	done     chan struct{}
}

func newServer(tb testing.TB, change func(*server)) *server {
	sock, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(tb, err)
	s := &server{tb: tb, sock: sock, secret: theSecret, password: thePassword, done: make(chan struct{})}
	if change != nil {
		change(s)
	}
	s.key = packet.NewKey(s.secret)
	go s.serve()
	tb.Cleanup(s.stop)
	return s
}

func (s *server) stop() {
	_ = s.sock.Close() // ends serve
	<-s.done
}

func (s *server) port() uint16 { return s.sock.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

func (s *server) serve() {
	defer close(s.done)
	buf := make([]byte, packet.MaxLen)
	for {
		n, from, err := s.sock.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // ICMP of a client that has gone
		}
		p, err := packet.Parse(append([]byte(nil), buf[:n]...))
		if err != nil {
			continue
		}
		s.mu.Lock()
		s.requests = append(s.requests, p)
		skip := len(s.requests) <= s.skip
		s.mu.Unlock()
		if skip || s.silent {
			continue
		}
		reply := s.answer(p)
		if reply == nil {
			continue
		}
		if s.delay > 0 {
			<-time.After(s.delay) // it is a slow server; nothing waits for it but its client
		}
		if s.noise {
			_, _ = s.sock.WriteToUDPAddrPort([]byte("noise"), from)
			forged, _ := packet.NewReply(packet.AccessAccept, p).Reply(packet.NewKey("x"))
			_, _ = s.sock.WriteToUDPAddrPort(forged, from)
		}
		_, _ = s.sock.WriteToUDPAddrPort(reply, from)
		if s.twice {
			_, _ = s.sock.WriteToUDPAddrPort(reply, from)
		}
	}
}

// seen returns the requests so far.
func (s *server) seen() []packet.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]packet.Packet(nil), s.requests...)
}

func (s *server) answer(p packet.Packet) packet.Packet {
	if s.reply != nil {
		return s.reply(p)
	}
	if s.malformed {
		return []byte("this is no RADIUS packet, not at all")
	}
	signed, err := s.key.VerifyRequest(p)
	if err != nil || s.requireSigned && !signed {
		return nil // as RFC 2869, section 5.14 wants it
	}
	key := s.key
	if s.foreign {
		key = packet.NewKey("foreign")
	}
	if p.Code() == packet.StatusServer {
		if s.noStatus || !signed {
			return nil
		}
		r, err := packet.NewReply(packet.AccessAccept, p).Reply(key)
		require.NoError(s.tb, err)
		return r
	}
	if s.noLogins {
		return nil
	}
	code, fill := s.decide(p)
	b := packet.NewReply(code, p)
	if !s.unsigned {
		b.Sign()
	}
	b.Text(packet.ReplyMessage, s.message)
	fill(b)
	r, err := b.Reply(key)
	require.NoError(s.tb, err)
	return r
}

func nothing(*packet.Builder) {}

func (s *server) decide(p packet.Packet) (packet.Code, func(*packet.Builder)) {
	if s.challenge {
		return packet.AccessChallenge, nothing
	}
	auth := p.Authenticator()
	ok := false
	if v, found := p.Lookup(packet.UserPassword); found {
		got, _ := s.key.RevealPassword(v, &auth)
		ok = got == s.password
	}
	if v, found := p.Lookup(packet.CHAPPassword); found {
		c, _ := p.Lookup(packet.CHAPChallenge)
		sum := md5.Sum(append(append([]byte{v[0]}, s.password...), c...))
		ok = string(sum[:]) == string(v[1:])
	}
	if v, found := p.LookupVendor(microsoft, msCHAP2Response); found {
		c, _ := p.LookupVendor(microsoft, msCHAPChallenge)
		want, err := rfc2759.GenerateNTResponse(c, v[2:18], []byte(theUser), []byte(s.password))
		require.NoError(s.tb, err)
		if ok = s.acceptEverybody || string(want) == string(v[26:]); ok {
			return packet.AccessAccept, func(b *packet.Builder) { s.success(b, auth, c, v) }
		}
	}
	if ok || s.acceptEverybody {
		return packet.AccessAccept, nothing
	}
	return packet.AccessReject, func(b *packet.Builder) {
		if s.mschapError != "" {
			b.VendorAttribute(microsoft, msCHAPError, append([]byte{1}, s.mschapError...))
		}
	}
}

// success adds the proof and the keys.
func (s *server) success(b *packet.Builder, auth packet.Authenticator, challenge, v []byte) {
	password := s.password
	if s.wrongSuccess {
		password = "another"
	}
	proof, err := rfc2759.GenerateAuthenticatorResponse(challenge, v[2:18], v[26:], []byte(theUser), []byte(password))
	require.NoError(s.tb, err)
	if s.shortSuccess {
		proof = "S=1"
	}
	if !s.noSuccess {
		b.VendorAttribute(microsoft, msCHAP2Success, append([]byte{v[0]}, proof...))
	}
	if s.noKeys {
		return
	}
	password, secret := s.password, s.secret
	if s.wrongKeys {
		password = "another"
	}
	if s.garbledKeys {
		secret = "another"
	}
	for _, k := range []struct {
		typ  uint8
		send bool
	}{{msMPPESendKey, true}, {msMPPERecvKey, false}} {
		key, err := rfc3079.MakeKey(v[26:], []byte(password), k.send)
		require.NoError(s.tb, err)
		hidden, err := radius.NewTunnelPassword(key, []byte{0x80 | k.typ, 1}, []byte(secret), auth[:])
		require.NoError(s.tb, err)
		b.VendorAttribute(microsoft, k.typ, hidden)
	}
}
