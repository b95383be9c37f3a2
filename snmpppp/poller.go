package snmpppp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// Poller polls one agent, and remembers what it found out about it: what it offers,
// how big an answer it can give, and of SNMPv3 its engine. It is not safe for
// concurrent use: there is one request under way to an agent at a time.
type Poller struct {
	target  Target
	client  *client
	options snapshot.Options

	tuning   walk.Tuning
	present  map[string]bool // profiles that the agent has; it only grows between restarts
	rows     map[string]int  // of each table at the last poll
	since    int             // polls since the last probe
	previous snapshot.Agent
	source   string // of the sessions at the last poll
	hidden   int    // polls in which only the processes knew of sessions
	stats    walk.Stats
}

// New returns a poller for a target that [Target.Validate] accepts.
func New(t Target) (*Poller, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	t = t.withDefaults()
	p := &Poller{target: t, client: &client{target: t}, rows: map[string]int{}}
	p.options.AssumePPTP = t.AssumePPTP
	for _, e := range t.Include {
		p.options.Include = append(p.options.Include, regexp.MustCompile(e)) // validated
	}
	for _, e := range t.Exclude {
		p.options.Exclude = append(p.options.Exclude, regexp.MustCompile(e))
	}
	return p, nil
}

// Target returns the target, with its defaults.
func (p *Poller) Target() Target { return p.target }

// Stats is what the last poll took, whether it failed or not.
func (p *Poller) Stats() walk.Stats { return p.stats }

// Poll asks the agent for all that it offers. If the agent cannot be asked at all, the
// snapshot is nil and the error an [*Error]. If only parts of it failed, the snapshot
// holds the rest and says so (Partial), and the error is nil. Poll returns soon after
// ctx is done.
func (p *Poller) Poll(ctx context.Context) (*snapshot.Snapshot, error) {
	s, err := p.poll(ctx)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = &Error{Kind: walk.KindMalformed, Err: err}
		}
		return nil, &Error{Kind: e.Kind, What: fmt.Sprintf("polling %q at %s port %d", p.target.ID, p.target.Host, p.target.Port), Err: e.Err}
	}
	return s, nil
}

func (p *Poller) poll(ctx context.Context) (*snapshot.Snapshot, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, p.target.Budget)
	defer cancel()
	p.stats = walk.Stats{}
	known := p.client.usm != nil
	r, err := p.once(ctx, start)
	switch KindOf(err) {
	case walk.KindUnknownEngine, walk.KindNotInTime, walk.KindWrongDigest, walk.KindDecryption, walk.KindTimeout:
		// Another engine may have taken the place of the one that is remembered.
		p.client.forget()
		if known && KindOf(err) != walk.KindTimeout {
			r, err = p.once(ctx, start)
		}
	}
	if err != nil {
		return nil, err
	}
	r.in.Duration = time.Since(start)
	r.in.Stats = p.stats
	p.previous = r.in.Agent
	p.since++
	r.in.LastSource = p.source
	s := snapshot.Build(r.in)
	p.source = p.sourceAfter(s)
	return s, nil
}

// once asks for everything, over one socket.
func (p *Poller) once(ctx context.Context, start time.Time) (*round, error) {
	if err := p.client.open(ctx); err != nil {
		return nil, err
	}
	defer p.client.close()
	r := &round{Poller: p, ctx: ctx, w: walk.New(p.client, p.target.Retries, p.tuning)}
	r.in.Time = start
	r.in.Options = p.options
	err := r.run()
	p.tuning = r.w.Tuning()
	p.stats.Add(r.w.Stats())
	return r, err
}

// sourceAfter is the source to go on with. Interfaces that an agent does not show,
// while its processes say for some polls that there are sessions, are none.
func (p *Poller) sourceAfter(s *snapshot.Snapshot) string {
	hidden := s.Source == snapshot.SourceInterfaces && len(s.Sessions) == 0 && slices.ContainsFunc(s.Sources, func(x snapshot.Source) bool {
		return x.Profile == "hr-processes" && x.Sessions[snapshot.StateUp] > 0
	})
	if !hidden {
		p.hidden = 0
		return s.Source
	}
	if p.hidden++; p.hidden < 3 {
		return s.Source
	}
	return snapshot.SourceProcesses
}
