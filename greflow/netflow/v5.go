package netflow

import "github.com/otelcol-pptp/otelcol-pptp/greflow/flow"

// templateV5 is the layout of a NetFlow v5 record, in the terms of v9.
var templateV5 = func() *template {
	t, _ := compile(5, 0, false, 0, []byte{
		0, 8, 0, 4, 0, 12, 0, 4, 0, 15, 0, 4, // addresses: source, destination, next hop
		0, 10, 0, 2, 0, 14, 0, 2, // interfaces
		0, 2, 0, 4, 0, 1, 0, 4, // packets, bytes
		0, 22, 0, 4, 0, 21, 0, 4, // first, last
		0, 7, 0, 2, 0, 11, 0, 2, // ports
		0, 210, 0, 1, 0, 6, 0, 1, 0, 4, 0, 1, 0, 5, 0, 1, // padding, TCP flags, protocol, TOS
		0, 16, 0, 2, 0, 17, 0, 2, 0, 9, 0, 1, 0, 13, 0, 1, 0, 210, 0, 2, // AS numbers, masks, padding
	})
	return t
}()

// v5 decodes the records of NetFlow v5, of which the header's count is sound.
func (r *reader) v5(h *header, b []byte) int {
	if h.rate > 0 && r.s.rates.setDomain(h.rate) {
		r.note(flow.Note{Kind: flow.NoteSampling, Amount: h.rate})
	}
	n, _ := r.data(templateV5, b, headerV5, headerV5+h.count*recordV5)
	return n
}
