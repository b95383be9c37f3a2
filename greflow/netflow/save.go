package netflow

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// saveMagic begins what [Decoder.Save] writes; its last byte is the version of the
// format. After it come exporters, the one that was silent for longest first:
//
//	'E' length, address, version, domain, when it was seen, active and idle
//	    time-out, when it started in ms, rate, the number of samplers, and each as
//	    interface or not, ID and rate
//	'T' ID, options or not, number of scope fields, when it was seen, length of
//	    the specifiers, specifiers: of the exporter before it
//	'.' the end
//
// Numbers are varints, times seconds (since the epoch), rates 64-bit floats.
const saveMagic = "gre-flow\x01"

// ErrState says that what is to be loaded was not saved by [Decoder.Save], or has been damaged.
var ErrState = errors.New("saved state of flow templates is damaged, of another version, or of something else: remove it")

// Save writes the templates, the sampling and the time-outs of all exporters.
func (d *Decoder) Save(w io.Writer) error {
	out := bufio.NewWriter(w)
	b := append([]byte(nil), saveMagic...)
	for e := d.byUse.Back(); e != nil; e = e.Prev() {
		s := e.Value.(*scope)
		if len(s.templates) == 0 && s.timeouts == (timeouts{}) && s.started == 0 && s.rates.domain == 0 && len(s.rates.samplers) == 0 {
			continue
		}
		b = s.save(b)
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("save flow templates: %w", err)
		}
		b = b[:0]
	}
	b = append(b, '.')
	if _, err := out.Write(b); err != nil {
		return fmt.Errorf("save flow templates: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("save flow templates: %w", err)
	}
	return nil
}

func (s *scope) save(b []byte) []byte {
	number := func(v uint64) { b = binary.AppendUvarint(b, v) }
	float := func(v float64) { b = binary.BigEndian.AppendUint64(b, math.Float64bits(v)) }
	flag := func(v bool) {
		if v {
			number(1)
		} else {
			number(0)
		}
	}
	addr := s.exporter.Addr.AsSlice()
	b = append(b, 'E')
	number(uint64(len(addr)))
	b = append(b, addr...)
	number(uint64(s.version))
	number(uint64(s.exporter.Domain))
	number(uint64(max(s.seen, 0) / int64(time.Second)))
	number(uint64(s.timeouts.active / time.Second))
	number(uint64(s.timeouts.idle / time.Second))
	number(uint64(s.started))
	float(s.rates.domain)
	number(uint64(len(s.rates.samplers)))
	for i := range s.rates.samplers {
		v := &s.rates.samplers[i]
		flag(v.iface)
		number(v.id)
		float(v.rate)
	}
	for e := s.byUse.Back(); e != nil; e = e.Prev() {
		t := e.Value.(*template)
		b = append(b, 'T')
		number(uint64(t.id))
		flag(t.options)
		number(uint64(t.scopes))
		number(uint64(max(t.seen, 0) / int64(time.Second)))
		number(uint64(len(t.wire)))
		b = append(b, t.wire...)
	}
	return b
}

// Load reads what [Decoder.Save] has written, at most as much as the bounds allow.
// Of what is known already nothing changes. Templates that have aged are left out,
// and the others are provisional: until they are announced again, data is decoded
// only if it fits them exactly. What comes before an error is loaded.
func (d *Decoder) Load(r io.Reader, now time.Time) error {
	l := loader{d: d, in: bufio.NewReader(r), now: now}
	var magic [len(saveMagic)]byte
	l.bytes(magic[:])
	if l.err == nil && string(magic[:]) != saveMagic {
		l.err = ErrState
	}
	for l.err == nil {
		switch l.byte() {
		case 'E':
			l.exporter()
		case 'T':
			l.template()
		case '.':
			return nil
		default:
			l.damaged()
		}
	}
	return fmt.Errorf("load flow templates: %w", l.err)
}

// loader reads saved state. After an error it reads zeros.
type loader struct {
	d   *Decoder
	in  *bufio.Reader
	now time.Time
	err error
	s   *scope // of the last exporter; nil if it is left out
	// buf holds the specifiers of one template.
	buf []byte
}

func (l *loader) damaged() {
	if l.err == nil {
		l.err = ErrState
	}
}

func (l *loader) failed(err error) bool {
	if l.err == nil && err != nil {
		l.err = err
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			l.err = fmt.Errorf("%w: %w", ErrState, io.ErrUnexpectedEOF)
		}
	}
	return l.err != nil
}

func (l *loader) bytes(b []byte) {
	if l.err == nil {
		_, err := io.ReadFull(l.in, b)
		l.failed(err)
	}
}

func (l *loader) byte() byte {
	if l.err != nil {
		return 0
	}
	b, err := l.in.ReadByte()
	l.failed(err)
	return b
}

// number reads a number that is at most limit.
func (l *loader) number(limit uint64) uint64 {
	if l.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(l.in)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrState // a varint of more than 64 bits
	}
	if l.failed(err) {
		return 0
	}
	if v > limit {
		l.damaged()
		return 0
	}
	return v
}

// rate reads a rate that is 0 or can be one.
func (l *loader) rate() float64 {
	var b [8]byte
	l.bytes(b[:])
	v := math.Float64frombits(binary.BigEndian.Uint64(b[:]))
	if v != 0 && ratio(v, 1) == 0 {
		l.damaged()
		return 0
	}
	return v
}

// time reads a time, which is not in the future, and says whether it is too long ago.
func (l *loader) time() (ns int64, aged bool) {
	v := l.number(math.MaxInt64 / uint64(time.Second))
	ns = min(int64(v)*int64(time.Second), l.now.UnixNano())
	return ns, l.now.UnixNano()-ns > int64(l.d.cfg.TemplateTTL)
}

func (l *loader) exporter() {
	var addr [16]byte
	n := int(l.number(16))
	l.bytes(addr[:n])
	ip, ok := netip.AddrFromSlice(addr[:n])
	version := uint16(l.number(10))
	e := flow.Exporter{Addr: ip.Unmap(), Version: flow.Version(version), Domain: uint32(l.number(math.MaxUint32))}
	seen, aged := l.time()
	t := timeouts{active: l.seconds(), idle: l.seconds()}
	started := int64(l.number(maxMillis))
	rates := rates{domain: l.rate()}
	for range l.number(maxSamplers) {
		v := sampler{iface: l.number(1) == 1, id: l.number(math.MaxUint64), rate: l.rate()}
		if l.err == nil && v.rate > 0 {
			rates.set(v)
		}
	}
	if !ok || version != 5 && version != 9 && version != 10 {
		l.damaged()
	}
	l.s = nil
	if l.err != nil || aged || l.d.scopes[e] != nil {
		return
	}
	if s := l.d.scope(e, version, seen); s != nil {
		s.timeouts, s.rates = t, rates
		if version == 10 { // the header of the others tells it
			s.started = started
		}
		l.s = s
	}
}

func (l *loader) seconds() time.Duration {
	return time.Duration(l.number(uint64(maxActive)/uint64(time.Second))) * time.Second
}

func (l *loader) template() {
	id := uint16(l.number(math.MaxUint16))
	options := l.number(1) == 1
	scopes := int(l.number(math.MaxUint16))
	seen, aged := l.time()
	n := int(l.number(8 * math.MaxUint16))
	if n > 8*l.d.cfg.MaxFields { // saved with a larger bound
		_, err := io.CopyN(io.Discard, l.in, int64(n))
		l.failed(err)
		return
	}
	if cap(l.buf) < n {
		l.buf = make([]byte, n)
	}
	wire := l.buf[:n]
	l.bytes(wire)
	if l.err != nil || l.s == nil || aged {
		return
	}
	count := 0
	for at := 0; at < n; count++ {
		size := specifiers(wire[at:], 1, l.s.version)
		if size < 0 {
			l.damaged()
			return
		}
		at += size
	}
	if id < firstData || scopes > count || l.s.version == 5 {
		l.damaged()
		return
	}
	if t := l.d.learn(l.s, id, options, scopes, count, wire, seen); t != nil {
		t.provisional = true
	}
}
