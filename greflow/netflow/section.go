package netflow

import (
	"github.com/otelcol-pptp/otelcol-pptp/greflow/packet"
)

// packet delivers a record with a packet section: its packet is what it is about.
func (r *reader) packet(p *plan, b []byte, pos int) {
	end := pos + p.at[slotSection].end
	section := b[end-p.section.length : end]
	if p.section.kind == kindPayload {
		if r.d.cfg.All || p.ours(b, pos) {
			r.begin()
			r.extract(p, b, pos)
			packet.FillPayload(&r.rec, section)
			r.count.Delivered++
			r.sink.Record(&r.rec)
		}
		return
	}
	link := packet.LinkEthernet
	if p.section.kind == kindPacket {
		link = packet.LinkIP
	}
	h, ok := packet.Find(link, section)
	if !ok {
		r.d.stats.SectionsUndecodable++
		if p.has[slotProto] && (r.d.cfg.All || p.ours(b, pos)) {
			r.begin()
			r.deliver(p, b, pos)
		}
		return
	}
	if !r.d.cfg.All && !h.Relevant() {
		return
	}
	r.begin()
	r.extract(p, b, pos)
	h.Fill(&r.rec)
	if !p.has[slotPackets] {
		r.rec.Packets = 1
		if !p.has[slotBytes] {
			r.rec.Bytes = p.number(slotFrameSize, b, pos)
		}
	}
	r.count.Delivered++
	r.sink.Record(&r.rec)
}
