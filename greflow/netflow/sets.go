package netflow

import (
	"bytes"
	"encoding/binary"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// The IDs of sets that hold templates; those of data begin at firstData.
const (
	setTemplateV9    = 0
	setOptionsV9     = 1
	setTemplateIPFIX = 2
	setOptionsIPFIX  = 3
	firstData        = 256
)

// sets decodes the sets of NetFlow v9 or IPFIX between pos and end.
func (r *reader) sets(b []byte, pos, end int) (in contents) {
	in.sure = true
	for end-pos >= 4 {
		id, length := binary.BigEndian.Uint16(b[pos:]), int(binary.BigEndian.Uint16(b[pos+2:]))
		if length < 4 || length > end-pos {
			r.d.fail(ReasonSetLength)
			in.sure = false
			return in
		}
		lo, hi := pos+4, pos+length
		pos = hi
		switch {
		case id >= firstData:
			r.set(id, b, lo, hi, &in)
		case r.s.version == 9 && id <= setOptionsV9:
			r.templates(b[lo:hi], id == setOptionsV9)
		case r.s.version == 10 && (id == setTemplateIPFIX || id == setOptionsIPFIX):
			r.templates(b[lo:hi], id == setOptionsIPFIX)
		default:
			r.d.fail(ReasonSetID)
		}
	}
	return in
}

// set decodes a set of data, or keeps it until its template comes.
func (r *reader) set(id uint16, b []byte, lo, hi int, in *contents) {
	s := r.s
	t := s.templates[id]
	if t == nil || t.provisional && !t.divides(b, lo, hi) {
		r.d.stats.TemplateMisses++
		if s.missing.add(id, r.clock.arrival) {
			r.note(flow.Note{Kind: flow.NoteTemplateMissing})
		}
		r.d.wait(s, id, r.clock, b[lo:hi])
		in.sure = false
		return
	}
	t.seen = r.clock.arrival
	s.byUse.MoveToFront(t.element)
	n, complete := r.data(t, b, lo, hi)
	in.records += n
	if t.options {
		in.options += n
	}
	in.sure = in.sure && complete
}

// templates takes the templates of a set.
func (r *reader) templates(b []byte, options bool) {
	version := r.s.version
	for len(b) >= 4 {
		id, count := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if count == 0 && id == 0 {
			b = b[4:] // padding
			continue
		}
		if count == 0 && version == 10 {
			r.withdraw(id, options)
			b = b[4:]
			continue
		}
		scopes := 0
		b = b[4:]
		if options {
			if len(b) < 2 {
				r.d.fail(ReasonTemplate)
				return
			}
			n := int(binary.BigEndian.Uint16(b))
			b = b[2:]
			if version == 9 { // both are lengths in bytes, of the scope and of the rest (RFC 3954 section 6.1)
				if count%4 != 0 || n%4 != 0 {
					r.d.fail(ReasonTemplate)
					return
				}
				scopes, count = count/4, (count+n)/4
			} else {
				scopes = n
			}
		}
		size := specifiers(b, count, version)
		if id < firstData || size < 0 || scopes > count {
			r.d.fail(ReasonTemplate)
			return
		}
		r.announce(id, options, scopes, count, b[:size])
		b = b[size:]
	}
}

// announce takes a template. One that cannot be used displaces what its ID meant
// before, for it does not mean that any more.
func (r *reader) announce(id uint16, options bool, scopes, count int, wire []byte) {
	d, s := r.d, r.s
	t := s.templates[id]
	if t != nil && t.options == options && t.scopes == scopes && bytes.Equal(t.wire, wire) {
		t.seen, t.provisional = r.clock.arrival, false
		s.byUse.MoveToFront(t.element)
	} else {
		if t = d.learn(s, id, options, scopes, count, wire, r.clock.arrival); t == nil {
			return
		}
	}
	r.replay(t)
	if s.missing.arrived(id) {
		r.note(flow.Note{Kind: flow.NoteTemplateArrived})
	}
}

// learn compiles a template and puts it in the place of what its ID meant before.
func (d *Decoder) learn(s *scope, id uint16, options bool, scopes, count int, wire []byte, now int64) *template {
	if old := s.templates[id]; old != nil {
		d.dropTemplate(s, old)
	}
	if count > d.cfg.MaxFields {
		d.fail(ReasonFields)
		return nil
	}
	t, ok := compile(s.version, id, options, scopes, wire)
	if !ok {
		d.fail(ReasonTemplateSize)
		return nil
	}
	if len(s.templates) >= d.cfg.MaxTemplates {
		d.dropTemplate(s, s.byUse.Back().Value.(*template))
		d.stats.TemplatesEvicted++
	}
	if !d.room(s.peer, s, t.cost(), 0) {
		d.fail(ReasonMemory)
		return nil
	}
	t.seen, t.element = now, s.byUse.PushFront(t)
	s.templates[id] = t
	d.templates++
	d.charge(s, t.cost())
	d.stats.TemplatesLearned++
	return t
}

// withdraw forgets a template, or all of a kind (RFC 7011 section 8.1).
func (r *reader) withdraw(id uint16, options bool) {
	all := id == setTemplateIPFIX && !options || id == setOptionsIPFIX && options
	if id < firstData && !all {
		r.d.fail(ReasonTemplate)
		return
	}
	if !all {
		if t := r.s.templates[id]; t != nil && t.options == options {
			r.d.dropTemplate(r.s, t)
			r.d.stats.TemplatesWithdrawn++
		}
		return
	}
	for _, t := range r.s.templates {
		if t.options == options {
			r.d.dropTemplate(r.s, t)
			r.d.stats.TemplatesWithdrawn++
		}
	}
}
