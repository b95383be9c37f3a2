package radiuscheck

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func addrs(list ...string) (out []netip.Addr) {
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// resolver is one with a clock.
type resolver struct {
	now   time.Time
	asked int
	list  []netip.Addr
	err   error
}

func (r *resolver) lookup(context.Context, string) ([]netip.Addr, error) {
	r.asked++
	return r.list, r.err
}

// round is one in which that address answers, or else the first is silent and no other is asked.
func (r *resolver) round(t *testing.T, n *name, answers string) error {
	r.now = r.now.Add(30 * time.Second)
	n.begin(r.now)
	err := n.find(t.Context(), r.now, r.lookup)
	for i, a := range n.addrs {
		if err == nil && a.String() == answers {
			n.answered(i)
		}
	}
	if err == nil && !n.heard {
		n.silent(1)
	}
	return err
}

func TestNames(t *testing.T) {
	r := &resolver{now: time.Unix(1_800_000_000, 0), list: addrs("2001:db8::1", "192.0.2.1", "192.0.2.1")}
	n := &name{host: "radius.example.com"}
	require.NoError(t, r.round(t, n, "192.0.2.1"))
	assert.Equal(t, addrs("192.0.2.1", "2001:db8::1"), n.addrs, "the one that answered is first")
	require.NoError(t, r.round(t, n, "192.0.2.1"))
	assert.Equal(t, 1, r.asked, "not before a minute has passed")

	r.list = addrs("192.0.2.9", "2001:db8::1", "192.0.2.1")
	require.NoError(t, r.round(t, n, "192.0.2.1"))
	assert.Equal(t, 2, r.asked)
	assert.Equal(t, addrs("192.0.2.1", "2001:db8::1", "192.0.2.9"), n.addrs, "the others are not asked as long as it answers")

	require.NoError(t, r.round(t, n, "none"))
	r.list = addrs("192.0.2.1", "192.0.2.10")
	require.NoError(t, r.round(t, n, "none"))
	assert.Equal(t, 3, r.asked, "at once if none has answered")
	assert.Equal(t, addrs("192.0.2.10", "192.0.2.1"), n.addrs, "what is new, and what was not asked, is first then")

	r.now = r.now.Add(time.Hour)
	r.err = errors.New("boom")
	require.ErrorIs(t, r.round(t, n, ""), r.err)
	require.ErrorIs(t, n.find(t.Context(), r.now, r.lookup), r.err)
	assert.Equal(t, 4, r.asked, "once in a round")
	r.err, r.list = nil, nil
	require.ErrorContains(t, r.round(t, n, ""), "no address")
	r.list = make([]netip.Addr, 100)
	for i := range r.list {
		r.list[i] = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
	}
	require.NoError(t, r.round(t, n, ""))
	assert.Len(t, n.addrs, maxAddresses)
}

// A round in which the host was not asked says nothing of it.
func TestNamesThatWereNotAsked(t *testing.T) {
	r := &resolver{now: time.Unix(1_800_000_000, 0), list: addrs("192.0.2.1", "192.0.2.2")}
	n := &name{host: "radius.example.com"}
	require.NoError(t, r.round(t, n, "192.0.2.2"))
	for range 3 {
		n.begin(r.now)
	}
	assert.Equal(t, addrs("192.0.2.2", "192.0.2.1"), n.addrs)
	assert.True(t, n.alive)
}

// named is a checker of a name that stands for addresses. On those but 127.0.0.1 there is nobody.
func named(t *testing.T, s *server, change func(*Config), list ...string) *Checker {
	c := newChecker(t, s, func(c *Config) {
		quick(c)
		c.Host, c.Spare = "radius.example.com", time.Minute
		if change != nil {
			change(c)
		}
	})
	c.resolve = func(context.Context, string) ([]netip.Addr, error) { return addrs(list...), nil }
	return c
}

func TestSecondAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	c := named(t, s, func(c *Config) { c.Slow = 50 * time.Millisecond; patient(c); c.Retries = 0 }, "127.0.0.9", "127.0.0.1")
	got := round(t, c)
	require.Len(t, got, 4)
	for name, r := range got {
		assert.Equal(t, "127.0.0.1", r.Server.Addr().String(), name)
		assert.NoError(t, asError(r.Failure), name)
	}
	first := got["status/always"]
	assert.GreaterOrEqual(t, first.Total, time.Second, "with the time that the first address was waited for")
	assert.Less(t, first.Latency, first.Total)
	assert.Equal(t, 1, first.Retransmissions)
	assert.Equal(t, "?radius.slow", causeOf(first))
	assert.Contains(t, first.Warning.Detail, ", from 127.0.0.1. Before it, 127.0.0.9: No answer in ")
	assert.Equal(t, deadAddress, first.Warning.Hint)
	assert.Zero(t, got["pap/always"].Retransmissions, "asked where the one before has found the server")

	for name, r := range round(t, c) {
		assert.Zero(t, r.Retransmissions, "%s: the next round begins there", name)
	}
}

func asError(f *Failure) error {
	if f == nil {
		return nil
	}
	return errors.New(f.Detail)
}

func TestNoAddressAnswers(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(s *server) { s.silent = true })
	c := named(t, s, func(c *Config) { c.Methods = []Method{Status} }, "127.0.0.9", "127.0.0.1")
	r := round(t, c)["status/always"]
	assert.Equal(t, string(Timeout), causeOf(r), "not unreachable: of one the network says nothing")
	assert.Regexp(t, `^127\.0\.0\.9: No answer in .*connection refused.* 127\.0\.0\.1: No answer in .*\.$`, r.Failure.Detail)
	assert.Equal(t, 3, r.Retransmissions)
	assert.GreaterOrEqual(t, r.Total, 4*c.cfg.Timeout)
	assert.Equal(t, "127.0.0.1", r.Server.Addr().String())
}

// Without time for it a round asks one address, and the next round another.
func TestOneAddressARound(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	c := named(t, s, func(c *Config) { patient(c); c.Spare, c.Retries, c.Methods = 0, 0, []Method{Status, CHAP} }, "127.0.0.9", "127.0.0.1")
	for name, r := range round(t, c) {
		assert.Equal(t, string(Unreachable), causeOf(r), name)
	}
	for range 2 {
		for name, r := range round(t, c) {
			assert.Equal(t, "ok", causeOf(r), name)
		}
	}
}

// An address that does not answer to Status-Server is not taken for dead before all are asked.
func TestSecondAddressWithoutStatus(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(s *server) { s.noStatus = true })
	c := named(t, s, func(c *Config) { patient(c); c.Retries = 0 }, "127.0.0.9", "127.0.0.1")
	for name, r := range round(t, c) {
		want := "ok"
		if name == "status/always" {
			want = "?radius.unsupported"
		}
		assert.Equal(t, want, causeOf(r), name)
		assert.Equal(t, "127.0.0.1", r.Server.Addr().String(), name)
	}
}

// A family that this host cannot send to costs no time.
func TestAddressWithoutRoute(t *testing.T) {
	s := newServer(t, nil)
	c := named(t, s, func(c *Config) { c.Timeout = 5 * time.Second }, "fe80::1%nowhere", "127.0.0.1")
	r := round(t, c)["status/always"]
	assert.Equal(t, "ok", causeOf(r))
	assert.Zero(t, r.Retransmissions)
}

func TestStatisticsOfTheAddressThatAnswers(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	c := named(t, s, func(c *Config) {
		patient(c)
		c.Methods, c.StatusHost, c.StatusPort, c.StatusSecret = []Method{Status}, c.Host, c.Port, theSecret
	}, "127.0.0.9", "127.0.0.1")
	assert.Equal(t, "ok", causeOf(round(t, c)["status/always"]))
	_, err := c.Statistics(t.Context())
	require.ErrorContains(t, err, "has no statistics", "there is an answer")
	var silent *StatisticsError
	assert.NotErrorAs(t, err, &silent)
}

func TestResolve(t *testing.T) {
	a, err := resolve(t.Context(), "127.0.0.2")
	require.NoError(t, err)
	assert.Equal(t, addrs("127.0.0.2"), a)
	_, err = resolve(t.Context(), "radius.invalid")
	require.Error(t, err)
	a, err = resolve(t.Context(), "localhost")
	require.NoError(t, err)
	assert.NotEmpty(t, a)
}
