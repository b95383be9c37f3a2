package tunnel

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

var nameServer = netip.MustParseAddr("192.0.2.53")

func serveHTTP(t *testing.T, w *wire) {
	t.Helper()
	l, err := w.gateway.ListenTCP(netip.AddrPortFrom(serviceAddr, 80))
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "hello "+r.RemoteAddr[:len("10.99.0.2")])
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

// serveDNS answers for web.example. with serviceAddr: over UDP with the TC bit
// when truncate is set, in full over TCP.
func serveDNS(t *testing.T, w *wire, truncate bool) {
	t.Helper()
	addr := netip.AddrPortFrom(nameServer, 53)
	p, err := w.gateway.ListenUDP(addr)
	require.NoError(t, err)
	l, err := w.gateway.ListenTCP(addr)
	require.NoError(t, err)
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := p.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = p.WriteTo(dnsAnswer(b[:n], truncate), from)
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 2048)
			if n, _ := io.ReadAtLeast(c, b, 14); n > 2 {
				answer := dnsAnswer(b[2:n], false)
				_, _ = c.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...))
			}
			_ = c.Close()
		}
	}()
}

func dnsAnswer(query []byte, truncate bool) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) == 0 {
		return nil
	}
	m.Response, m.Truncated, m.Additionals = true, truncate, nil
	q := m.Questions[0]
	switch {
	case q.Name.String() != "web.example.":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA && !truncate:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: serviceAddr.As4()},
		}}
	}
	b, _ := m.Pack()
	return b
}

func get(t *testing.T, tr *http.Transport, url string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(testContext(t), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := (&http.Client{Transport: tr}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestHTTPTransport(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	w := gatewayWire(t)
	serveHTTP(t, w)
	serveDNS(t, w, false)
	tr := w.client.HTTPTransport()
	assert.Nil(t, tr.Proxy)
	body, err := get(t, tr, "http://192.0.2.80/")
	require.NoError(t, err)
	assert.Equal(t, "hello 10.99.0.2", body)

	var dns *net.DNSError
	_, err = get(t, tr, "http://localhost/")
	require.ErrorAs(t, err, &dns, "no resolver: the host's is not asked")

	named := w.client.HTTPTransport(WithLookup(w.client.Resolver([]netip.Addr{nameServer}).LookupNetIP))
	body, err = get(t, named, "http://web.example./")
	require.NoError(t, err)
	assert.Equal(t, "hello 10.99.0.2", body)
	_, err = get(t, named, "http://missing.example./")
	require.ErrorAs(t, err, &dns)
	assert.True(t, dns.IsNotFound)
}

func TestHTTPDial(t *testing.T) {
	w := gatewayWire(t)
	serveHTTP(t, w)
	lookup := func(addrs ...netip.Addr) HTTPOption {
		return WithLookup(func(context.Context, string, string) ([]netip.Addr, error) { return addrs, nil })
	}
	refused := netip.MustParseAddr("192.0.2.81")
	for name, tc := range map[string]struct {
		option  HTTPOption
		address string
		ok      bool
	}{
		"second address":        {lookup(refused, serviceAddr), "x:80", true},
		"only the first few":    {lookup(refused, refused, refused, refused, serviceAddr), "x:80", false},
		"no address":            {lookup(), "x:80", false},
		"no port":               {lookup(serviceAddr), "x", false},
		"a port without number": {lookup(serviceAddr), "x:http", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := w.client.HTTPTransport(tc.option).DialContext(testContext(t), "tcp", tc.address)
			require.Equal(t, tc.ok, err == nil, "%v", err)
			if tc.ok {
				require.NoError(t, c.Close())
			}
		})
	}
	failing := WithLookup(func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("broken") })
	_, err := w.client.HTTPTransport(failing).DialContext(testContext(t), "tcp", "x:80")
	require.ErrorContains(t, err, "broken")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = w.client.HTTPTransport(lookup(refused, serviceAddr)).DialContext(ctx, "tcp", "x:80")
	require.ErrorIs(t, err, context.Canceled)
}

func TestResolver(t *testing.T) {
	for name, truncate := range map[string]bool{"udp": false, "tcp after truncation": true} {
		t.Run(name, func(t *testing.T) {
			w := gatewayWire(t)
			serveDNS(t, w, truncate)
			// The first server of the two is not there.
			servers := []netip.Addr{nameServer}
			if !truncate {
				servers = []netip.Addr{netip.MustParseAddr("192.0.2.54"), nameServer}
			}
			addrs, err := w.client.Resolver(servers).LookupNetIP(testContext(t), "ip4", "web.example.")
			require.NoError(t, err)
			assert.Equal(t, []netip.Addr{serviceAddr}, addrs)
		})
	}
	w := gatewayWire(t)
	_, err := w.client.Resolver(nil).LookupNetIP(testContext(t), "ip4", "web.example.")
	require.Error(t, err)
	_, err = w.client.Resolver([]netip.Addr{nameServer}).Dial(testContext(t), "unix", "")
	require.Error(t, err)
}
