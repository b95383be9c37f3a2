package detect

import (
	"math"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Detector tells the state of each pair of client and gateway from flow records.
// It is not safe for concurrent use. Record allocates nothing but when a pair, a
// gateway or an exporter is new.
type Detector struct {
	cfg       Config
	evidence  float64 // -ln of the chance that one pass may leave
	clock     clock
	exporters exporters
	gateways  directory
	table     table
	pending   pending
	sweep     sweep
	stats     Stats
}

var _ flow.Sink = (*Detector)(nil)

// New returns a detector. The error is that of [Config.Validate].
func New(cfg Config) (*Detector, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	d := &Detector{
		cfg:      cfg,
		evidence: -math.Log(cfg.FalseAlarm) / float64(cfg.Passes),
		gateways: newDirectory(&cfg),
		table:    newTable(cfg.MaxPairs),
		pending:  newPending(cfg.MaxPending),
	}
	d.exporters = newExporters(&d.cfg)
	return d, nil
}

// Record takes the evidence out of r, which is not kept.
func (d *Detector) Record(r *flow.Record) {
	d.stats.Records++
	d.advance(r.Arrival)
	gre, control := r.IsGRE(), r.IsControl()
	if !(gre || control || r.HasICMP) || !r.Src.IsValid() || !r.Dst.IsValid() {
		d.stats.Ignored++
		return
	}
	now := d.clock.now()
	id, x := d.exporters.of(r.Exporter, now)
	if x == nil {
		d.stats.ExporterRefused++
		return
	}
	if r.HasICMP && !gre && !control {
		d.icmp(r, now)
		return
	}
	p, way := d.find(r, gre, now)
	if p == nil {
		return
	}
	var o observation // A literal would be put together elsewhere and copied: 5 ns.
	o.exporter, o.x, o.now = id, x, now
	o.point, o.sampling = observationPoint(id, r), x.samplingOf(r)
	var sane bool
	if o.start, o.end, sane = x.times(r, &d.clock); !sane {
		d.stats.InsaneTimes++
	}
	p.records++
	p.seen = now
	p.flags |= flagSeen
	if r.Drop != flow.NotDropped {
		d.drop(p, way, r, &o, gre)
		return
	}
	g := &d.gateways.all[p.gateway]
	if gre {
		d.gre(p, g, way, r, &o)
	} else {
		d.control(p, g, way, r, &o)
	}
}

// Note takes what an exporter tells of itself.
func (d *Detector) Note(n flow.Note) {
	d.advance(n.Arrival)
	now := d.clock.now()
	_, x := d.exporters.of(n.Exporter, now)
	if x == nil {
		return
	}
	if n.Kind == flow.NoteRestart {
		d.stats.Restarts++
	}
	x.note(&n, now)
}

// Tick is to be called once a second, and at least every ten. It evaluates the
// pairs in turn, each once in Config.EvalInterval, and at most a fifth of
// Config.MaxPairs in one call, or 1024 if that is more.
func (d *Detector) Tick(now time.Time) {
	d.advance(now.UnixNano())
	d.sweepPairs()
	d.sweepGateways()
}

func (d *Detector) advance(wall int64) {
	if d.clock.advance(wall) {
		// What came while time stood still is not known: start over.
		d.exporters.freezeAll(d.clock.now())
	}
}

// TellControl says that another source (RADIUS, a session table) knows the control connection of
// this pair to be alive for the given time, for exporters that sample too thinly
// to show it. It returns false if the gateway is not known or the table has no room.
func (d *Detector) TellControl(client, server netip.Addr, until time.Time) bool {
	client, server = client.Unmap().WithZone(""), server.Unmap().WithZone("")
	i := d.gateways.find(server)
	if i == noGateway || !client.IsValid() {
		return false
	}
	now := d.clock.now()
	k, _ := keyOf(client, server)
	p := d.table.get(k)
	if p == nil {
		p = d.admit(client, server, i, now)
	}
	ahead := until.UnixNano() - d.clock.wall
	p = d.resolve(p, now)
	if p.told < now {
		p.clear = now
		p.forget(now)
	}
	p.told = now + span(time.Duration(min(max(ahead, 0), int64(24*time.Hour))))
	return true
}

// Gateways appends the summaries of all gateways to dst: the configured ones in
// their order, then the learned ones, of which those without a pair are forgotten in time.
func (d *Detector) Gateways(dst []GatewaySummary) []GatewaySummary {
	for i := range d.gateways.all {
		if g := &d.gateways.all[i]; !g.forgotten() {
			dst = append(dst, g.summary())
		}
	}
	return dst
}

// Stats returns what was counted until now.
func (d *Detector) Stats() Stats {
	s := d.stats
	s.ClockSteps = d.clock.steps
	s.ExporterSteps = d.exporters.steps()
	s.Pairs, s.Exporters = d.table.len(), len(d.exporters.all)
	s.Gateways, s.Pending = len(d.gateways.all)-len(d.gateways.free), d.pending.len()
	s.PendingOverwrites = d.pending.overwrites
	s.EvictedIdle, s.EvictedUnknown, s.EvictedLeastUsed = d.table.evicted[classIdle], d.table.evicted[classUnknown], d.table.evicted[classRest]
	s.Bytes = d.table.bytes() + d.pending.bytes() + d.exporters.bytes()
	return s
}
