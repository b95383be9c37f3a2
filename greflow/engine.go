package greflow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
)

// forgetInterval is how often the decoders drop what has aged: hours are what
// they keep things for.
const forgetInterval = time.Minute

// Engine decodes datagrams and tells the state of pairs and gateways from them.
// It is safe for concurrent use: one lock is all it takes, as even one core
// decodes more than its sockets can bring.
type Engine struct {
	allowed *allowList

	mu       sync.Mutex
	netflow  *netflow.Decoder
	sflow    *sflow.Decoder
	detector *detect.Detector
	changes  changes
	onRecord func(*flow.Record)
	onNote   func(flow.Note)
	stats    Stats // what the engine itself counts
	forgot   time.Time
}

// Stats counts what an engine did since New, and says how large its tables are.
type Stats struct {
	Datagrams  uint64 // all that came
	Bytes      uint64 // in them
	NotAllowed uint64 // datagrams of exporters that are not in the list
	Unknown    uint64 // datagrams of no version that is known

	ChangesLost uint64 // since they were not taken
	Changes     int    // that wait to be taken

	NetFlow netflow.Stats
	SFlow   sflow.Stats
	Detect  detect.Stats
}

// New returns an engine. The error is that of [Config.Validate].
func New(cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		allowed:  newAllowList(cfg.Exporters),
		netflow:  netflow.NewDecoder(cfg.NetFlow),
		sflow:    sflow.NewDecoder(cfg.SFlow),
		changes:  changes{limit: cfg.MaxChanges},
		onRecord: cfg.OnRecord,
		onNote:   cfg.OnNote,
	}
	cfg.Detect.OnChange = e.changes.add
	var err error
	e.detector, err = detect.New(cfg.Detect)
	return e, err
}

// Ingest takes one datagram, which it does not keep. An error says why it, or
// the rest of it, was not taken; it holds nothing of the datagram, is counted,
// and costs no allocation.
func (e *Engine) Ingest(from netip.AddrPort, arrival time.Time, datagram []byte) error {
	addr := from.Addr().Unmap().WithZone("")
	allowed := e.allowed.allows(addr)

	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Datagrams++
	e.stats.Bytes += uint64(len(datagram))
	if !allowed {
		e.stats.NotAllowed++
		return ErrNotAllowed
	}
	switch version(datagram) {
	case flow.NetFlow5, flow.NetFlow9, flow.IPFIX:
		return e.netflow.Decode(addr, arrival, datagram, (*sink)(e))
	case flow.SFlow5:
		return e.sflow.Decode(addr, arrival, datagram, (*sink)(e))
	}
	e.stats.Unknown++
	return ErrVersion
}

// version reads what the datagram says it is: NetFlow and IPFIX begin with 16
// bits of version, sFlow with 32.
func version(b []byte) flow.Version {
	if len(b) < 4 {
		return 0
	}
	switch v := binary.BigEndian.Uint16(b); {
	case v == 5 || v == 9 || v == 10:
		return flow.Version(v)
	case v == 0 && binary.BigEndian.Uint16(b[2:]) == 5:
		return flow.SFlow5
	}
	return 0
}

// sink is the engine as the decoders see it.
type sink Engine

func (s *sink) Record(r *flow.Record) {
	if s.onRecord != nil {
		s.onRecord(r)
	}
	s.detector.Record(r)
}

func (s *sink) Note(n flow.Note) {
	if s.onNote != nil {
		s.onNote(n)
	}
	s.detector.Note(n)
}

// Tick is to be called about once a second, with the time of the clock that
// arrivals are told by.
func (e *Engine) Tick(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.detector.Tick(now)
	if d := now.Sub(e.forgot); d >= forgetInterval || d < 0 {
		e.forgot = now
		e.netflow.Forget(now)
		e.sflow.Forget(now)
	}
}

// Changes appends to dst what has changed since it was last called, the oldest first.
func (e *Engine) Changes(dst []detect.Change) []detect.Change {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changes.take(dst)
}

// Gateways appends the summaries of all gateways to dst: those that are
// configured in their order, then those that were learned.
func (e *Engine) Gateways(dst []detect.GatewaySummary) []detect.GatewaySummary {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.detector.Gateways(dst)
}

// Stats returns what was counted until now.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Changes, s.ChangesLost = e.changes.n, e.changes.lost
	s.NetFlow, s.SFlow, s.Detect = e.netflow.Stats(), e.sflow.Stats(), e.detector.Stats()
	return s
}

// Save writes what the decoders have learned of the exporters, their templates
// above all, so that an engine can begin where this one ends.
func (e *Engine) Save(w io.Writer) error {
	var b bytes.Buffer
	if err := e.snapshot(&b); err != nil {
		return fmt.Errorf("saving templates: %w", err)
	}
	_, err := b.WriteTo(w)
	return err
}

// snapshot writes to memory: no lock is held while w is slow.
func (e *Engine) snapshot(b *bytes.Buffer) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.netflow.Save(b)
}

// Load reads what Save wrote, before the first datagram.
func (e *Engine) Load(r io.Reader, now time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.netflow.Load(r, now); err != nil {
		return fmt.Errorf("loading templates: %w", err)
	}
	return nil
}
