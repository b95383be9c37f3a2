package netflow

import (
	"encoding/binary"
	"net/netip"
)

// before is how many bytes must be before a record, so that a number can be read
// with the eight bytes that end where it ends. The headers are more than that.
const before = 8

// slot is where a number is: the bytes of mask that end at end, from the begin of
// the record. One that a record does not have is of no bytes, and reads as 0; so
// there is nothing to decide where a number is read.
type slot struct {
	mask uint64
	end  int
}

// place returns the slot of the n bytes before end. Of more than eight only the last count.
func place(end, n int) slot {
	if n >= 8 {
		return slot{mask: ^uint64(0), end: end}
	}
	return slot{mask: 1<<(8*n) - 1, end: end}
}

// plan says where in the records of a template the values are.
type plan struct {
	at      [slots]slot
	has     [slots]bool
	section struct {
		kind   kind
		length int // in all records, or in the one at hand
	}
	start, end, observed kind
	rare                 bool // has what [reader.rare] reads
	rates                bool // has a sampling rate
	biflow               bool
	portICMP             bool // type and code of ICMP are in the destination port
	float32              bool // the probability has four bytes
}

func (p *plan) compile(version uint16, fields []field) {
	biflow := false
	for i := range fields {
		if f := &fields[i]; f.pen == 0 && (f.id == 232 || f.id == 299) && f.length > 0 && !f.scope {
			biflow = true
		}
	}
	type claim struct {
		field int
		want  want
	}
	var claims [slots]claim
	for i := range fields {
		f := &fields[i]
		w := f.wanted(version, biflow)
		if !w.fits(int(f.length)) || p.has[w.slot] && claims[w.slot].want.rank <= w.rank {
			continue
		}
		if p.has[w.slot] {
			fields[claims[w.slot].field].slot = slotNone
		}
		p.has[w.slot], claims[w.slot] = true, claim{i, w}
		f.slot = w.slot
	}
	end := 0
	for i := range fields {
		f := &fields[i]
		end += int(f.length) // of no meaning after one of variable length; then walk sets it
		p.at[f.slot] = place(end, int(f.length))
	}
	p.at[slotNone] = slot{}

	p.start, p.end, p.observed = claims[slotStart].want.kind, claims[slotEnd].want.kind, claims[slotObserved].want.kind
	p.section.kind = claims[slotSection].want.kind
	p.section.length = int(fields[claims[slotSection].field].length)
	p.float32 = fields[claims[slotProbability].field].length == 4
	p.biflow = p.has[slotRevPackets] || p.has[slotRevBytes]
	p.portICMP = p.has[slotDstPort] && !p.has[slotICMP] && !p.has[slotICMPType]
	for s := slotInterval; s <= slotSelectedPackets; s++ {
		p.rates = p.rates || p.has[s]
	}
	for _, s := range []slotID{
		slotPhysIn, slotPhysOut, slotInit, slotDuration, slotObserved, slotDroppedPackets, slotDroppedBytes, slotFirewall,
		slotDomain, slotSrc6, slotDst6, slotPostSrc4, slotPostDst4, slotPostSrc6, slotPostDst6, slotExporter4, slotExporter6,
	} {
		p.rare = p.rare || p.has[s]
	}
}

// number reads s of the record at pos.
func (p *plan) number(s slotID, b []byte, pos int) uint64 { return p.at[s].read(b, pos) }

func (s *slot) read(b []byte, pos int) uint64 {
	return binary.BigEndian.Uint64(b[pos+s.end-before:]) & s.mask
}

// addr reads an address. One that the record does not have, or that is all zero, is the zero Addr.
func (p *plan) addr(s4, s6 slotID, b []byte, pos int) netip.Addr {
	if p.has[s4] {
		end := pos + p.at[s4].end
		if a := [4]byte(b[end-4 : end]); a != [4]byte{} {
			return netip.AddrFrom4(a)
		}
	}
	if p.has[s6] {
		end := pos + p.at[s6].end
		if a := [16]byte(b[end-16 : end]); a != [16]byte{} {
			return netip.AddrFrom16(a).Unmap()
		}
	}
	return netip.Addr{}
}

// icmpUnreachable is the type of ICMP that PPTP's detection can use.
const icmpUnreachable = 3

// icmp returns the type and code of ICMP, and whether there is a type.
func (p *plan) icmp(b []byte, pos int) (typ, code uint8, ok bool) {
	switch {
	case p.has[slotICMPType]:
		return uint8(p.number(slotICMPType, b, pos)), uint8(p.number(slotICMPCode, b, pos)), true
	case p.has[slotICMP]:
		v := p.number(slotICMP, b, pos)
		return uint8(v >> 8), uint8(v), true
	case p.portICMP:
		// A custom of NetFlow that some keep with IPFIX, as pmacct does; 0 may also be no port.
		v := p.number(slotDstPort, b, pos)
		return uint8(v >> 8), uint8(v), v != 0
	}
	return 0, 0, false
}
