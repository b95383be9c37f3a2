package detect

import (
	"time"
	"unsafe"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

const (
	// Minima, maxima and sums are of the last one to two of these, or of as long as records are waited for.
	turn = 5 * 60 * second
	// From this loss on nothing is concluded from what an exporter does not say.
	maxLoss = 0.3
	// So many records show how long the exporter holds them at most.
	enoughReach = 16
	// An exporter whose records have impossible times more often than this is not judged by.
	maxInsane = 0.5
)

// exporter is what is known of one observation domain's timing, and of how far
// its silence can be trusted.
type exporter struct {
	key flow.Exporter

	offset  extreme // inner arrival - export, minimum, ns
	slow    extreme // how much slower than that a record was, maximum, ns
	tail    extreme // arrival - end, maximum, ns
	reach   extreme // arrival - start, maximum, ns
	inLate  int
	timed   bool
	fresh   bool
	turned  stamp
	steps   uint64
	active  durations
	joint   joint
	told    struct{ active, idle time.Duration }
	sampled float64

	// Records of this turn and the last: lost, seen here, and what the decoder saw in
	// all, of which we are told only when some are lost.
	lost, seen, all [2]float64
	sane, mad       uint32

	heard  stamp
	clear  stamp // what was not seen before proves nothing
	frozen stamp // until then nothing is concluded
	why    Reason
	lacks  bool  // a template
	noted  stamp // when a loss was told last

	// What follows from it all.
	delay  stamp // the age beyond which all was exported
	ended  stamp // the same of flows that ended
	window stamp
	period stamp // between two records of a running flow
	idle   stamp
	next   stamp // when to compute these again
}

// exporters is a bounded table of them. Those of the table stay where they are: an
// index says which one a pair was seen by.
type exporters struct {
	cfg   *Config
	all   []*exporter
	index map[flow.Exporter]uint16
	last  uint16 // of the last record: a datagram has many
	full  stamp  // until then there is no room
}

func newExporters(cfg *Config) exporters {
	return exporters{cfg: cfg, index: make(map[flow.Exporter]uint16)}
}

// noExporter is the index of none.
const noExporter = ^uint16(0)

// of returns the exporter, nil if there is no room for a new one. When the table is
// full, one that was silent for Config.Visibility gives way: no pair that could
// be judged refers to it any more.
func (e *exporters) of(key flow.Exporter, now stamp) (uint16, *exporter) {
	if int(e.last) < len(e.all) && e.all[e.last].key == key {
		x := e.all[e.last]
		x.hear(now, e.cfg)
		return e.last, x
	}
	i, ok := e.index[key]
	if !ok {
		if i = e.place(now); i == noExporter {
			return i, nil
		}
		*e.all[i] = exporter{key: key, heard: now, clear: now, turned: now, noted: now, fresh: true}
		e.index[key] = i
	}
	e.last = i
	x := e.all[i]
	x.hear(now, e.cfg)
	return i, x
}

func (e *exporters) place(now stamp) uint16 {
	if len(e.all) < e.cfg.MaxExporters {
		e.all = append(e.all, new(exporter))
		return uint16(len(e.all) - 1)
	}
	if now < e.full {
		return noExporter
	}
	oldest := 0
	for i, x := range e.all {
		if x.heard < e.all[oldest].heard {
			oldest = i
		}
	}
	if e.full = e.all[oldest].heard + span(e.cfg.Visibility); now < e.full {
		return noExporter
	}
	delete(e.index, e.all[oldest].key)
	return uint16(oldest)
}

func (e *exporters) freezeAll(now stamp) {
	for _, x := range e.all {
		x.freeze(now, Warming)
	}
}

func (e *exporters) steps() (n uint64) {
	for _, x := range e.all {
		n += x.steps
	}
	return n
}

func (e *exporters) bytes() int64 {
	return int64(len(e.all)) * int64(unsafe.Sizeof(exporter{})+2*unsafe.Sizeof(flow.Exporter{}))
}

// hear is called for everything that comes from it.
func (x *exporter) hear(now stamp, cfg *Config) {
	if x.next != 0 && x.silent(now) {
		// What it saw meanwhile did not come, or it saw nothing: both are possible.
		x.clear = now
		x.why = ExporterSilent
	}
	x.heard = now
	if now >= x.turned+max(turn, x.delay) {
		x.turned = now
		for _, m := range []*extreme{&x.slow, &x.tail, &x.reach, &x.offset} {
			m.turn()
		}
		x.lost[1], x.lost[0] = x.lost[0], 0
		x.seen[1], x.seen[0] = x.seen[0], 0
		x.all[1], x.all[0] = x.all[0], 0
		x.sane, x.mad = x.sane/2, x.mad/2
		x.joint.turn()
	}
	x.seen[0]++
	if now >= x.next {
		x.compute(cfg)
		x.next = now + second
	}
}

// compute derives the time-outs: learned from the records, else told, else configured.
func (x *exporter) compute(cfg *Config) {
	active, idle := cfg.Active, cfg.Idle
	if x.told.active > 0 {
		active = x.told.active
	}
	if x.told.idle > 0 {
		idle = x.told.idle
	}
	a, learned := x.active.quantile(0.99)
	if learned {
		active = a
	}
	if x.key.Version == flow.SFlow5 {
		active, idle = 0, 0 // packets are sent as they are sampled
	}
	slow := time.Duration(max(x.slow.largest(), 0))
	tail := max(idle, time.Duration(x.tail.largest()))
	// A flow that goes on is told of at its active time-out; one that pauses then, by an exporter that only looks when a packet
	// comes, after the idle time-out as well. Whether this one does so shows when enough records were seen.
	late := active + tail + slow
	if learned && x.sane >= enoughReach {
		late = active + slow
	}
	x.delay = span(max(late, time.Duration(x.reach.largest())) + cfg.Lag)
	x.ended = x.delay
	if !learned && x.told.active == 0 {
		x.ended = span(tail + slow + cfg.Lag) // no flow was seen that went on from one session to the next
	}
	x.period = max(span(active), second)
	x.idle = span(idle)
	x.window = max(span(cfg.MinWindow), span(2*active+tail+slow+cfg.Lag))
}

// silent says that more time has passed than can between two records of any pair
// that is alive: an Echo-Request every 60 s, exported after the time-outs.
func (x *exporter) silent(now stamp) bool {
	return now.sub(x.heard) > max(x.delay+120*second, turn)
}

func (x *exporter) freeze(now stamp, why Reason) {
	x.fresh = false
	x.clear, x.why = now, why
	x.frozen = now + x.window
}

// blind returns why nothing can be concluded from what is not seen, or NoReason.
func (x *exporter) blind(now stamp) Reason {
	switch {
	case x.lacks:
		return TemplateMissing
	case now < x.frozen:
		return x.why
	case x.silent(now):
		return ExporterSilent
	case x.loss() > maxLoss:
		return ExporterLoss
	case float64(x.mad) > 4 && float64(x.mad) > maxInsane*float64(x.mad+x.sane):
		return TimeInsane
	}
	return NoReason
}

// loss is the share of records that did not come lately.
func (x *exporter) loss() float64 {
	lost := x.lost[0] + x.lost[1]
	if lost == 0 {
		return 0
	}
	return lost / (lost + max(x.seen[0]+x.seen[1], x.all[0]+x.all[1]))
}

func (x *exporter) note(n *flow.Note, now stamp) {
	switch n.Kind {
	case flow.NoteSeen:
	case flow.NoteRestart:
		x.offset, x.slow, x.tail, x.reach, x.timed = extreme{}, extreme{}, extreme{}, extreme{}, false
		x.joint = joint{}
		x.freeze(now, ExporterRestart)
	case flow.NoteLoss:
		if n.Amount > 0 {
			x.lost[0] += min(n.Amount, 1e9)
		}
		if n.Of > 0 {
			// What came long before has no part in what is lost now.
			recent := min(1, float64(turn)/max(1, float64(now.sub(x.noted))))
			x.all[0] += min(n.Of, 1e12) * recent
		}
		x.noted = now
	case flow.NoteTemplateMissing:
		if !x.lacks {
			x.lacks = true
			x.freeze(now, TemplateMissing)
		}
	case flow.NoteTemplateArrived:
		if x.lacks {
			x.lacks = false
			x.freeze(now, TemplateMissing)
		}
	case flow.NoteTimeouts:
		x.told.active, x.told.idle = sensible(n.Active), sensible(n.Idle)
		x.next = now
	case flow.NoteSampling:
		if n.Amount >= 1 {
			x.sampled = min(n.Amount, 1e9)
		}
	}
}

func sensible(d time.Duration) time.Duration {
	if d < time.Second || d > 7*24*time.Hour {
		return 0
	}
	return d
}

func (x *exporter) samplingOf(r *flow.Record) float32 {
	switch {
	case r.Sampling >= 1:
		return float32(min(r.Sampling, 1e9))
	case x.sampled >= 1:
		return float32(x.sampled)
	}
	return 1
}
