package snmppppreceiver

import (
	"context"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// poller polls one agent.
type poller interface {
	Poll(ctx context.Context) (*snapshot.Snapshot, error)
	Stats() walk.Stats // of the last poll
}

// dialer makes the poller of an agent.
type dialer func(snmpppp.Target) (poller, error)

func newPoller(t snmpppp.Target) (poller, error) { return snmpppp.New(t) }

// result is the outcome of one poll.
type result struct {
	snapshot *snapshot.Snapshot // nil: err tells why
	delta    snapshot.Delta
	err      error
	stats    walk.Stats // also of a poll that failed
	start    time.Time
	duration time.Duration
}

// end is when the poll ended.
func (r *result) end() time.Time { return r.start.Add(r.duration) }

// kind is the value of error.type; empty: the agent answered.
func (r *result) kind() string { return string(snmpppp.KindOf(r.err)) }
