package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

// checkHTTP fetches a URL through the tunnel.
func checkHTTP(ctx context.Context, tun *tunnel.Tunnel, dns []netip.Addr, r *CheckResult) {
	h := &HTTPResult{}
	r.HTTP = h
	t := &httpTimes{}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, t.trace()), http.MethodGet, r.Check.URL, http.NoBody)
	if err != nil {
		r.Failure = newFailure(StageApp, CauseAppHTTPStatus, "the URL cannot be requested: "+err.Error(), err)
		return
	}
	req.Header.Set("User-Agent", "otelcol-pptp")
	transport := tun.HTTPTransport(tunnel.WithLookup(tun.Resolver(dns).LookupNetIP))
	transport.DisableKeepAlives = true
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	h.Connect, h.FirstByte = t.connect(), t.firstByte()
	if err != nil {
		r.Failure = httpFailure(r.Check, t, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	h.Status = resp.StatusCode
	h.Bytes, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxHTTPBody))
	switch {
	case err != nil:
		r.Failure = newFailure(StageApp, CauseAppHTTPTimeout, fmt.Sprintf(
			"status %d, but the body stopped after %d bytes", h.Status, h.Bytes), err)
	case r.Check.Status != 0 && h.Status != r.Check.Status:
		r.Failure = newFailure(StageApp, CauseAppHTTPStatus, fmt.Sprintf("status %d, expected %d", h.Status, r.Check.Status), nil)
	case r.Check.Status == 0 && (h.Status < 200 || h.Status > 399):
		r.Failure = newFailure(StageApp, CauseAppHTTPStatus, fmt.Sprintf("status %d", h.Status), nil)
	}
}

// httpFailure tells at which step the request failed.
func httpFailure(c Check, t *httpTimes, err error) *Failure {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsTimeout, t.connect() == 0 && t.resolving.Load() && timedOut(err):
		return newFailure(StageApp, CauseAppDNSTimeout, "the name servers of the tunnel did not answer for "+c.URL, err)
	case errors.As(err, &dns):
		return newFailure(StageApp, CauseAppDNSError, "the name in "+c.URL+" was not resolved: "+dns.Err, err)
	case t.connected.Load() == 0 && errors.Is(err, syscall.ECONNREFUSED):
		return newFailure(StageApp, CauseAppTCPRefused, "the connection for "+c.URL+" was refused", err)
	case t.connected.Load() == 0 && unreachable(err):
		return newFailure(StageApp, CauseAppBeyondUnreachable, "there is no way to "+c.URL+": "+rootError(err), err)
	case t.connected.Load() == 0:
		return newFailure(StageApp, CauseAppTCPTimeout, "no TCP connection for "+c.URL+" within "+c.Timeout.String(), err)
	case timedOut(err):
		return newFailure(StageApp, CauseAppHTTPTimeout, "connected, but no answer came for "+c.URL+" within "+c.Timeout.String(), err)
	default:
		return newFailure(StageApp, CauseAppHTTPStatus, "connected, but the answer is not HTTP: "+err.Error(), err)
	}
}

// httpTimes takes the times of one request. The transport may call the hooks
// from another goroutine, even after it has returned.
type httpTimes struct {
	dialed, connected, wrote, first atomic.Int64 // Unix nanoseconds
	resolving                       atomic.Bool
}

func (t *httpTimes) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:              func(string) { t.dialed.Store(time.Now().UnixNano()) },
		DNSStart:             func(httptrace.DNSStartInfo) { t.resolving.Store(true) },
		DNSDone:              func(httptrace.DNSDoneInfo) { t.resolving.Store(false); t.dialed.Store(time.Now().UnixNano()) },
		TLSHandshakeStart:    t.tcpUp,
		GotConn:              func(httptrace.GotConnInfo) { t.tcpUp() },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.wrote.Store(time.Now().UnixNano()) },
		GotFirstResponseByte: func() { t.first.Store(time.Now().UnixNano()) },
	}
}

// tcpUp notes the first sign that TCP is connected: with TLS, its handshake.
func (t *httpTimes) tcpUp() { t.connected.CompareAndSwap(0, time.Now().UnixNano()) }

func (t *httpTimes) connect() time.Duration { return span(&t.dialed, &t.connected) }

func (t *httpTimes) firstByte() time.Duration { return span(&t.wrote, &t.first) }

func span(from, to *atomic.Int64) time.Duration {
	a, b := from.Load(), to.Load()
	if a == 0 || b < a {
		return 0
	}
	return time.Duration(b - a)
}
