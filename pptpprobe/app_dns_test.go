package pptpprobe

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers queries inside the tunnel with what answer returns: nil is
// no answer. The last argument says whether it was asked over TCP.
func (w *wire) nameServer(t *testing.T, at netip.Addr, answer func(q dnsmessage.Message, tcp bool) []byte) {
	t.Helper()
	c, err := w.far.ListenUDP(netip.AddrPortFrom(at, dnsPort))
	require.NoError(t, err)
	l, err := w.far.ListenTCP(netip.AddrPortFrom(at, dnsPort))
	require.NoError(t, err)
	done := make(chan struct{}, 2)
	t.Cleanup(func() {
		_, _ = c.Close(), l.Close()
		<-done
		<-done
	})
	go func() {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, maxDNSUDP)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if assert.NoError(t, q.Unpack(buf[:n])) {
				if b := answer(q, false); b != nil {
					_, _ = c.WriteTo(b, from)
				}
			}
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b, err := receiveTCP(conn)
			var q dnsmessage.Message
			if err == nil && assert.NoError(t, q.Unpack(b)) {
				if b := answer(q, true); b != nil {
					_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
					_, _ = io.Copy(io.Discard, conn)
				}
			}
			_ = conn.Close()
		}
	}()
}

func aRecord(q dnsmessage.Message, addr [4]byte) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 60},
		Body:   &dnsmessage.AResource{A: addr},
	}
}

// resolves answers every name with one address.
func resolves(q dnsmessage.Message, _ bool) []byte {
	return reply(q, dnsmessage.RCodeSuccess, aRecord(q, [4]byte{192, 0, 2, 80}))
}

// truncated is an answer that did not fit.
func truncated(q dnsmessage.Message) []byte {
	b := reply(q, dnsmessage.RCodeSuccess)
	b[2] |= 2 // TC, RFC 1035 §4.1.1
	return b
}

func TestCheckDNS(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(q dnsmessage.Message, tcp bool) []byte
		cause  Cause // empty: it passes
		want   func(t *testing.T, s *DNSServerResult)
	}{
		{name: "an address", answer: resolves, want: func(t *testing.T, s *DNSServerResult) {
			assert.Equal(t, "NOERROR", s.RCode)
			assert.Equal(t, []string{"192.0.2.80"}, s.Answers)
			assert.Equal(t, 1, s.Requests)
			assert.Positive(t, s.Latency)
			assert.False(t, s.TCP)
		}},
		{name: "exactly what was asked for", answer: func(q dnsmessage.Message, _ bool) []byte {
			if q.Questions[0].Name.String() != "Intranet.pptp.test." || !q.RecursionDesired {
				return reply(q, dnsmessage.RCodeNameError)
			}
			q.Questions[0].Name = dnsmessage.MustNewName("iNTRANET.pptp.test.") // case does not matter
			return resolves(q, false)
		}},
		{name: "truncated, and whole over TCP", answer: func(q dnsmessage.Message, tcp bool) []byte {
			if !tcp {
				return truncated(q)
			}
			return resolves(q, tcp)
		}, want: func(t *testing.T, s *DNSServerResult) {
			assert.True(t, s.TCP)
			assert.Len(t, s.Answers, 1)
		}},
		{name: "truncated, and closed over TCP", cause: CauseAppDNSTimeout, answer: func(q dnsmessage.Message, tcp bool) []byte {
			if tcp {
				return nil
			}
			return truncated(q)
		}, want: func(t *testing.T, s *DNSServerResult) {
			assert.True(t, s.TCP)
			assert.Equal(t, "10.99.0.1 was not reached for Intranet.pptp.test A: EOF", s.Failure.Detail)
		}},
		{name: "truncated, and silent over TCP", cause: CauseAppDNSTimeout, answer: func(q dnsmessage.Message, tcp bool) []byte {
			if tcp {
				return []byte{} // a length of nothing, which is not an answer
			}
			return truncated(q)
		}, want: func(t *testing.T, s *DNSServerResult) {
			assert.Contains(t, s.Failure.Detail, "over TCP, after a truncated answer over UDP")
		}},
		{name: "NXDOMAIN", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			return reply(q, dnsmessage.RCodeNameError)
		}, want: func(t *testing.T, s *DNSServerResult) {
			assert.Equal(t, "NXDOMAIN", s.RCode)
			assert.Equal(t, "10.99.0.1 answered Intranet.pptp.test A with NXDOMAIN", s.Failure.Detail)
		}},
		{name: "SERVFAIL without the question", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			q.Questions = nil
			return reply(q, dnsmessage.RCodeServerFailure)
		}},
		{name: "REFUSED", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			return reply(q, dnsmessage.RCodeRefused)
		}},
		{name: "a code without a name", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			return reply(q, dnsmessage.RCode(9))
		}, want: func(t *testing.T, s *DNSServerResult) { assert.Equal(t, "RCODE9", s.RCode) }},
		{name: "no such record", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			return reply(q, dnsmessage.RCodeSuccess)
		}},
		{name: "silence", cause: CauseAppDNSTimeout, answer: func(dnsmessage.Message, bool) []byte { return nil },
			want: func(t *testing.T, s *DNSServerResult) {
				assert.Equal(t, 2, s.Requests)
				assert.Empty(t, s.RCode)
			}},
		{name: "the answer to something else, and then the right one", answer: func() func(dnsmessage.Message, bool) []byte {
			var n atomic.Int32
			return func(q dnsmessage.Message, _ bool) []byte {
				if n.Add(1) == 1 {
					q.Questions[0].Name = dnsmessage.MustNewName("other.pptp.test.")
				}
				return resolves(q, false)
			}
		}(), want: func(t *testing.T, s *DNSServerResult) { assert.Equal(t, 2, s.Requests) }},
		{name: "malformed", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			b := resolves(q, false)
			return b[:len(b)-2]
		}},
		{name: "half a question", cause: CauseAppDNSError, answer: func(q dnsmessage.Message, _ bool) []byte {
			return resolves(q, false)[:20]
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, true)
			w.nameServer(t, tunPeer, tt.answer)
			c := Check{Kind: CheckDNS, Query: "Intranet.pptp.test", Timeout: 5 * time.Second}
			if tt.cause == CauseAppDNSTimeout || strings.Contains(tt.name, "then") {
				c.Timeout = 2 * time.Second
			}
			r := w.run(c)
			require.Len(t, r.DNS.Servers, 1)
			if tt.cause == "" {
				requirePassed(t, r)
			} else {
				requireCause(t, tt.cause, r)
			}
			if tt.want != nil {
				tt.want(t, &r.DNS.Servers[0])
			}
		})
	}
}

func TestCheckDNSAsksEachServer(t *testing.T) {
	w := newWire(t, true)
	second, dead := netip.MustParseAddr("10.99.0.53"), netip.MustParseAddr("10.99.0.54")
	w.nameServer(t, tunPeer, resolves)
	w.nameServer(t, second, func(q dnsmessage.Message, _ bool) []byte { return reply(q, dnsmessage.RCodeRefused) })
	w.env.dns = []netip.Addr{tunPeer, second, dead}

	r := w.run(Check{Kind: CheckDNS, Query: "www.pptp.test."})
	requireCause(t, CauseAppDNSError, r)
	require.Len(t, r.DNS.Servers, 3)
	assert.Nil(t, r.DNS.Servers[0].Failure)
	assert.Equal(t, "REFUSED", r.DNS.Servers[1].RCode)
	assert.Contains(t, r.DNS.Servers[2].Failure.Detail, "nothing listens on port 53")
	assert.Equal(t, "10.99.0.53 answered www.pptp.test. A with REFUSED; 1 of 3 servers gave an answer", r.Failure.Detail)
	assert.NotContains(t, r.DNS.Servers[1].Failure.Detail, "1 of 3", "that is of the check, not of the server")

	requirePassed(t, w.run(Check{Kind: CheckDNS, Query: "www.pptp.test", Server: tunPeer}))

	w.env.dns = nil
	r = w.run(Check{Kind: CheckDNS, Query: "www.pptp.test"})
	requireCause(t, CauseAppDNSError, r)
	assert.Contains(t, r.Failure.Detail, "pushed no name server")

	r = w.run(Check{Kind: CheckDNS, Query: strings.Repeat("x", 300), Server: tunPeer})
	requireCause(t, CauseAppDNSError, r)
}

func TestRecordText(t *testing.T) {
	n := dnsmessage.MustNewName("host.pptp.test.")
	for _, tt := range []struct {
		body dnsmessage.ResourceBody
		want string
	}{
		{&dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("2001:db8::1").As16()}, "2001:db8::1"},
		{&dnsmessage.CNAMEResource{CNAME: n}, "CNAME host.pptp.test."},
		{&dnsmessage.NSResource{NS: n}, "host.pptp.test."},
		{&dnsmessage.PTRResource{PTR: n}, "host.pptp.test."},
		{&dnsmessage.MXResource{Pref: 10, MX: n}, "10 host.pptp.test."},
		{&dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 443, Target: n}, "1 2 443 host.pptp.test."},
		{&dnsmessage.SOAResource{NS: n, MBox: n, Serial: 7}, "host.pptp.test. host.pptp.test. 7"},
		{&dnsmessage.TXTResource{TXT: []string{"a\x1b[31m", "b"}}, "a.[31mb"},
		{&dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 255), strings.Repeat("y", 255)}}, strings.Repeat("x", 255) + "y"},
		{&dnsmessage.UnknownResource{}, "HINFO"},
	} {
		t.Run(fmt.Sprintf("%T", tt.body), func(t *testing.T) {
			assert.Equal(t, tt.want, recordText(&dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Type: dnsmessage.TypeHINFO}, Body: tt.body}))
		})
	}
}

func TestLookup(t *testing.T) {
	second := netip.MustParseAddr("10.99.0.53")
	refused := func(q dnsmessage.Message, _ bool) []byte { return reply(q, dnsmessage.RCodeRefused) }
	silent := func(dnsmessage.Message, bool) []byte { return nil }
	for _, tt := range []struct {
		name          string
		first, second func(dnsmessage.Message, bool) []byte
		want          Cause
		detail        string
	}{
		{"the first knows", resolves, refused, "", ""},
		{"the first refuses", refused, resolves, "", ""},
		{"the first is silent", silent, resolves, "", ""},
		{"the first is closed", nil, resolves, "", ""},
		{"both refuse", refused, refused, CauseAppDNSError, "10.99.0.53 says REFUSED"},
		{"both are silent", silent, silent, CauseAppDNSTimeout, "did not answer for www.pptp.test:7"},
		{"both are closed", nil, nil, CauseAppDNSError, "connection refused"},
		{"no such name", func(q dnsmessage.Message, _ bool) []byte { return reply(q, dnsmessage.RCodeNameError) }, resolves, CauseAppDNSError, "10.99.0.1 says NXDOMAIN"},
		{"no address", func(q dnsmessage.Message, _ bool) []byte { return reply(q, dnsmessage.RCodeSuccess) }, resolves, CauseAppDNSError, "10.99.0.1 knows no IPv4 address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, true)
			w.env.dns = append(w.env.dns, second)
			if tt.first != nil {
				w.nameServer(t, tunPeer, tt.first)
			}
			if tt.second != nil {
				w.nameServer(t, second, tt.second)
			}
			w.listen(t, 7)
			r := w.run(Check{Kind: CheckTCP, Endpoint: "www.pptp.test:7", Timeout: 3 * time.Second})
			if tt.want == "" {
				requirePassed(t, r)
				assert.Equal(t, "192.0.2.80:7", r.TCP.Address.String())
				assert.Positive(t, r.TCP.Lookup)
				assert.Positive(t, r.TCP.Connect)
				return
			}
			requireCause(t, tt.want, r)
			assert.Contains(t, r.Failure.Detail, tt.detail)
		})
	}
}
