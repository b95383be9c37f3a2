package radius

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "testing123"

// The project's own checker finds what the fault makes.
func TestServer(t *testing.T) {
	// The checker does not try a password again that was rejected.
	rejected := map[radiuscheck.Method]radiuscheck.Cause{radiuscheck.PAP: radiuscheck.Rejected}
	fault := func(name string) gateway.Faults {
		f, ok := gateway.FaultByName(name)
		require.True(t, ok)
		return f
	}
	for name, test := range map[string]struct {
		faults   gateway.Faults
		password string
		slow     time.Duration
		want     map[radiuscheck.Method]radiuscheck.Cause // of those that fail or warn
	}{
		"works":          {password: "right", want: map[radiuscheck.Method]radiuscheck.Cause{}},
		"wrong password": {password: "wrong", want: rejected},
		"auth.rejected":  {faults: fault("auth.rejected"), password: "right", want: rejected},
		"auth.timeout":   {faults: fault("auth.timeout"), password: "right", want: all(radiuscheck.Timeout)},
		"auth.slow": {
			faults: gateway.Faults{AuthDelay: 20 * time.Millisecond}, password: "right", slow: 10 * time.Millisecond, want: all(radiuscheck.Slow),
		},
		"auth.mutual_failed": {
			faults: fault("auth.mutual_failed"), password: "right",
			want: map[radiuscheck.Method]radiuscheck.Cause{radiuscheck.MSCHAPv2: radiuscheck.MutualFailed},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Start(Config{
				Address: netip.MustParseAddrPort("127.0.53.3:0"), Secret: secret, Users: map[string]string{"probe": "right"},
				Faults: func() gateway.Faults { return test.faults },
			})
			require.NoError(t, err)
			defer func() { assert.NoError(t, s.Close()) }()
			c, err := radiuscheck.New(radiuscheck.Config{
				Host: s.Addr().Addr().String(), Port: s.Addr().Port(), Secret: secret, Username: "probe", Password: test.password,
				Methods: []radiuscheck.Method{radiuscheck.Status, radiuscheck.PAP, radiuscheck.CHAP, radiuscheck.MSCHAPv2},
				Signing: radiuscheck.Always, RequireSigned: true, RequireKeys: true, Slow: test.slow,
				Timeout: 300 * time.Millisecond, RejectedInterval: 5 * time.Minute,
			})
			require.NoError(t, err)
			defer c.Close()
			results, err := c.Round(context.Background())
			require.NoError(t, err)
			got := map[radiuscheck.Method]radiuscheck.Cause{}
			for _, r := range results {
				if r.Failure != nil {
					got[r.Method] = r.Failure.Cause
				} else if r.Warning != nil && test.slow > 0 {
					got[r.Method] = r.Warning.Cause
				}
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func all(c radiuscheck.Cause) map[radiuscheck.Method]radiuscheck.Cause {
	return map[radiuscheck.Method]radiuscheck.Cause{radiuscheck.PAP: c, radiuscheck.CHAP: c, radiuscheck.MSCHAPv2: c}
}

func TestUnsignedOrForeign(t *testing.T) {
	s := &Server{cfg: Config{Users: map[string]string{"probe": "right"}}, key: packet.NewKey(secret)}
	request := func(key string, sign bool) packet.Packet {
		b := packet.NewRequest(packet.StatusServer, 1, packet.Authenticator{1})
		if sign {
			b.Sign()
		}
		p, err := b.Request(packet.NewKey(key))
		require.NoError(t, err)
		return p
	}
	var f gateway.Faults
	assert.NotNil(t, s.answer(request(secret, true), &f))
	assert.Nil(t, s.answer(request(secret, false), &f))
	assert.Nil(t, s.answer(request("another", true), &f))
}

// The project's own listener follows what is sent.
func TestAccounting(t *testing.T) {
	var mu sync.Mutex
	var told []string
	tracker, err := accounting.New(accounting.Config{
		OnSession: func(c accounting.Change, s *accounting.Session) {
			mu.Lock()
			defer mu.Unlock()
			assert.Equal(t, "gw1", s.NAS.Identifier)
			assert.Equal(t, "127.0.0.11", s.Client.String())
			assert.Equal(t, "10.99.0.2", s.Address.String())
			told = append(told, c.String()+" "+s.User+" "+s.Cause.String())
			if c == accounting.Stopped {
				assert.Equal(t, uint64(700), s.Traffic.BytesIn)
				assert.Equal(t, 90*time.Second, s.Duration)
			}
		},
		OnRestart: func(r *accounting.Restart) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, r.Status.String())
		},
	})
	require.NoError(t, err)
	listener, err := accounting.Listen(context.Background(), accounting.ServerConfig{
		Address: "127.0.0.1:0", Clients: []accounting.Client{{Prefix: netip.MustParsePrefix("127.0.0.0/8"), Secret: []byte(secret)}},
	}, tracker)
	require.NoError(t, err)
	defer func() { assert.NoError(t, listener.Close()) }()
	a, err := StartAccounting(context.Background(), AccountingConfig{
		Server: listener.Addr().String(), Secret: secret, NAS: "gw1", Interim: time.Millisecond,
	})
	require.NoError(t, err)
	defer func() { assert.NoError(t, a.Close()) }()

	at := func(after time.Duration, k gateway.EventKind, in uint64) gateway.Event {
		return gateway.Event{
			At: time.Now().Add(after), Kind: k, Session: 1, User: "alice", Client: netip.MustParseAddrPort("127.0.0.11:4000"),
			Address: netip.MustParseAddr("10.99.0.2"), BytesIn: in,
		}
	}
	has := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(told) >= n
		}
	}
	a.Observe(at(0, gateway.EventConnected, 0))
	a.Observe(at(0, gateway.EventEstablished, 0))
	require.Eventually(t, has(2), 10*time.Second, time.Millisecond)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Run(ctx, func() []gateway.Session { return []gateway.Session{{Number: 1, BytesIn: 500}, {Number: 2}} })
	}()
	require.Eventually(t, has(3), 10*time.Second, time.Millisecond)
	cancel()
	<-ended

	a.Observe(at(0, gateway.EventTerminated, 700))
	a.Observe(at(90*time.Second+500*time.Millisecond, gateway.EventCallDown, 700))
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return told[len(told)-1] == "stopped alice user_request"
	}, 10*time.Second, time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, []string{"on", "started alice none", "updated alice none"}, told[:3])
}
