package netflow

import "math/rand/v2"

// generator makes streams of what exporters might send, and worse.
type generator struct{ *rand.Rand }

func (g generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g generator) field(version int) spec {
	ids := [...]uint16{1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 14, 16, 21, 22, 32, 34, 36, 48, 61, 89, 96, 130, 136, 148, 152, 153, 225, 233, 305, 306, 33002}
	f := spec{id: ids[g.IntN(len(ids))]}
	if version == 10 {
		f.id &= 0x7fff
	}
	switch g.IntN(12) {
	case 0:
		f.length = uint16(g.IntN(20))
	case 1:
		f.length = variableLength
	default:
		f.length = map[uint16]uint16{
			1: 8, 2: 4, 4: 1, 5: 1, 6: 1, 7: 2, 8: 4, 10: 4, 11: 2, 12: 4, 14: 4, 61: 1, 89: 1, 136: 1, 152: 8, 153: 8, 233: 1,
		}[f.id]
		if f.length == 0 {
			f.length = 4
		}
	}
	if version == 10 && g.IntN(8) == 0 {
		f.pen = [...]uint32{9, 2636, reversePEN}[g.IntN(3)]
	}
	if f.length == variableLength {
		f.bytes = g.bytes([...]int{0, 3, 20, 300}[g.IntN(4)])
	} else {
		f.bytes = g.bytes(int(f.length))
	}
	return f
}

func (g generator) stream() (out [][]byte) {
	version := 9 + g.IntN(2)
	e := newExporter(version)
	e.domain = uint32(g.IntN(3))
	layouts := map[uint16][]spec{}
	for range 2 + g.IntN(6) {
		var sets [][]byte
		for range 1 + g.IntN(4) {
			id := uint16(256 + g.IntN(4))
			if known := layouts[id]; known != nil && g.IntN(4) != 0 {
				var body [][]byte
				for range g.IntN(5) {
					for i := range known {
						if known[i].length != variableLength {
							known[i].bytes = g.bytes(int(known[i].length))
						}
					}
					body = append(body, record(known...))
				}
				sets = append(sets, set(id, append(body, make([]byte, g.IntN(4)))...))
				continue
			}
			var fields []spec
			for range 1 + g.IntN(12) {
				fields = append(fields, g.field(version))
			}
			layouts[id] = fields
			made := e.data(id, fields...)
			if g.IntN(3) == 0 {
				made = e.options(id, 1+g.IntN(len(fields)), fields...)
			}
			sets = append(sets, made[:1+g.IntN(2)]...)
		}
		out = append(out, unlimited(e.send(1, sets...)))
	}
	return out
}

// mutate spoils datagrams, but for what the harness needs.
func (g generator) mutate(stream [][]byte) {
	for i, b := range stream {
		if g.IntN(3) != 0 {
			continue
		}
		for range 1 + g.IntN(4) {
			at := headerIPFIX + g.IntN(len(b)-headerIPFIX)
			switch g.IntN(4) {
			case 0:
				b[at] = byte(g.Uint32())
			case 1:
				b[at] ^= 1 << g.IntN(8)
			case 2:
				b[at] = [...]byte{0, 1, 255}[g.IntN(3)]
			default:
				copy(b[at:], b[headerIPFIX+g.IntN(len(b)-headerIPFIX):])
			}
		}
		if g.IntN(8) == 0 {
			b = b[:headerV9+g.IntN(len(b)-headerV9+1)]
		}
		stream[i] = unlimited(b)
	}
}

// unlimited sets the count or the length in a header so that goflow2 goes to the end of the datagram.
func unlimited(b []byte) []byte {
	if len(b) >= headerIPFIX {
		be.PutUint16(b[2:], uint16(len(b)))
		if be.Uint16(b) == 9 {
			be.PutUint16(b[2:], 65535)
		}
	}
	return b
}
