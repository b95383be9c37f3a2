package netflow

import (
	"container/list"
	"encoding/binary"
	"unsafe"
)

// variableLength as the length of a field says that each record has its own (RFC
// 7011 section 7). Some exporters of NetFlow v9 do the same.
const variableLength = 65535

// field is one field of a template.
type field struct {
	pen    uint32
	id     uint16
	length uint16
	slot   slotID // what is read from it, if anything
	scope  bool
}

// template is a layout of records, compiled.
type template struct {
	id      uint16
	options bool
	scopes  int    // how many of the fields are scope
	wire    []byte // the field specifiers as they came, to know a repetition and to save
	fields  []field
	size    int  // of the smallest record
	fixed   bool // all records have that size
	// provisional templates are from before a restart of the exporter, or of ours:
	// data must fit them exactly until they are announced again.
	provisional bool
	seen        int64 // when it was last announced or used
	plan        plan
	element     *list.Element // in scope.byUse
}

// cost is what t takes of Config.MaxBytes.
func (t *template) cost() int64 {
	const overhead = unsafe.Sizeof(template{}) + unsafe.Sizeof(list.Element{}) + 48 // and its place in a map
	return int64(overhead) + int64(cap(t.wire)) + int64(cap(t.fields))*int64(unsafe.Sizeof(field{}))
}

// specifiers returns the length of the first n field specifiers in b, or -1 if they are cut off.
func specifiers(b []byte, n int, version uint16) int {
	at := 0
	for range n {
		if len(b)-at < 4 {
			return -1
		}
		if version == 10 && b[at]&0x80 != 0 { // enterprise bit, RFC 7011 section 3.2
			at += 4
		}
		at += 4
	}
	if at > len(b) {
		return -1
	}
	return at
}

// compile makes a template of whole field specifiers.
func compile(version, id uint16, options bool, scopes int, wire []byte) (*template, bool) {
	t := &template{id: id, options: options, scopes: scopes, wire: append([]byte(nil), wire...), fixed: true}
	n := 0
	for at := 0; at < len(wire); n++ {
		at += specifiers(wire[at:], 1, version)
	}
	t.fields = make([]field, 0, n)
	for b := wire; len(b) > 0; {
		f := field{id: binary.BigEndian.Uint16(b), length: binary.BigEndian.Uint16(b[2:]), scope: len(t.fields) < scopes}
		b = b[4:]
		if version == 10 && f.id&0x8000 != 0 {
			f.id, f.pen = f.id&0x7fff, binary.BigEndian.Uint32(b)
			b = b[4:]
		}
		if f.length == variableLength {
			t.fixed = false
			t.size++
		} else {
			t.size += int(f.length)
		}
		t.fields = append(t.fields, f)
	}
	if t.size == 0 {
		return nil, false
	}
	t.plan.compile(version, t.fields)
	return t, true
}

// walk goes over the fields of the record at pos, in a set that ends at hi. It puts
// where they are into p, and returns where the record ends; false if beyond hi.
func (t *template) walk(p *plan, b []byte, pos, hi int) (int, bool) {
	at := pos
	for i := range t.fields {
		f := &t.fields[i]
		n := int(f.length)
		if n == variableLength {
			if n, at = variable(b, at, hi); n < 0 {
				return at, false
			}
		}
		if n > hi-at {
			return at, false
		}
		at += n
		if f.slot != slotNone {
			p.at[f.slot] = place(at-pos, n)
			if f.slot == slotSection {
				p.section.length = n
			}
		}
	}
	return at, true
}

// variable reads the length of a field of variable length, and returns it with
// where the field begins; the length is -1 if it is beyond hi.
func variable(b []byte, at, hi int) (length, begin int) {
	if at >= hi {
		return -1, at
	}
	n := int(b[at])
	if n < 255 {
		return n, at + 1
	}
	if hi-at < 3 {
		return -1, at
	}
	return int(binary.BigEndian.Uint16(b[at+1:])), at + 3
}

// divides says whether a set of n bytes is records of t and padding to a multiple of four.
func (t *template) divides(b []byte, lo, hi int) bool {
	if t.fixed {
		return hi-lo >= t.size && (hi-lo)%t.size < 4
	}
	var p plan
	pos := lo
	for hi-pos >= t.size {
		end, ok := t.walk(&p, b, pos, hi)
		if !ok {
			return false
		}
		pos = end
	}
	return pos > lo && hi-pos < 4
}
