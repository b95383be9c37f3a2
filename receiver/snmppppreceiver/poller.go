package snmppppreceiver

import (
	"context"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// poller polls one agent.
type poller interface {
	Poll(ctx context.Context) (*snapshot.Snapshot, error)
}

// dialer makes the poller of an agent.
type dialer func(snmpppp.Target) (poller, error)

func newPoller(t snmpppp.Target) (poller, error) { return snmpppp.New(t) }

// result is the outcome of one poll.
type result struct {
	snapshot *snapshot.Snapshot // nil: err tells why
	delta    snapshot.Delta
	err      error
	start    time.Time
	duration time.Duration
}

// end is when the poll ended.
func (r *result) end() time.Time { return r.start.Add(r.duration) }

// kind is the value of error.type; empty: the agent answered.
func (r *result) kind() string { return string(snmpppp.KindOf(r.err)) }
