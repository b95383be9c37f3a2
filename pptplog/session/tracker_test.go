package session

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

func TestPIDReuse(t *testing.T) {
	t.Run("the end of the first is lost", func(t *testing.T) {
		r := newRig(t, Config{})
		r.open(100, alice).connect(101).up(101, alice).after(time.Hour)
		r.open(100, bob).connect(101).up(101, bob).after(time.Minute).down(100, 101, bob)
		assert.Equal(t, []string{
			"opened " + alice, "established " + alice, "closed " + alice + " lost hold  superseded",
			"opened " + bob, "established " + bob, "closed " + bob + " established hold  User request",
		}, r.told)
	})
	t.Run("at once", func(t *testing.T) {
		r := newRig(t, Config{})
		for range 5 {
			r.open(100, alice).connect(101).up(101, alice).down(100, 101, alice)
		}
		assert.EqualValues(t, 5, r.tr.Stats().Ended[OutcomeEstablished])
	})
}

// pppd with `persist` begins another link in the same process.
func TestPersist(t *testing.T) {
	r := newRig(t, Config{})
	r.open(100, alice).connect(101).up(101, alice).after(time.Minute)
	r.pppd(101, event.TermByPeer, "reason=User request").pppd(101, event.SessionStats, "io=1,2", "lasted=1m")
	r.after(time.Second).pppd(101, event.PPPConnect, "iface=ppp0").up(101, alice).after(time.Minute).down(100, 101, alice)
	assert.Equal(t, []string{
		"opened " + alice, "established " + alice, "closed " + alice + " established hold  User request",
		"opened " + alice, "established " + alice, "closed " + alice + " established hold  User request",
	}, r.told)
	assert.EqualValues(t, 715, r.last().Tx, "not what the first link had")
}

func TestOutOfOrder(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*rig)
	}{
		{"the child's lines come first", func(r *rig) {
			r.connect(101).up(101, alice).open(100, alice).down(100, 101, alice)
		}},
		{"the parent has finished before its child", func(r *rig) {
			r.open(100, alice).connect(101).up(101, alice).close(100, 101, alice).
				pppd(101, event.TermByPeer, "reason=User request").pppd(101, event.PPPEnd)
		}},
		{"the start comes late", func(r *rig) {
			r.open(100, alice).pppd(101, event.PPPConnect).pppd(101, event.PPPStart).up(101, alice).down(100, 101, alice)
		}},
		{"the address comes last", func(r *rig) {
			r.open(100, alice).connect(101).pppd(101, event.TermByPeer, "reason=User request").close(100, 101, alice).
				up(101, alice).pppd(101, event.PPPEnd)
		}},
		{"without stamps", func(r *rig) {
			r.stampless = true
			r.open(100, alice).connect(101).up(101, alice).down(100, 101, alice)
		}},
		{"the child's end is missing", func(r *rig) {
			r.open(100, alice).connect(101).up(101, alice).pppd(101, event.TermByPeer, "reason=User request").close(100, 101, alice)
		}},
		{"the parent's end is missing", func(r *rig) {
			r.open(100, alice).connect(101).up(101, alice).pppd(101, event.TermByPeer, "reason=User request").pppd(101, event.PPPEnd)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			tt.play(r)
			r.after(DefaultLinger)
			assert.Equal(t, []string{"opened " + alice, "established " + alice, "closed " + alice + " established hold  User request"}, r.told)
			r.pptpd(100, event.GREReadError, "errno=ENOPROTOOPT").after(2 * DefaultLinger)
			assert.Len(t, r.told, 3, "a late line")
		})
	}
}

func TestClock(t *testing.T) {
	t.Run("is set back", func(t *testing.T) {
		r := newRig(t, Config{})
		r.open(100, alice).connect(101).up(101, alice).after(time.Minute)
		r.pppd(101, event.PPPEnd, "ago=2h").pptpd(100, event.ChildLink, "child=101", "ago=2h").pptpd(100, event.SessionClose, "peer="+alice, "ago=2h")
		assert.Equal(t, time.Minute, r.last().Duration, "as it was read")
	})
	t.Run("is set, and pppd knows better", func(t *testing.T) {
		r := newRig(t, Config{})
		r.open(100, alice).connect(101).up(101, alice)
		r.after(3*time.Hour).down(100, 101, alice)
		assert.Equal(t, time.Minute, r.last().Duration, "as pppd said")
	})
	t.Run("goes back where the lines are read", func(t *testing.T) {
		r := newRig(t, Config{})
		r.open(100, alice).connect(101).after(-time.Hour).pppd(101, event.AuthFail).close(100, 101, alice).after(-time.Hour)
		r.after(3 * time.Hour)
		assert.Equal(t, "failed "+alice+" auth auth.rejected auth_fail", r.told[1])
	})
	t.Run("a file of last year is read", func(t *testing.T) {
		r := newRig(t, Config{})
		r.open(100, alice).connect(101)
		year := "ago=8760h"
		r.pppd(101, event.AuthFail, year).pptpd(100, event.SessionClose, "peer="+alice, year).after(DefaultLinger)
		assert.GreaterOrEqual(t, r.last().Duration, time.Duration(0))
	})
}

// The log begins in the middle of a session.
func TestPartial(t *testing.T) {
	r := newRig(t, Config{})
	r.pppd(101, event.TermByPeer, "reason=User request").pppd(101, event.SessionStats, "io=5,6", "lasted=2h").pppd(101, event.PPPEnd)
	r.close(100, 101, alice)
	assert.Equal(t, []string{"closed " + alice + " established hold  User request"}, r.told)
	assert.Equal(t, 2*time.Hour, r.last().Duration)

	r.pptpd(200, event.ControlLost).pptpd(200, event.SessionClose, "peer="+bob).after(2 * DefaultLinger)
	assert.Len(t, r.told, 1, "how that one went is not known")
	assert.EqualValues(t, 1, r.tr.Stats().Partial)
}

func TestExpires(t *testing.T) {
	r := newRig(t, Config{TTL: time.Hour})
	r.open(100, alice).connect(101).up(101, alice).after(59*time.Minute).pppd(101, event.MPPEOK).after(59 * time.Minute)
	assert.Len(t, r.told, 2, "it is alive")
	r.after(time.Minute)
	assert.Equal(t, "closed "+alice+" lost hold  expired", r.told[2])
	r.after(2 * time.Hour)
	assert.Equal(t, Stats{Opened: 1, Established: 1, Ended: [5]uint64{OutcomeLost: 1}, Expired: 1}, r.tr.Stats(), "nothing is kept, not even the host")
}

// Whatever the lines say, memory is bounded, and what was given up is counted.
func TestBounds(t *testing.T) {
	const limit = 100
	r := newRig(t, Config{MaxSessions: limit, MaxHosts: 10})
	for i := range int32(20_000) {
		r.host = fmt.Sprint("gw", i%(5+i/10_000*32)) // few hosts, then many
		r.open(i, alice).pppd(i+1, event.RADIUSTimeout).line("accel-ppp", 0, event.SessionOpen, "peer="+bob)
		r.line("accel-ppp", 0, event.AuthOK, fmt.Sprint("user=", i)).line("mpd5", 0, event.CallStart, fmt.Sprint("session=", i))
		r.now = r.now.Add(time.Millisecond)
		s := r.tr.Stats()
		require.LessOrEqual(t, s.Sessions, limit)
		require.LessOrEqual(t, s.Hosts, 10)
		require.LessOrEqual(t, len(r.tr.timers.q)-r.tr.timers.head, 4*limit)
	}
	s := r.tr.Stats()
	assert.NotZero(t, s.Evicted)
	assert.NotZero(t, s.HostsEvicted)
	r.after(48 * time.Hour)
	assert.Zero(t, r.tr.Stats().Sessions)
	assert.Zero(t, r.tr.Stats().Hosts)
	assert.Empty(t, r.tr.timers.q[r.tr.timers.head:])
}

// A million lines of one session are not more than a few.
func TestMemoryOfSession(t *testing.T) {
	r := newRig(t, Config{})
	r.open(100, alice).connect(101).pptpd(100, event.ChildLink, "child=101")
	long := strings.Repeat("x", 60_000)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	e := event.Event{
		Type: event.RADIUSTimeout, Class: event.ClassSession, Host: "gw", Program: "pppd", PID: 101, Time: r.now, Arrival: r.now,
		User: long, Text: long, Server: long, Reason: long, Interface: long,
	}
	r.tr.cfg.OnGateway = func(*event.Event) {}
	for i := range 100_000 {
		e.Type = event.Type(1 + i%int(event.RADIUSMessageAuthenticator))
		if e.Type == event.PPPStart || e.Type == event.PPPConnect || e.Type == event.PPPEnd {
			continue
		}
		e.Class = e.Type.Class()
		r.tr.Observe(r.now, &e)
	}
	assert.Less(t, int64(heap())-int64(before), int64(256<<10))
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{MaxSessions: -1}, {MaxHosts: -1}, {TTL: -1}, {Linger: -1}} {
		_, err := New(c)
		assert.ErrorContains(t, err, "use 0 for the default")
	}
}

func TestNames(t *testing.T) {
	assert.Equal(t, "failed", Failed.String())
	assert.Equal(t, []string{"established", "failed", "abandoned", "lost"}, Outcomes())
	assert.Equal(t, "invalid", Outcome(99).String())
	assert.NotEmpty(t, GatewayTypes())
}
