package radiuscheck

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

func testConfig(s *server) Config {
	return Config{
		Host: "127.0.0.1", Port: s.port(), AccountingPort: s.port(), Secret: theSecret,
		Methods:  []Method{Status, PAP, CHAP, MSCHAPv2},
		Username: theUser, Password: thePassword, Signing: Always, RequireKeys: true,
		Timeout: 5 * time.Second, RejectedInterval: 5 * time.Minute,
		NAS: NAS{Identifier: "checker"},
	}
}

// patient is for servers that answer to some of it only.
func patient(c *Config) { c.Timeout = time.Second }

// quick is for servers that do not answer.
func quick(c *Config) { c.Timeout, c.Retries = 30*time.Millisecond, 1 }

func newChecker(t testing.TB, s *server, change func(*Config)) *Checker {
	cfg := testConfig(s)
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func round(t testing.TB, c *Checker) map[string]Result {
	results, err := c.Round(t.Context())
	require.NoError(t, err)
	out := make(map[string]Result)
	for _, r := range results {
		out[string(r.Method)+"/"+string(r.Signing)] = r
		for _, text := range []string{fmt.Sprintf("%+v %+v %+v", r, r.Failure, r.Warning)} {
			assert.NotContains(t, text, theSecret)
			assert.NotContains(t, text, thePassword)
		}
	}
	require.Len(t, out, len(results))
	return out
}

// causeOf is the cause of a failure, or of a warning with a ? before it.
func causeOf(r Result) string {
	switch {
	case r.Failure != nil:
		return string(r.Failure.Cause)
	case r.Warning != nil:
		return "?" + string(r.Warning.Cause)
	}
	return "ok"
}

// TestCauses gives every cause the server that has it, and that one only.
func TestCauses(t *testing.T) {
	all := func(c string) map[string]string {
		return map[string]string{"status/always": c, "pap/always": c, "chap/always": c, "mschapv2/always": c}
	}
	with := func(m map[string]string, k, v string) map[string]string {
		m[k] = v
		return m
	}
	tests := []struct {
		name   string
		server func(*server)
		config func(*Config)
		want   map[string]string
		detail string // in one of the failures or warnings
		hint   string
	}{
		{name: "good", want: all("ok")},
		{name: "replies are not signed", server: func(s *server) { s.unsigned = true }, want: all("ok")},
		{name: "noise", server: func(s *server) { s.noise = true; s.twice = true }, want: all("ok")},
		{
			name: "silent", server: func(s *server) { s.silent = true }, config: quick,
			want: all(string(Timeout)), detail: "ms and 1 retransmission.", hint: "knows this host as a client",
		},
		{
			name: "logins are silent", server: func(s *server) { s.noLogins = true }, config: patient,
			want: with(all(string(Timeout)), "status/always", "ok"), hint: behind,
		},
		{
			name: "no status", server: func(s *server) { s.noStatus = true }, config: patient,
			want: with(all("ok"), "status/always", "?radius.unsupported"), detail: "No answer to Status-Server, but to Access-Request", hint: "status_server = yes",
		},
		{
			name: "no keys", server: func(s *server) { s.noKeys = true },
			want: with(all("ok"), "mschapv2/always", string(NoMPPEKeys)), detail: "no MS-MPPE-Send-Key", hint: "use_mppe",
		},
		{
			name: "no keys wanted", server: func(s *server) { s.noKeys = true }, config: func(c *Config) { c.RequireKeys = false },
			want: all("ok"),
		},
		{
			name: "wrong keys", server: func(s *server) { s.wrongKeys = true },
			want: with(all("ok"), "mschapv2/always", string(MPPEKeysUndecryptable)), detail: "decrypts to another key",
		},
		{
			name: "garbled keys", server: func(s *server) { s.garbledKeys = true }, config: func(c *Config) { c.RequireKeys = false },
			want: with(all("ok"), "mschapv2/always", string(MPPEKeysUndecryptable)), detail: "MS-MPPE-Send-Key",
		},
		{
			name: "no proof", server: func(s *server) { s.noSuccess = true },
			want: with(all("ok"), "mschapv2/always", string(MutualFailed)), detail: "no MS-CHAP2-Success",
		},
		{
			name: "wrong proof", server: func(s *server) { s.wrongSuccess = true },
			want: with(all("ok"), "mschapv2/always", string(MutualFailed)), detail: "does not prove",
		},
		{
			name: "short proof", server: func(s *server) { s.shortSuccess = true },
			want: with(all("ok"), "mschapv2/always", string(MutualFailed)), detail: "not in its format",
		},
		{
			name: "signature wanted", server: func(s *server) { s.unsigned = true }, config: func(c *Config) { c.RequireSigned = true },
			want: with(all(string(MessageAuthenticatorMissing)), "status/always", "ok"), detail: "The Access-Accept has no Message-Authenticator", hint: "CVE-2024-3596",
		},
		{
			name: "challenge", server: func(s *server) { s.challenge = true; s.message = "Token?" },
			want: with(all(string(Challenge)), "status/always", "ok"), detail: "challenge: Token?",
		},
		{
			name: "malformed", server: func(s *server) { s.malformed = true }, config: quick,
			want: all(string(Malformed)), detail: "no replies to the request",
		},
		{
			name: "wrong code", server: func(s *server) {
				s.reply = func(p packet.Packet) packet.Packet {
					r, _ := packet.NewReply(packet.AccountingRequest, p).Reply(s.key)
					return r
				}
			}, config: quick, want: all(string(Malformed)),
		},
		{
			name: "foreign secret", server: func(s *server) { s.foreign = true }, config: func(c *Config) { quick(c); c.Methods = []Method{Status, CHAP} },
			want: map[string]string{"status/always": string(BadAuthenticator), "chap/always": string(BadAuthenticator)}, detail: "none of them made with our secret", hint: "same shared secret",
		},
		{
			name: "slow", server: func(s *server) { s.delay = 20 * time.Millisecond }, config: func(c *Config) { c.Slow = 10 * time.Millisecond },
			want: all("?radius.slow"), detail: "came after", hint: "database or directory",
		},
		{
			name: "one lost", server: func(s *server) { s.skip = 1 }, config: func(c *Config) { c.Timeout = 200 * time.Millisecond; c.Retries = 5 },
			want: all("ok"),
		},
		{
			name: "compare", config: func(c *Config) { c.Signing = Compare; c.Methods = []Method{Status, PAP, MSCHAPv2} },
			want: map[string]string{"status/always": "ok", "pap/always": "ok", "pap/never": "ok", "mschapv2/always": "ok", "mschapv2/never": "ok"},
		},
		{
			name: "signature required", server: func(s *server) { s.requireSigned = true },
			config: func(c *Config) { patient(c); c.Signing = Compare; c.Methods = []Method{CHAP} },
			want:   map[string]string{"chap/always": "ok", "chap/never": string(MessageAuthenticatorRequired)}, detail: "the same without is not", hint: "require_message_authenticator",
		},
		{
			// The gateways that do not sign are in the same place as a check that does not.
			name: "signature required, none sent", server: func(s *server) { s.requireSigned = true },
			config: func(c *Config) { patient(c); c.Signing = Never; c.Methods = []Method{Status, CHAP} },
			want:   map[string]string{"status/always": "ok", "chap/never": string(Timeout)}, hint: wantsSigned,
		},
		{
			name: "wrong secret", server: func(s *server) { s.secret = "another" },
			config: func(c *Config) { patient(c); c.Signing = Compare; c.Methods = []Method{Status, CHAP} },
			want:   map[string]string{"status/always": string(Timeout), "chap/always": string(Timeout), "chap/never": string(BadAuthenticator)}, hint: keysDiffer,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newChecker(t, newServer(t, tt.server), tt.config)
			got, texts := map[string]string{}, ""
			for name, r := range round(t, c) {
				got[name] = causeOf(r)
				for _, f := range []*Failure{r.Failure, r.Warning} {
					if f != nil {
						texts += f.Detail + "\n" + f.Hint + "\n"
						assert.NotEmpty(t, f.Hint)
						assert.Contains(t, Causes(), f.Cause)
					}
				}
			}
			assert.Equal(t, tt.want, got)
			assert.Contains(t, texts, tt.detail)
			assert.Contains(t, texts, tt.hint)
		})
	}
}

func TestRejected(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.password = "changed"
		s.message = "No: " + thePassword + "\x00\n\xff"
		s.mschapError = "E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=Denied"
	})
	c := newChecker(t, s, func(c *Config) { c.Methods = []Method{Status, MSCHAPv2, PAP} })
	got := round(t, c)
	require.Len(t, got, 2, "PAP is left out: the account may get locked")
	r := got["mschapv2/always"]
	assert.Equal(t, string(Rejected), causeOf(r))
	assert.Equal(t, "The server rejects MS-CHAPv2: E=691 (authentication failure) Denied No: [REDACTED]\uFFFD.", r.Failure.Detail)
	assert.Equal(t, 691, r.MSCHAPError)
	assert.True(t, r.Answered())
	assert.True(t, c.Resting(time.Now()))
	assert.False(t, c.Resting(time.Now().Add(5*time.Minute)))

	assert.Len(t, round(t, c), 1, "nobody logs in")
	logins := 0
	for _, p := range s.seen() {
		if p.Code() == packet.AccessRequest {
			logins++
		}
	}
	assert.Equal(t, 1, logins)

	// Later the others have their turn first.
	c.rest.until = time.Time{}
	got = round(t, c)
	assert.Contains(t, got, "pap/always")
	assert.NotContains(t, got, "mschapv2/always")
}

// With the wrong secret, PAP's password is another one at the server, which counts it.
func TestForeignRepliesRestToo(t *testing.T) {
	c := newChecker(t, newServer(t, func(s *server) { s.secret = "another" }), func(c *Config) {
		patient(c)
		c.Signing, c.Methods = Never, []Method{PAP}
	})
	assert.Equal(t, string(BadAuthenticator), causeOf(round(t, c)["pap/never"]))
	assert.True(t, c.Resting(time.Now()))
}

func TestRotation(t *testing.T) {
	var r rest
	now := time.Now()
	r.rejected(now, time.Minute, 2, 3)
	assert.Zero(t, r.first)
	r.rejected(now, time.Minute, 0, 3)
	assert.Equal(t, 1, r.first)
	assert.True(t, r.resting(now))
	assert.False(t, r.resting(now.Add(time.Minute)))
}

// unsupported is remembered while nobody logs in.
func TestUnsupportedWhileResting(t *testing.T) {
	c := newChecker(t, newServer(t, func(s *server) { s.noStatus = true; s.password = "changed" }), patient)
	for range 2 {
		assert.Equal(t, "?radius.unsupported", causeOf(round(t, c)["status/always"]))
	}
}

func TestStatusAccounting(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.reply = func(p packet.Packet) packet.Packet {
			r, _ := packet.NewReply(packet.AccountingResponse, p).Reply(s.key)
			return r
		}
	})
	c := newChecker(t, s, func(c *Config) { c.Methods = []Method{StatusAccounting} })
	r := round(t, c)["status_accounting/always"]
	assert.Equal(t, "ok", causeOf(r))
	assert.Equal(t, packet.AccountingResponse, r.Code)
}

// A server of which only the accounting is dead does answer to Status-Server.
func TestStatusAccountingIsDead(t *testing.T) {
	s, dead := newServer(t, nil), newServer(t, func(s *server) { s.silent = true })
	c := newChecker(t, s, func(c *Config) {
		c.Methods, c.AccountingPort = append(c.Methods, StatusAccounting), dead.port()
		patient(c)
	})
	got := round(t, c)
	assert.Equal(t, "ok", causeOf(got["status/always"]))
	assert.Equal(t, string(Timeout), causeOf(got["status_accounting/always"]))
}

func TestRetransmissionsAreNoLatency(t *testing.T) {
	s := newServer(t, func(s *server) { s.skip = 2 })
	c := newChecker(t, s, func(c *Config) { c.Methods = []Method{CHAP}; c.Timeout = 30 * time.Millisecond; c.Retries = 9 })
	r := round(t, c)["chap/always"]
	assert.Equal(t, "ok", causeOf(r))
	assert.GreaterOrEqual(t, r.Retransmissions, 2)
	assert.Zero(t, r.Latency, "nothing tells which transmission was answered")
	assert.NotZero(t, r.Total)
	seen := s.seen()
	assert.Equal(t, seen[0], seen[1])
}

func TestLateReplies(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, func(s *server) {
		s.reply = func(p packet.Packet) packet.Packet {
			<-release
			r, _ := packet.NewReply(packet.AccessAccept, p).Reply(s.key)
			return r
		}
	})
	c := newChecker(t, s, func(c *Config) { c.Methods = []Method{Status}; c.Timeout = 10 * time.Millisecond })
	assert.Equal(t, string(Timeout), causeOf(round(t, c)["status/always"]))
	close(release)
	late := uint64(0)
	require.Eventually(t, func() bool {
		r := round(t, c)["status/always"]
		late += r.Replies[exchange.Late]
		return late > 0
	}, 10*time.Second, time.Millisecond)
}

func TestUnreachable(t *testing.T) {
	s := newServer(t, nil)
	c := newChecker(t, s, quick)
	s.stop()
	for name, r := range round(t, c) {
		assert.Equal(t, string(Unreachable), causeOf(r), name)
		assert.Contains(t, r.Failure.Detail, "connection refused")
		if runtime.GOOS == "linux" {
			assert.Contains(t, r.Failure.Detail, "ICMP type 3 code 3 from 127.0.0.1", name)
		}
	}
}

func TestUnreachableIPv6(t *testing.T) {
	l, err := net.ListenPacket("udp", "[::1]:0")
	if err != nil {
		require.Empty(t, os.Getenv("CI"), "CI must have IPv6: %v", err)
		t.Skipf("this host has no IPv6: %v", err)
	}
	port := l.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	require.NoError(t, l.Close())
	c := newChecker(t, newServer(t, nil), func(c *Config) {
		quick(c)
		c.Host, c.Port, c.Methods = "::1", port, []Method{Status}
	})
	r := round(t, c)["status/always"]
	assert.Equal(t, string(Unreachable), causeOf(r))
	if runtime.GOOS == "linux" {
		assert.Contains(t, r.Failure.Detail, "ICMP type 1 code 4 from ::1")
	}
}

func TestNoAddress(t *testing.T) {
	c := newChecker(t, newServer(t, nil), func(c *Config) { c.Host, c.Signing = "radius.invalid", Compare })
	c.resolve = func(context.Context, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "radius.invalid"}
	}
	got := round(t, c)
	assert.Len(t, got, 7)
	for _, r := range got {
		assert.Equal(t, Unreachable, r.Failure.Cause)
		assert.Equal(t, "The name radius.invalid cannot be resolved: no such host.", r.Failure.Detail)
	}
}

func TestCancelled(t *testing.T) {
	c := newChecker(t, newServer(t, func(s *server) { s.silent = true }), func(c *Config) { c.Timeout = time.Minute })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Round(ctx)
		done <- err
	}()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestRequests(t *testing.T) {
	s := newServer(t, nil)
	c := newChecker(t, s, func(c *Config) {
		c.Signing, c.Username = Compare, `DOMAIN\`+theUser
		c.NAS = NAS{Identifier: "gw", Address: netip.MustParseAddr("192.0.2.1"), Port: 7, CallingStationID: "203.0.113.7", CalledStationID: "pptp", Tunnel: true}
	})
	for name, r := range round(t, c) {
		assert.Equal(t, "ok", causeOf(r), name)
	}
	for _, p := range s.seen() {
		_, signed := p.Lookup(packet.MessageAuthenticator)
		if signed {
			assert.Equal(t, byte(packet.MessageAuthenticator), p[20], "it comes first")
		} else {
			assert.Equal(t, packet.AccessRequest, p.Code())
		}
		for typ, want := range map[packet.Type]string{
			packet.NASIPAddress: "\xc0\x00\x02\x01", packet.NASIdentifier: "gw",
		} {
			v, _ := p.Lookup(typ)
			assert.Equal(t, want, string(v))
		}
		if p.Code() == packet.StatusServer {
			continue
		}
		for typ, want := range map[packet.Type]string{
			packet.UserName: `DOMAIN\` + theUser, packet.ServiceType: "\x00\x00\x00\x02", packet.FramedProtocol: "\x00\x00\x00\x01",
			packet.NASPort: "\x00\x00\x00\x07", packet.NASPortType: "\x00\x00\x00\x05", packet.CallingStationID: "203.0.113.7",
			packet.CalledStationID: "pptp", packet.TunnelType: "\x00\x00\x00\x01", packet.TunnelMediumType: "\x00\x00\x00\x01",
			packet.TunnelClientEndpoint: "\x00203.0.113.7", packet.TunnelServerEndpoint: "\x00192.0.2.1",
		} {
			v, _ := p.Lookup(typ)
			assert.Equal(t, want, string(v), "attribute %d", typ)
		}
	}
}
