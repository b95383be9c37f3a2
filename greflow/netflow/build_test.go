package netflow

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

var (
	be     = binary.BigEndian
	router = netip.MustParseAddr("192.0.2.1")
	// noon is the export time of all test datagrams, and their arrival.
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// uptime of the exporter at noon, in ms.
const uptime = 100_000_000

// spec is a field of a template with what the records of a test have in it.
type spec struct {
	id     uint16
	length uint16
	value  uint64 // or, for more than eight bytes, bytes
	bytes  []byte
	pen    uint32
}

func (s spec) append(b []byte) []byte {
	n := int(s.length)
	if s.length == variableLength {
		if len(s.bytes) >= 255 {
			b = append(b, 255, byte(len(s.bytes)>>8))
		}
		return append(append(b, byte(len(s.bytes))), s.bytes...)
	}
	if s.bytes != nil {
		return append(b, s.bytes[:n]...)
	}
	for i := n - 1; i >= 0; i-- {
		if i >= 8 {
			b = append(b, 0)
			continue
		}
		b = append(b, byte(s.value>>(8*i)))
	}
	return b
}

func addr(id uint16, s string) spec {
	b := netip.MustParseAddr(s).AsSlice()
	return spec{id: id, length: uint16(len(b)), bytes: b}
}

func num(id, length uint16, v uint64) spec { return spec{id: id, length: length, value: v} }

func vary(id uint16, b []byte) spec { return spec{id: id, length: variableLength, bytes: b} }

func pen(p uint32, s spec) spec { s.pen = p; return s }

// record returns the bytes of a record.
func record(fields ...spec) (b []byte) {
	for _, f := range fields {
		b = f.append(b)
	}
	return b
}

// with returns fields in which those of the same ID take the place of the old ones; others are added.
func with(fields []spec, more ...spec) []spec {
	out := append([]spec(nil), fields...)
next:
	for _, m := range more {
		for i := range out {
			if out[i].id == m.id && out[i].pen == m.pen {
				out[i] = m
				continue next
			}
		}
		out = append(out, m)
	}
	return slices.Clip(out)
}

// without leaves out fields.
func without(fields []spec, ids ...uint16) (out []spec) {
next:
	for _, f := range fields {
		for _, id := range ids {
			if f.id == id {
				continue next
			}
		}
		out = append(out, f)
	}
	return slices.Clip(out)
}

func set(id uint16, body ...[]byte) []byte {
	b := be.AppendUint16(nil, id)
	b = be.AppendUint16(b, 0)
	for _, x := range body {
		b = append(b, x...)
	}
	be.PutUint16(b[2:], uint16(len(b)))
	return b
}

func specifier(b []byte, f spec) []byte {
	id := f.id
	if f.pen != 0 {
		id |= 0x8000
	}
	b = be.AppendUint16(b, id)
	b = be.AppendUint16(b, f.length)
	if f.pen != 0 {
		b = be.AppendUint32(b, f.pen)
	}
	return b
}

// layout returns a template record.
func layout(id uint16, fields ...spec) []byte {
	b := be.AppendUint16(nil, id)
	b = be.AppendUint16(b, uint16(len(fields)))
	for _, f := range fields {
		b = specifier(b, f)
	}
	return b
}

// optionLayout returns an options template record, of IPFIX or NetFlow v9.
func optionLayout(version int, id uint16, scopes int, fields ...spec) []byte {
	b := be.AppendUint16(nil, id)
	if version == 9 {
		b = be.AppendUint16(b, uint16(4*scopes))
		b = be.AppendUint16(b, uint16(4*(len(fields)-scopes)))
	} else {
		b = be.AppendUint16(b, uint16(len(fields)))
		b = be.AppendUint16(b, uint16(scopes))
	}
	for _, f := range fields {
		b = specifier(b, f)
	}
	return b
}

// exporter makes datagrams with sequence numbers as they should be.
type exporter struct {
	version  int
	domain   uint32
	sequence uint32
	at       time.Time
	uptime   uint32
}

func newExporter(version int) *exporter {
	return &exporter{version: version, at: noon, uptime: uptime, domain: 7}
}

// send returns a datagram of sets, with that many data records.
func (e *exporter) send(records int, sets ...[]byte) []byte {
	var b []byte
	b = be.AppendUint16(b, uint16(e.version))
	b = be.AppendUint16(b, uint16(len(sets)))
	switch e.version {
	case 9:
		b = be.AppendUint32(b, e.uptime)
		b = be.AppendUint32(b, uint32(e.at.Unix()))
		b = be.AppendUint32(b, e.sequence)
		e.sequence++
	default:
		b = be.AppendUint32(b, uint32(e.at.Unix()))
		b = be.AppendUint32(b, e.sequence)
		e.sequence += uint32(records)
	}
	b = be.AppendUint32(b, e.domain)
	for _, s := range sets {
		b = append(b, s...)
	}
	if e.version == 10 {
		be.PutUint16(b[2:], uint16(len(b)))
	}
	return b
}

// data returns the set of a template with a record, and one of that record.
func (e *exporter) data(id uint16, fields ...spec) [][]byte {
	template := uint16(setTemplateV9)
	if e.version == 10 {
		template = setTemplateIPFIX
	}
	return [][]byte{set(template, layout(id, fields...)), set(id, record(fields...))}
}

// options is the same for option data.
func (e *exporter) options(id uint16, scopes int, fields ...spec) [][]byte {
	template := uint16(setOptionsV9)
	if e.version == 10 {
		template = setOptionsIPFIX
	}
	return [][]byte{set(template, optionLayout(e.version, id, scopes, fields...)), set(id, record(fields...))}
}

// v5 returns a datagram of NetFlow v5 with records made by [recordOfV5].
func (e *exporter) v5(sampling uint16, records ...[]byte) []byte {
	b := be.AppendUint16(nil, 5)
	b = be.AppendUint16(b, uint16(len(records)))
	b = be.AppendUint32(b, e.uptime)
	b = be.AppendUint32(b, uint32(e.at.Unix()))
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, e.sequence)
	b = be.AppendUint16(b, uint16(e.domain))
	b = be.AppendUint16(b, sampling)
	for _, r := range records {
		b = append(b, r...)
	}
	e.sequence += uint32(len(records))
	return b
}

func recordOfV5(src, dst string, proto byte, srcPort, dstPort uint16) []byte {
	b := append(netip.MustParseAddr(src).AsSlice(), netip.MustParseAddr(dst).AsSlice()...)
	b = be.AppendUint32(b, 0)           // next hop
	b = be.AppendUint16(b, 3)           // in
	b = be.AppendUint16(b, 4)           // out
	b = be.AppendUint32(b, 10)          // packets
	b = be.AppendUint32(b, 1000)        // bytes
	b = be.AppendUint32(b, uptime-5000) // first
	b = be.AppendUint32(b, uptime-1000) // last
	b = be.AppendUint16(b, srcPort)
	b = be.AppendUint16(b, dstPort)
	b = append(b, 0, 0x12, proto, 0)
	return append(b, make([]byte, 8)...)
}

// gre has the fields of a common template, and in them a record of GRE.
func gre() []spec {
	return []spec{
		addr(8, "198.51.100.1"), addr(12, "203.0.113.1"), num(4, 1, 47), num(7, 2, 0), num(11, 2, 0),
		num(10, 4, 3), num(14, 4, 4), num(2, 4, 10), num(1, 4, 1000),
		num(22, 4, uptime-5000), num(21, 4, uptime-1000), num(6, 1, 0), num(61, 1, 0), num(136, 1, 2),
	}
}

// collected is a sink that keeps what it gets.
type collected struct {
	records []flow.Record
	notes   []flow.Note
}

func (c *collected) Record(r *flow.Record) { c.records = append(c.records, *r) }
func (c *collected) Note(n flow.Note)      { c.notes = append(c.notes, n) }

// kinds are the notes that are not [flow.NoteSeen].
func (c *collected) kinds() (kinds []flow.NoteKind) {
	for _, n := range c.notes {
		if n.Kind != flow.NoteSeen {
			kinds = append(kinds, n.Kind)
		}
	}
	return kinds
}

// bench is a decoder with what it has given.
type bench struct {
	*Decoder
	collected
	t *testing.T
}

func newBench(t *testing.T, cfg Config) *bench {
	return &bench{Decoder: NewDecoder(cfg), t: t}
}

// take decodes a datagram that is in order.
func (b *bench) take(datagram []byte) {
	b.t.Helper()
	require.NoError(b.t, b.Decode(router, noon, datagram, &b.collected))
}

// refuse decodes a datagram that is not.
func (b *bench) refuse(why Reason, datagram []byte) {
	b.t.Helper()
	err := b.Decode(router, noon, datagram, &b.collected)
	var e *Error
	require.ErrorAs(b.t, err, &e)
	require.Equal(b.t, why.String(), e.Reason.String())
}

// one decodes a datagram and returns its only record.
func (b *bench) one(datagram []byte) flow.Record {
	b.t.Helper()
	before := len(b.records)
	b.take(datagram)
	require.Len(b.t, b.records, before+1)
	return b.records[before]
}

// decodeOne decodes a template and a record of these fields with a new decoder.
func decodeOne(t *testing.T, version int, fields ...spec) flow.Record {
	t.Helper()
	e := newExporter(version)
	return newBench(t, Config{All: true}).one(e.send(1, e.data(256, fields...)...))
}
