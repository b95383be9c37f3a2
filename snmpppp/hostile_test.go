package snmpppp

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// later says whether a request comes after those that find out what there is.
func later(r *agent.Request) bool { return r.N > 6 }

// TestNoAnswer are agents of which nothing can be read.
func TestNoAnswer(t *testing.T) {
	for _, tc := range []struct {
		name   string
		cfg    agent.Config
		change func(*Target)
		kind   Kind
	}{
		{"silent", agent.Config{Drop: func(*agent.Request) bool { return true }}, nil, walk.KindTimeout},
		{"wrong community", agent.Config{Community: "other"}, nil, walk.KindTimeout},
		{"request-id of another", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.ID += 7 }}, nil, walk.KindTimeout},
		{"request-id 0", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.ID = 0 }}, nil, walk.KindMalformed},
		{"another community in the answer", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Community = "x" }}, nil, walk.KindMalformed},
		{"another version", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Version = 0 }}, nil, walk.KindMalformed},
		{"a request for an answer", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Type = agent.Get }}, nil, walk.KindMalformed},
		{"an empty list", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Vars = nil }}, nil, walk.KindEmpty},
		{"genErr", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Status = 5 }}, nil, walk.KindAgent},
		{"authorizationError", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Status = 16 }}, nil, walk.KindAccess},
		{"tooBig", agent.Config{Mangle: func(_ *agent.Request, a *agent.Answer) { a.Status, a.Vars = 1, nil }}, nil, walk.KindTooBig},
		{"cut short", agent.Config{Raw: func(_ *agent.Request, b []byte) []byte { return b[:len(b)/2] }}, nil, walk.KindMalformed},
		{"garbage", agent.Config{Raw: func(*agent.Request, []byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }}, nil, walk.KindMalformed},
		{"zeros", agent.Config{Raw: func(*agent.Request, []byte) []byte { return make([]byte, 500) }}, nil, walk.KindMalformed},
		{"a length of 4 GiB", agent.Config{Raw: func(_ *agent.Request, b []byte) []byte {
			return append([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, b[2:]...)
		}}, nil, walk.KindMalformed},
		{"a length of 64 KiB", agent.Config{Raw: func(_ *agent.Request, b []byte) []byte { return append([]byte{0x30, 0x82, 0xff, 0xff}, b[2:]...) }}, nil, walk.KindMalformed},
		{"none of the tables", agent.Config{}, nil, walk.KindUnsupported},
		{"name that does not exist", agent.Config{}, func(t *Target) { t.Host = "gateway.invalid" }, walk.KindResolve},
		{"no way", agent.Config{}, func(t *Target) { t.Host = "240.0.0.1" }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows := &agent.Rows{}
			rows.Add("1.3.6.1.2.1.1.1.0", agent.String, "x")
			rows.Sort()
			target := targetOf(serve(t, rows, tc.cfg))
			target.Timeout = 50 * time.Millisecond
			target.Auth.Community = "public"
			if tc.change != nil {
				tc.change(&target)
			}
			p := poller(t, target)
			s, err := p.Poll(context.Background())
			assert.Nil(t, s)
			require.Error(t, err)
			if k := KindOf(err); k == walk.KindTimeout {
				assert.Equal(t, walk.Stats{Requests: 2, Retries: 1}, p.Stats())
			} else if k != walk.KindResolve {
				assert.Positive(t, p.Stats().Requests)
			}
			if tc.kind != "" {
				assert.Equal(t, tc.kind, KindOf(err), err)
			}
			assert.Contains(t, Kinds(), KindOf(err))
			assert.NotContains(t, err.Error(), "public")
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, err.Error(), `"gw"`)
		})
	}
}

func TestRefused(t *testing.T) {
	a, err := agent.Start(&agent.Rows{}, agent.Config{})
	require.NoError(t, err)
	target := targetOf(a)
	a.Close() // nothing listens there now
	target.Timeout = 10 * time.Second
	start := time.Now()
	_, err = poller(t, target).Poll(context.Background())
	assert.Equal(t, walk.KindRefused, KindOf(err), err)
	assert.Less(t, time.Since(start), target.Timeout)

	target.Transport = "tcp"
	_, err = poller(t, target).Poll(context.Background())
	assert.Equal(t, walk.KindRefused, KindOf(err), err)
}

// A poll ends with its context, though an answer is waited for.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	target := targetOf(serve(t, &agent.Rows{}, agent.Config{Drop: func(*agent.Request) bool { cancel(); return true }}))
	target.Timeout = time.Minute
	target.Budget = time.Hour
	_, err := poller(t, target).Poll(ctx)
	assert.Equal(t, walk.KindCanceled, KindOf(err), err)
}

// Answers that come after their time are of no use, and do no harm to what is asked
// next.
func TestLateAnswers(t *testing.T) {
	a := serve(t, rowsOf(t, "cisco-ios"), agent.Config{Delay: func(r *agent.Request) time.Duration {
		if r.N%3 == 0 {
			return 150 * time.Millisecond
		}
		return 0
	}})
	target := targetOf(a)
	target.Timeout = 100 * time.Millisecond
	target.Retries = 3
	s, err := poller(t, target).Poll(context.Background())
	require.NoError(t, err)
	assert.Empty(t, s.Partial)
	assert.Len(t, s.Sessions, 3)
	assert.NotZero(t, s.Stats.Retries)
}

// TestPartial are agents that answer the first questions, and fail in one part.
func TestPartial(t *testing.T) {
	sessions, gone := "1.3.6.1.4.1.9.10.24.1.3.2.1", false
	for _, tc := range []struct {
		name string
		cfg  agent.Config
		kind Kind
	}{
		{"a table that hangs", agent.Config{Drop: func(r *agent.Request) bool { return r.Has(sessions) }}, walk.KindTimeout},
		{"genErr in the middle", agent.Config{Mangle: func(r *agent.Request, a *agent.Answer) {
			if r.Has(sessions + ".2.3.101") {
				a.Status, a.Index = 5, 0
			}
		}}, walk.KindAgent},
		{"a loop", agent.Config{Mangle: func(r *agent.Request, a *agent.Answer) {
			if r.Has(sessions + ".2.3.101") {
				a.Vars[0] = agent.Var(sessions+".2.3.101.7", agent.String, "x")
			}
		}}, walk.KindNonIncreasing},
		{"gone", agent.Config{Drop: later}, walk.KindTimeout},
		{"gone, after the tables of others", agent.Config{Drop: func(r *agent.Request) bool {
			gone = gone || r.Has(sessions)
			return gone
		}}, walk.KindTimeout},
		{"an empty list", agent.Config{Mangle: func(r *agent.Request, a *agent.Answer) {
			if r.Has(sessions) {
				a.Vars = nil
			}
		}}, walk.KindEmpty},
		{"fewer rows than it counts", agent.Config{Mangle: func(r *agent.Request, a *agent.Answer) {
			if r.Type == agent.Get && r.Has("1.3.6.1.4.1.9.10.24.1.1.4.1.3.3") && len(r.OIDs) == 1 {
				a.Vars[0] = agent.Var("1.3.6.1.4.1.9.10.24.1.1.4.1.3.3", agent.Gauge32, 300)
			}
		}}, walk.KindIncomplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := serve(t, rowsOf(t, "cisco-ios"), tc.cfg)
			target := targetOf(a)
			target.Timeout = 50 * time.Millisecond
			p := poller(t, target)
			s, err := p.Poll(context.Background())
			require.NoError(t, err)
			assert.False(t, s.Complete())
			assert.False(t, s.SessionsComplete)
			assert.Equal(t, "lns", s.Agent.Name)
			kinds := map[Kind]bool{}
			for _, x := range s.Partial {
				kinds[x.Kind] = true
				assert.NotContains(t, x.Detail, "public")
			}
			assert.True(t, kinds[tc.kind], s.Partial)
			assert.Equal(t, "cisco-vpdn/sessions", s.Source)
			// What is not known makes no events.
			whole, err := poller(t, targetOf(serve(t, rowsOf(t, "cisco-ios"), agent.Config{}))).Poll(context.Background())
			require.NoError(t, err)
			tr := snapshot.NewTracker(snapshot.Tracking{})
			tr.Observe(whole)
			d := tr.Observe(s)
			assert.False(t, d.Compared)
			for _, e := range d.Events {
				assert.NotContains(t, []snapshot.EventKind{snapshot.EventClosed, snapshot.EventOpened}, e.Kind)
			}
		})
	}
}

// A table of a million rows is cut off, and the poll goes on.
func TestMillionRows(t *testing.T) {
	rows := rowsOf(t, "cisco-ios")
	n := 0
	a := serve(t, rows, agent.Config{Mangle: func(r *agent.Request, a *agent.Answer) {
		if r.Type != agent.GetBulk || !r.Has("1.3.6.1.2.1.2.2.1") {
			return
		}
		a.Vars = a.Vars[:0]
		for range min(r.Repetitions, 5) {
			n++
			for _, o := range r.OIDs {
				a.Vars = append(a.Vars, agent.Var(fmt.Sprintf("%s.%d", dotted(o[:len(r.OIDs[0])]), n), agent.Gauge32, n))
			}
		}
	}})
	target := targetOf(a)
	target.MaxRows = 1000
	s, err := poller(t, target).Poll(context.Background())
	require.NoError(t, err)
	require.NotEmpty(t, s.Partial)
	assert.Less(t, a.Requests(), 3000)
	assert.Len(t, s.Sessions, 3)
	rows = manyTables()
	target = targetOf(serve(t, rows, agent.Config{}))
	target.MaxRows = 100
	s, err = poller(t, target).Poll(context.Background())
	require.NoError(t, err)
	read := 0
	for _, p := range s.Partial {
		assert.Equal(t, walk.KindTooManyRows, p.Kind)
		read += p.Rows
	}
	assert.LessOrEqual(t, read, 200+len(s.Partial))
	assert.Len(t, s.Partial, 4)
}

// manyTables are four tables of 150 rows.
func manyTables() *agent.Rows {
	rows := &agent.Rows{}
	for i := range 150 {
		for _, column := range []string{"1.3.6.1.2.1.2.2.1.2", "1.3.6.1.4.1.14988.1.1.14.1.1.2", "1.3.6.1.2.1.10.23.3.1.1.1", "1.3.6.1.2.1.10.131.1.1.1.1.3"} {
			rows.Add(fmt.Sprintf("%s.%d", column, i+1), agent.Integer, 1)
		}
	}
	rows.Sort()
	return rows
}

func dotted(o []uint32) string {
	parts := make([]string, len(o))
	for i, n := range o {
		parts[i] = fmt.Sprint(n)
	}
	return strings.Join(parts, ".")
}

// Cells of another type than the object's are absent, and counted.
func TestWrongTypes(t *testing.T) {
	rows := rowsOf(t, "cisco-ios")
	e := "1.3.6.1.4.1.9.10.24.1.3.2.1."
	rows.Add(e+"4.3.101.7", agent.String, "an hour")
	rows.Add(e+"6.3.101.7", agent.Address, "10.0.0.1")
	rows.Add(e+"2.3.101.7", agent.Counter32, 77)
	rows.Add(e+"11.3.101.7", agent.Integer, -5)
	rows.Add("1.3.6.1.2.1.1.3.0", agent.String, "never")
	rows.Sort()
	s, err := poller(t, targetOf(serve(t, rows, agent.Config{}))).Poll(context.Background())
	require.NoError(t, err)
	assert.Equal(t, 3, s.WrongType)
	require.Len(t, s.Sessions, 3)
	assert.Equal(t, "77", s.Sessions[0].User)
	assert.Zero(t, s.Sessions[0].Duration)
	assert.False(t, s.Sessions[0].Traffic.OctetsOut.Valid)
	assert.True(t, s.Sessions[0].Traffic.OctetsIn.Valid)
}

// A poll takes no longer than its budget, and keeps what it has.
func TestBudget(t *testing.T) {
	a := serve(t, rowsOf(t, "linux-poptop"), agent.Config{Delay: func(r *agent.Request) time.Duration {
		if later(r) {
			return 40 * time.Millisecond
		}
		return 0
	}})
	target := targetOf(a)
	target.Timeout = 100 * time.Millisecond
	target.Budget = 200 * time.Millisecond
	s, err := poller(t, target).Poll(context.Background())
	require.NoError(t, err)
	assert.Equal(t, "vpn1", s.Agent.Name)
	kinds := map[Kind]bool{}
	for _, x := range s.Partial {
		kinds[x.Kind] = true
	}
	assert.True(t, kinds[walk.KindBudget], s.Partial)
}

// One request is under way at a time, whatever happens.
func TestOneRequestAtATime(t *testing.T) {
	waiting := make(chan int, 1)
	a := serve(t, rowsOf(t, "linux-poptop"), agent.Config{Mangle: func(r *agent.Request, _ *agent.Answer) {
		select {
		case waiting <- r.N:
			<-waiting
		default:
			t.Error("two requests at the same time")
		}
	}})
	_, err := poller(t, targetOf(a)).Poll(context.Background())
	require.NoError(t, err)
}

// An agent that closes its TCP connection.
func TestClosedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.96.4:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 100)) // the request
			c.Close()
		}
	}()
	target := Target{ID: "gw", Host: "127.0.96.4", Port: uint16(l.Addr().(*net.TCPAddr).Port), Transport: "tcp", Auth: Auth{Community: "public"}}
	_, err = poller(t, target).Poll(context.Background())
	assert.Equal(t, walk.KindRefused, KindOf(err), err)
}
