package health

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// snapshotSchema is the form that Save writes and Load reads.
const snapshotSchema = 1

// maxSnapshot bounds what Load reads.
const maxSnapshot = 64 << 20

// ErrSchema is that a snapshot has another schema. The engine is as it was before:
// go on with it, and tell.
var ErrSchema = errors.New("the snapshot has another schema")

// snapshot is what a restart must not lose: without it an incident would be opened
// twice. Evidence is not kept; it comes again.
type snapshot struct {
	Schema   int             `json:"schema"`
	Saved    time.Time       `json:"saved"`
	Gateways []savedGateway  `json:"gateways"`
	Shared   []*Incident     `json:"shared,omitempty"`
	Windows  []savedInterval `json:"windows,omitempty"`
}

// savedInterval is a window that was added and is there once.
type savedInterval struct {
	Name       string
	Gateways   []string `json:",omitempty"`
	Start, End time.Time
}

type savedGateway struct {
	ID          string         `json:"id"`
	State       State          `json:"state"`
	Below       State          `json:"below"`
	ShownSince  int64          `json:"shown_since"`
	Since       int64          `json:"since"`
	Maintained  int64          `json:"maintained,omitempty"`
	Cause       string         `json:"cause,omitempty"`
	Seen        bool           `json:"seen,omitempty"`
	NextCause   string         `json:"next_cause,omitempty"`
	NextRuns    uint8          `json:"next_runs,omitempty"`
	Severity    Severity       `json:"severity,omitempty"`
	Confidence  float64        `json:"confidence,omitempty"`
	Probability float64        `json:"probability,omitempty"`
	Margin      float64        `json:"margin,omitempty"`
	Coverage    float64        `json:"coverage,omitempty"`
	ExplainedBy string         `json:"explained_by,omitempty"`
	Window      string         `json:"window,omitempty"`
	Evidence    []Contribution `json:"evidence,omitempty"`
	Transitions uint64         `json:"transitions"`
	Runs        [5]uint8       `json:"runs"`
	Flaps       uint32         `json:"flaps,omitempty"`
	LastIll     bool           `json:"last_ill,omitempty"`
	FlapsKnown  bool           `json:"flaps_known,omitempty"`
	Flapping    bool           `json:"flapping,omitempty"`
	Incident    *Incident      `json:"incident,omitempty"`
}

// Save writes open incidents, dwell, flapping and the windows that were added and
// come once, as JSON. Call it after evaluations and before the end.
func (e *Engine) Save(w io.Writer) error {
	s := snapshot{Schema: snapshotSchema, Saved: e.at, Gateways: make([]savedGateway, 0, len(e.order))}
	for _, g := range e.order {
		f := &g.flaps
		s.Gateways = append(s.Gateways, savedGateway{
			ID: g.id, State: g.state, Below: g.below, ShownSince: g.shownSince, Since: g.since, Maintained: g.maintained,
			Cause: e.causeName(g.cause), Seen: g.seen, NextCause: e.causeName(g.nextCause), NextRuns: g.nextRuns,
			Severity: g.severity, Confidence: g.confidence, Probability: g.probability, Margin: g.margin, Coverage: g.coverage,
			ExplainedBy: g.explainedBy, Window: g.window, Evidence: g.evidence, Transitions: g.transitions,
			Runs:  [5]uint8{g.ill, g.down, g.clean, g.blind, g.lighter},
			Flaps: f.changes, LastIll: f.lastIll, FlapsKnown: f.known, Flapping: f.on, Incident: g.incident,
		})
	}
	for _, name := range sortedKeys(e.sharedIncidents) {
		s.Shared = append(s.Shared, e.sharedIncidents[name])
	}
	for _, x := range e.windows.added {
		if x.Weekly == nil {
			s.Windows = append(s.Windows, savedInterval{x.Name, x.Gateways, x.Start, x.End})
		}
	}
	if err := json.NewEncoder(w).Encode(&s); err != nil {
		return fmt.Errorf("health snapshot: write: %w", err)
	}
	return nil
}

// Load takes up what Save wrote, and then holds the states for Config.Settle, so that
// evidence can come first. Of what is no longer known - a gateway, a cause - nothing
// is restored. After an error the engine is as it was; [ErrSchema] is the one to expect
// after an upgrade. Call it before the first evaluation; now is the time.
func (e *Engine) Load(r io.Reader, now time.Time) error {
	data, err := io.ReadAll(io.LimitReader(r, maxSnapshot+1))
	if err != nil {
		return fmt.Errorf("health snapshot: read: %w", err)
	}
	if len(data) > maxSnapshot {
		return fmt.Errorf("health snapshot: more than %d bytes", maxSnapshot)
	}
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("health snapshot: %w", err)
	}
	if head.Schema != snapshotSchema {
		return fmt.Errorf("health snapshot: schema %d, not %d: %w", head.Schema, snapshotSchema, ErrSchema)
	}
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("health snapshot: %w", err)
	}
	for i := range s.Gateways {
		v := &s.Gateways[i]
		if v.State > Maintenance || v.Below > Down || v.Severity > Critical {
			return fmt.Errorf("health snapshot: gateways[%d]: state %d, below %d or severity %d is out of range", i, v.State, v.Below, v.Severity)
		}
		for _, x := range []float64{v.Confidence, v.Probability, v.Coverage} {
			if x < 0 || x > 1 {
				return fmt.Errorf("health snapshot: gateways[%d]: confidence, probability or coverage %g is not in [0, 1]", i, x)
			}
		}
	}
	e.restore(&s, now)
	return nil
}

func (e *Engine) restore(s *snapshot, now time.Time) {
	for i := range s.Gateways {
		v := &s.Gateways[i]
		g, outcome := e.lookup(v.ID)
		if outcome != Accepted {
			e.stats.NotRestored++
			continue
		}
		g.heard = max(g.heard, now.UnixNano())
		g.status = e.status(v, now.UnixNano())
	}
	for _, in := range s.Shared {
		if in != nil && len(in.Subject) <= maxName && len(e.sharedIncidents) < e.config.MaxGateways {
			e.sharedIncidents[in.Subject] = in
		}
	}
	for _, w := range s.Windows {
		if err := e.AddWindow(Window{Name: w.Name, Gateways: w.Gateways, Start: w.Start, End: w.End}); err != nil {
			e.stats.NotRestored++
		}
	}
	e.settle = now.Add(e.config.Settle)
}

// status makes a gateway's status of a saved one. Times after now are from a clock
// that was ahead.
func (e *Engine) status(v *savedGateway, now int64) status {
	s := status{
		state: v.State, below: v.Below, shownSince: min(v.ShownSince, now), since: min(v.Since, now),
		maintained: min(v.Maintained, now), cause: e.causeIndex(v.Cause), seen: v.Seen, nextCause: e.causeIndex(v.NextCause), nextRuns: v.NextRuns,
		severity: v.Severity, confidence: v.Confidence, probability: v.Probability, margin: v.Margin, coverage: v.Coverage,
		explainedBy: v.ExplainedBy, window: v.Window, evidence: v.Evidence, transitions: v.Transitions,
		ill: v.Runs[0], down: v.Runs[1], clean: v.Runs[2], blind: v.Runs[3], lighter: v.Runs[4], incident: v.Incident,
		flaps: flaps{changes: v.Flaps & (1<<flapWindow - 1), lastIll: v.LastIll, known: v.FlapsKnown, on: v.Flapping},
	}
	if s.cause < 0 && s.below.ill() {
		s.cause = e.unknownCause // its own is no longer in the codebook
	}
	return s
}

func (e *Engine) causeIndex(name string) int {
	if n, ok := e.book.causeByID[name]; ok && !e.book.causes[n].disabled {
		return n
	}
	return -1
}
