package pptpprobe

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	dnsPort = 53
	// maxDNSUDP is more than a server may send without EDNS (RFC 1035 §4.2.1); some do.
	maxDNSUDP = 4096
	// maxDNSRequests is how often a server is asked over UDP.
	maxDNSRequests = 2
	// maxLookupAddrs is how many addresses of a name are of use.
	maxLookupAddrs = 4
)

// dnsAnswer is one answer of a name server.
type dnsAnswer struct {
	msg      dnsmessage.Message
	latency  time.Duration
	requests int
	tcp      bool
}

// errDNSMalformed is an answer to our query that cannot be read.
var errDNSMalformed = errors.New("the answer is malformed")

// exchange asks one server one question: over UDP, once more if no answer comes,
// and over TCP if the answer does not fit (RFC 7766). It uses no EDNS, so what is
// measured is what the simplest of clients gets. The number of requests is in the
// answer also when there is an error.
func (e *checkEnv) exchange(ctx context.Context, server netip.Addr, q dnsmessage.Question) (a dnsAnswer, err error) {
	for a.requests < maxDNSRequests {
		a.requests++
		try, cancel := context.WithTimeout(ctx, share(ctx, maxDNSRequests-a.requests+1))
		begun := time.Now()
		a.msg, err = e.ask(try, "udp", server, q)
		a.latency = time.Since(begun)
		cancel()
		if err == nil || !timedOut(err) || ctx.Err() != nil {
			break
		}
	}
	if err != nil || !a.msg.Truncated {
		return a, err
	}
	a.tcp = true
	begun := time.Now()
	a.msg, err = e.ask(ctx, "tcp", server, q)
	a.latency = time.Since(begun)
	return a, err
}

// ask sends one request and waits for its answer.
func (e *checkEnv) ask(ctx context.Context, network string, server netip.Addr, q dnsmessage.Question) (dnsmessage.Message, error) {
	var id [2]byte
	_, _ = rand.Read(id[:]) // never fails
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: binary.BigEndian.Uint16(id[:]), RecursionDesired: true},
		Questions: []dnsmessage.Question{q},
	}
	wire, err := query.Pack()
	if err != nil {
		return dnsmessage.Message{}, err
	}
	dial, receive := e.tun.DialUDP, receiveUDP
	if network == "tcp" {
		dial, receive = e.tun.DialTCP, receiveTCP
		wire = append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
	}
	conn, err := dial(ctx, netip.AddrPortFrom(server, dnsPort))
	if err != nil {
		return dnsmessage.Message{}, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := conn.Write(wire); err != nil {
		return dnsmessage.Message{}, err
	}
	for {
		b, err := receive(conn)
		if err != nil {
			return dnsmessage.Message{}, err
		}
		if m, err := parseAnswer(b, query.ID, q); !errors.Is(err, errNotOurs) {
			return m, err
		}
	}
}

func receiveUDP(c net.Conn) ([]byte, error) {
	b := make([]byte, maxDNSUDP)
	n, err := c.Read(b)
	return b[:n], err
}

func receiveTCP(c net.Conn) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(c, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(c, b)
	return b, err
}

// errNotOurs is a message that does not answer our question: too late, or forged.
var errNotOurs = errors.New("not the answer to the question")

// parseAnswer reads an answer. What comes after a record that cannot be read is
// left out of a truncated one, which is asked for again anyway.
func parseAnswer(b []byte, id uint16, q dnsmessage.Question) (m dnsmessage.Message, err error) {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil || !h.Response || h.ID != id {
		return m, errNotOurs
	}
	m.Header = h
	got, err := p.Question()
	switch {
	case errors.Is(err, dnsmessage.ErrSectionDone) && h.RCode != dnsmessage.RCodeSuccess:
		return m, nil // some refuse without repeating the question
	case err != nil:
		return m, fmt.Errorf("%w: %w", errDNSMalformed, err)
	case got.Type != q.Type || got.Class != q.Class || !strings.EqualFold(got.Name.String(), q.Name.String()):
		return m, errNotOurs
	}
	if h.Truncated {
		return m, nil
	}
	if err = p.SkipAllQuestions(); err == nil {
		m.Answers, err = p.AllAnswers()
	}
	if err != nil {
		return m, fmt.Errorf("%w: %w", errDNSMalformed, err)
	}
	return m, nil
}

// lookup finds the IPv4 addresses of a name. It asks the name servers of the
// tunnel one after the other, until one knows. Errors are *net.DNSError.
func (e *checkEnv) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	fail := &net.DNSError{Err: "the gateway pushed no name server", Name: host}
	q, err := question(host, "A")
	if err != nil {
		fail.Err = err.Error()
		return nil, fail
	}
	for i, server := range e.dns {
		one, cancel := context.WithTimeout(ctx, share(ctx, len(e.dns)-i))
		a, err := e.exchange(one, server, q)
		cancel()
		if addrs := addresses(a.msg.Answers); err == nil && len(addrs) > 0 {
			return addrs, nil
		}
		fail = &net.DNSError{Name: host, Server: server.String(), UnwrapErr: err}
		switch {
		case err != nil && timedOut(err):
			fail.Err, fail.IsTimeout = "no answer of "+server.String(), true
		case err != nil:
			fail.Err = server.String() + ": " + rootError(err)
		case a.msg.RCode == dnsmessage.RCodeSuccess:
			fail.Err, fail.IsNotFound = server.String()+" knows no IPv4 address", true
			return nil, fail
		default:
			fail.Err = server.String() + " says " + rcodeText(a.msg.RCode)
			if fail.IsNotFound = a.msg.RCode == dnsmessage.RCodeNameError; fail.IsNotFound {
				return nil, fail // and so would the others
			}
		}
	}
	return nil, fail
}

// addresses are the first IPv4 addresses among records.
func addresses(records []dnsmessage.Resource) (addrs []netip.Addr) {
	for i := range records {
		if a, ok := records[i].Body.(*dnsmessage.AResource); ok && len(addrs) < maxLookupAddrs {
			addrs = append(addrs, netip.AddrFrom4(a.A))
		}
	}
	return addrs
}
