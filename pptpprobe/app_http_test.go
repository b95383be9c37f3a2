package pptpprobe

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// web serves HTTP on every address in the tunnel; with TLS on port 443.
func (w *wire) web(t *testing.T) {
	t.Helper()
	quit := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_, _ = fmt.Fprintf(rw, "host %s user %s/%s\nstatus: green\n", r.Host, user, password)
	})
	mux.HandleFunc("GET /status/{code}", func(rw http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		rw.WriteHeader(code)
	})
	mux.HandleFunc("GET /stall", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(rw, "the rest of this ")
		_ = http.NewResponseController(rw).Flush()
		<-quit
	})
	mux.HandleFunc("/silent", func(http.ResponseWriter, *http.Request) { <-quit })
	mux.HandleFunc("/abort", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "100000")
		_, _ = rw.Write(make([]byte, 50000))
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("GET /empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /bytes/{n}", func(rw http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		chunk := make([]byte, 64<<10)
		for ; n > 0; n -= len(chunk) {
			if _, err := rw.Write(chunk[:min(n, len(chunk))]); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("POST /sink", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	mux.HandleFunc("POST /swallow", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-quit
	})
	for port, secure := range map[uint16]bool{80: false, 443: true} {
		l, err := w.far.ListenTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), port))
		require.NoError(t, err)
		s := httptest.NewUnstartedServer(mux)
		_ = s.Listener.Close()
		s.Listener = l
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		if secure {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			s.StartTLS()
		} else {
			s.Start()
		}
		t.Cleanup(s.Close)
	}
	t.Cleanup(func() { close(quit) })
}

// mute accepts connections on port 8443 and says nothing, or that in greeting.
func (w *wire) mute(t *testing.T, greeting string) {
	t.Helper()
	l, err := w.far.ListenTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), 8443))
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, c)
			_, _ = io.WriteString(c, greeting)
		}
		for _, c := range conns {
			_ = c.Close()
		}
	}()
}

func TestCheckHTTP(t *testing.T) {
	for _, tt := range []struct {
		name   string
		check  Check
		up     func([]byte) (bool, []byte)
		mute   string // greeting of the server that does not talk HTTP
		want   Cause
		detail string
	}{
		{name: "a name", check: Check{URL: "http://www.pptp.test/"}},
		{name: "a pattern", check: Check{URL: "http://192.0.2.80/", Body: `(?m)^status: (green|yellow)$`, Status: 200}},
		{name: "credentials", check: Check{URL: "http://me:secret@192.0.2.80/", Body: "user me/secret"}},
		{name: "TLS with any certificate", check: Check{URL: "https://www.pptp.test/", InsecureSkipVerify: true, Body: "green"}},
		{
			name: "a pattern that is not there", check: Check{URL: "http://192.0.2.80/", Body: "status: red"},
			want: CauseAppHTTPStatus, detail: `status 200 as expected, but nothing in the 37 bytes of the body matches "status: red"`,
		},
		{
			name: "a pattern beyond what is looked at", check: Check{URL: "http://192.0.2.80/bytes/2000000", Body: `\x00{10}$`},
		},
		{name: "a pattern that is none", check: Check{URL: "http://192.0.2.80/", Body: "("}, want: CauseAppHTTPStatus, detail: "cannot be used"},
		{name: "a URL that is none", check: Check{URL: "http://[/"}, want: CauseAppHTTPStatus, detail: "cannot be requested"},
		{name: "status", check: Check{URL: "http://192.0.2.80/status/503"}, want: CauseAppHTTPStatus, detail: "status 503"},
		{name: "the wrong status", check: Check{URL: "http://192.0.2.80/", Status: 204}, want: CauseAppHTTPStatus, detail: "status 200, expected 204"},
		{name: "stalls", check: Check{URL: "http://192.0.2.80/stall"}, want: CauseAppHTTPTimeout, detail: "the body stopped after 17 bytes"},
		{name: "silent", check: Check{URL: "http://me:secret@192.0.2.80/silent"}, want: CauseAppHTTPTimeout, detail: "no answer came for http://me:xxxxx@192.0.2.80/silent"},
		{name: "refused", check: Check{URL: "http://192.0.2.80:81/"}, want: CauseAppTCPRefused},
		{name: "no name server", check: Check{URL: "http://none.pptp.test/"}, want: CauseAppDNSError, detail: "10.99.0.1 says NXDOMAIN"},
		{name: "not HTTP", check: Check{URL: "http://192.0.2.80:8443/"}, mute: "220 smtp\r\n", want: CauseAppHTTPStatus, detail: "is not HTTP"},
		{
			name: "an unknown certificate", check: Check{URL: "https://192.0.2.80/"},
			want: CauseAppHTTPStatus, detail: "the TLS handshake for https://192.0.2.80/ failed: tls: failed to verify certificate",
		},
		{name: "not TLS", check: Check{URL: "https://192.0.2.80:8443/"}, mute: "220 smtp\r\n", want: CauseAppHTTPStatus, detail: "the TLS handshake for https://192.0.2.80:8443/ failed"},
		{name: "TLS stalls", check: Check{URL: "https://192.0.2.80:8443/"}, want: CauseAppHTTPTimeout, detail: "the TLS handshake for https://192.0.2.80:8443/ was not completed"},
		{
			name: "no connection", check: Check{URL: "http://192.0.2.80/"}, want: CauseAppTCPTimeout,
			up: func([]byte) (bool, []byte) { return false, nil },
		},
		{
			name: "no way there", check: Check{URL: "http://192.0.2.80/"}, want: CauseAppBeyondUnreachable,
			up: func(p []byte) (bool, []byte) { return false, icmpErrorFor(p, 3, 1, 0) },
		},
		{
			name: "name servers are silent", check: Check{URL: "http://www.pptp.test/"}, want: CauseAppDNSTimeout,
			up: func([]byte) (bool, []byte) { return false, nil },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, true)
			w.up = tt.up
			w.web(t)
			w.mute(t, tt.mute)
			w.nameServer(t, tunPeer, func(q dnsmessage.Message, tcp bool) []byte {
				if strings.HasPrefix(q.Questions[0].Name.String(), "none.") {
					return reply(q, dnsmessage.RCodeNameError)
				}
				return resolves(q, tcp)
			})
			tt.check.Kind, tt.check.Timeout = CheckHTTP, 5*time.Second
			switch tt.want {
			case CauseAppHTTPTimeout, CauseAppTCPTimeout, CauseAppDNSTimeout:
				tt.check.Timeout = time.Second
			}
			r := w.run(tt.check)
			if tt.want != "" {
				requireCause(t, tt.want, r)
				assert.Contains(t, r.Failure.Detail, tt.detail)
				assert.NotContains(t, r.Failure.Detail, "secret")
				return
			}
			requirePassed(t, r)
			assert.Equal(t, 200, r.HTTP.Status)
			assert.Positive(t, r.HTTP.Connect)
			assert.Positive(t, r.HTTP.FirstByte)
			assert.Equal(t, strings.HasPrefix(tt.check.URL, "https"), r.HTTP.TLS > 0)
		})
	}
}

func TestCheckThroughput(t *testing.T) {
	for _, tt := range []struct {
		name  string
		check Check
		slow  bool // the path takes its time
		want  Cause
		text  string
		look  func(t *testing.T, r *ThroughputResult)
	}{
		{name: "download", check: Check{URL: "http://192.0.2.80/bytes/1000000", MinRate: 1000}, look: func(t *testing.T, r *ThroughputResult) {
			assert.Equal(t, int64(1000000), r.Bytes)
			assert.True(t, r.Complete)
			assert.Equal(t, 200, r.Status)
		}},
		{name: "download of no more than was asked for", check: Check{URL: "http://192.0.2.80/bytes/5000000", MaxBytes: 100000}, look: func(t *testing.T, r *ThroughputResult) {
			assert.Equal(t, int64(100000), r.Bytes)
			assert.True(t, r.Complete)
		}},
		{name: "download over TLS", check: Check{URL: "https://192.0.2.80/bytes/100000", InsecureSkipVerify: true}},
		{name: "upload", check: Check{URL: "http://192.0.2.80/sink", Direction: Upload, MaxBytes: 1000000, MinRate: 1000}, look: func(t *testing.T, r *ThroughputResult) {
			assert.Equal(t, int64(1000000), r.Bytes)
			assert.True(t, r.Complete)
		}},
		{name: "upload over TLS", check: Check{URL: "https://192.0.2.80/sink", Direction: Upload, MaxBytes: 100000, InsecureSkipVerify: true}},
		{
			name: "slower than it should be", check: Check{URL: "http://192.0.2.80/bytes/200000", MinRate: 1e12},
			want: CauseAppThroughputLow, text: "the download of 200000 bytes took",
		},
		{
			name: "upload slower than it should be", check: Check{URL: "http://192.0.2.80/sink", Direction: Upload, MaxBytes: 200000, MinRate: 1e12},
			want: CauseAppThroughputLow, text: "the upload of 200000 bytes took",
		},
		{
			name: "download ended by time", slow: true, check: Check{URL: "http://192.0.2.80/bytes/1000000000", MaxBytes: 1000000000, Timeout: 2 * time.Second},
			look: func(t *testing.T, r *ThroughputResult) {
				assert.False(t, r.Complete)
				assert.Greater(t, r.Bytes, int64(stalledBelow))
				assert.Less(t, r.Bytes, int64(1000000000))
			},
		},
		{
			name: "upload ended by time", slow: true, check: Check{URL: "http://192.0.2.80/sink", Direction: Upload, MaxBytes: 1 << 30, Timeout: 3 * time.Second},
			look: func(t *testing.T, r *ThroughputResult) {
				assert.False(t, r.Complete)
				assert.Positive(t, r.Bytes)
				assert.Positive(t, r.Elapsed)
			},
		},
		{
			name: "upload without an answer", check: Check{URL: "http://192.0.2.80/swallow", Direction: Upload, MaxBytes: 1 << 20, Timeout: 2 * time.Second},
			look: func(t *testing.T, r *ThroughputResult) {
				assert.Equal(t, int64(1<<20-inFlight), r.Bytes, "what is sure to have arrived")
				assert.False(t, r.Complete)
			},
		},
		{
			name: "upload without an answer, and too little", check: Check{URL: "http://192.0.2.80/swallow", Direction: Upload, MaxBytes: 1000, Timeout: time.Second},
			want: CauseAppHTTPTimeout,
		},
		{name: "stalls", check: Check{URL: "http://192.0.2.80/stall", Timeout: time.Second}, want: CauseAppHTTPTimeout, text: "stopped after 17 bytes"},
		{name: "breaks off", check: Check{URL: "http://192.0.2.80/abort"}, want: CauseAppHTTPTimeout, text: "broke off after"},
		{name: "nothing there", check: Check{URL: "http://192.0.2.80/empty"}, want: CauseAppHTTPStatus, text: "no body to measure with"},
		{name: "status", check: Check{URL: "http://192.0.2.80/status/404"}, want: CauseAppHTTPStatus, text: "status 404 for the download"},
		{name: "no posting", check: Check{URL: "http://192.0.2.80/status/200", Direction: Upload}, want: CauseAppHTTPStatus, text: "status 405 for the upload"},
		{name: "refused", check: Check{URL: "http://192.0.2.80:81/"}, want: CauseAppTCPRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, true)
			if tt.slow {
				w.down = func([]byte) time.Duration { return 5 * time.Millisecond }
			}
			w.web(t)
			tt.check.Kind = CheckThroughput
			r := w.run(tt.check)
			switch tt.want {
			case "":
				requirePassed(t, r)
				assert.Positive(t, r.Throughput.Rate())
				assert.Positive(t, r.Throughput.Connect)
				if tt.look != nil {
					tt.look(t, r.Throughput)
				}
			case CauseAppThroughputLow:
				requireWarning(t, tt.want, r)
				assert.Contains(t, r.Warnings[0].Detail, tt.text)
			default:
				requireCause(t, tt.want, r)
				assert.Contains(t, r.Failure.Detail, tt.text)
			}
		})
	}
	assert.Zero(t, (&ThroughputResult{Bytes: 1}).Rate())
}
