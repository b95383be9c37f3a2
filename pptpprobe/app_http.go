package pptpprobe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"regexp"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

const (
	maxHTTPBody  = 4 << 20
	maxBodyMatch = 1 << 20 // of it, that a pattern is looked for in
)

// checkHTTP fetches a URL through the tunnel.
func (e *checkEnv) checkHTTP(ctx context.Context, r *CheckResult) {
	h := &HTTPResult{}
	r.HTTP = h
	t := &httpTimes{}
	resp := e.roundTrip(ctx, r, t, http.MethodGet, http.NoBody)
	defer resp.close()
	h.Connect, h.FirstByte, h.TLS = t.connect(), t.firstByte(), t.tls()
	if r.Failure != nil {
		return
	}
	h.Status = resp.status
	var head bytes.Buffer
	into := io.Discard
	if r.Check.Body != "" {
		into = &prefixWriter{to: &head, left: maxBodyMatch}
	}
	var err error
	h.Bytes, err = io.Copy(into, io.LimitReader(resp.body, maxHTTPBody))
	switch {
	case err != nil:
		r.fail(CauseAppHTTPTimeout, err, "status %d, but the body stopped after %d bytes", h.Status, h.Bytes)
	case r.Check.Status != 0 && h.Status != r.Check.Status:
		r.fail(CauseAppHTTPStatus, nil, "status %d, expected %d", h.Status, r.Check.Status)
	case r.Check.Status == 0 && (h.Status < 200 || h.Status > 399):
		r.fail(CauseAppHTTPStatus, nil, "status %d", h.Status)
	default:
		matchBody(r, head.Bytes())
	}
}

// matchBody looks for the pattern, if there is one. The engine takes time linear
// in the body, whatever the pattern.
func matchBody(r *CheckResult, body []byte) {
	if r.Check.Body == "" {
		return
	}
	pattern, err := regexp.Compile(r.Check.Body)
	if err != nil {
		r.fail(CauseAppHTTPStatus, err, "the pattern for the body cannot be used: %s", err)
		return
	}
	if !pattern.Match(body) {
		r.fail(CauseAppHTTPStatus, nil, "status %d as expected, but nothing in the %d bytes of the body matches %q", r.HTTP.Status, len(body), r.Check.Body)
	}
}

// prefixWriter keeps the first bytes and takes all.
type prefixWriter struct {
	to   *bytes.Buffer
	left int
}

// Write implements io.Writer.
func (w *prefixWriter) Write(b []byte) (int, error) {
	keep := min(len(b), w.left)
	w.to.Write(b[:keep])
	w.left -= keep
	return len(b), nil
}

// httpAnswer is the answer to a request, and what has to be closed with it.
type httpAnswer struct {
	status    int
	body      io.ReadCloser
	transport *http.Transport
}

func (a *httpAnswer) close() {
	if a.body != nil {
		_ = a.body.Close()
	}
	if a.transport != nil {
		a.transport.CloseIdleConnections()
	}
}

// roundTrip sends one request on a connection of its own. Without an answer it
// sets the failure of r. Close what it returns in any case.
func (e *checkEnv) roundTrip(ctx context.Context, r *CheckResult, t *httpTimes, method string, body io.Reader) *httpAnswer {
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, t.trace()), method, r.Check.URL, body)
	if err != nil {
		r.fail(CauseAppHTTPStatus, err, "the URL cannot be requested: %s", err)
		return &httpAnswer{}
	}
	req.Header.Set("User-Agent", "otelcol-pptp")
	if u := req.URL.User; u != nil { // a transport leaves this to its caller
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	transport := e.tun.HTTPTransport(tunnel.WithLookup(func(ctx context.Context, _, host string) ([]netip.Addr, error) {
		t.resolving.Store(true)
		addrs, err := e.lookup(ctx, host)
		t.resolving.Store(false)
		t.dialed.Store(time.Now().UnixNano())
		return addrs, err
	}))
	transport.DisableKeepAlives = true
	transport.TLSClientConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: r.Check.InsecureSkipVerify, //nolint:gosec // only if the user asks for it
	}
	resp, err := transport.RoundTrip(req) //nolint:bodyclose // httpAnswer.close does
	if err != nil {
		r.Failure = httpFailure(r.Check, t, err)
		return &httpAnswer{transport: transport}
	}
	return &httpAnswer{status: resp.StatusCode, body: resp.Body, transport: transport}
}

// httpFailure tells at which step the request failed.
func httpFailure(c Check, t *httpTimes, err error) *Failure {
	fail := func(cause Cause, format string, a ...any) *Failure {
		return newFailure(StageApp, cause, fmt.Sprintf(format, a...), err)
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns), t.connect() == 0 && t.resolving.Load() && timedOut(err):
		return lookupFailure(c, err)
	case t.connected.Load() == 0 && errors.Is(err, syscall.ECONNREFUSED):
		return fail(CauseAppTCPRefused, "the connection for %s was refused", c.url())
	case t.connected.Load() == 0 && unreachable(err):
		return fail(CauseAppBeyondUnreachable, "there is no way to %s: %s", c.url(), rootError(err))
	case t.connected.Load() == 0:
		return fail(CauseAppTCPTimeout, "no TCP connection for %s within %s", c.url(), c.Timeout)
	case t.inTLS() && timedOut(err):
		return fail(CauseAppHTTPTimeout, "connected, but the TLS handshake for %s was not completed within %s; certificates are large, so this may be the MTU", c.url(), c.Timeout)
	case t.inTLS():
		return fail(CauseAppHTTPStatus, "connected, but the TLS handshake for %s failed: %s", c.url(), rootError(err))
	case timedOut(err):
		return fail(CauseAppHTTPTimeout, "connected, but no answer came for %s within %s", c.url(), c.Timeout)
	default:
		return fail(CauseAppHTTPStatus, "connected, but the answer for %s is not HTTP: %s", c.url(), rootError(err))
	}
}

// httpTimes takes the times of one request. The transport may call the hooks
// from another goroutine, even after it has returned.
type httpTimes struct {
	dialed, connected, tlsUp, wrote, first atomic.Int64 // Unix nanoseconds
	tlsBegun                               atomic.Int64
	resolving                              atomic.Bool
}

func (t *httpTimes) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:           func(string) { t.dialed.Store(time.Now().UnixNano()) },
		TLSHandshakeStart: func() { t.tcpUp(); t.tlsBegun.Store(time.Now().UnixNano()) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				t.tlsUp.Store(time.Now().UnixNano())
			}
		},
		GotConn:              func(httptrace.GotConnInfo) { t.tcpUp() },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.wrote.Store(time.Now().UnixNano()) },
		GotFirstResponseByte: func() { t.first.Store(time.Now().UnixNano()) },
	}
}

// tcpUp notes the first sign that TCP is connected: with TLS, its handshake.
func (t *httpTimes) tcpUp() { t.connected.CompareAndSwap(0, time.Now().UnixNano()) }

func (t *httpTimes) connect() time.Duration { return span(&t.dialed, &t.connected) }

func (t *httpTimes) tls() time.Duration { return span(&t.tlsBegun, &t.tlsUp) }

// inTLS says that the TLS handshake has begun and not been completed.
func (t *httpTimes) inTLS() bool { return t.tlsBegun.Load() != 0 && t.tlsUp.Load() == 0 }

func (t *httpTimes) firstByte() time.Duration { return span(&t.wrote, &t.first) }

func span(from, to *atomic.Int64) time.Duration {
	a, b := from.Load(), to.Load()
	if a == 0 || b < a {
		return 0
	}
	return time.Duration(b - a)
}
