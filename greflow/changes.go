package greflow

import "github.com/otelcol-pptp/otelcol-pptp/greflow/detect"

// changes is a ring of what has changed. When it is full the oldest makes room:
// the latest state is the one that counts.
type changes struct {
	limit int
	ring  []detect.Change // grows up to limit
	first int
	n     int
	lost  uint64
}

func (c *changes) add(x detect.Change) {
	switch {
	case c.limit == 0:
	case c.n < len(c.ring):
		c.ring[(c.first+c.n)%len(c.ring)] = x
		c.n++
	case len(c.ring) < c.limit:
		c.grow()
		c.ring[c.n] = x
		c.n++
	default:
		c.ring[c.first] = x
		c.first = (c.first + 1) % len(c.ring)
		c.lost++
	}
}

// grow doubles the ring: most never hold more than a few.
func (c *changes) grow() {
	next := make([]detect.Change, min(max(16, 2*len(c.ring)), c.limit))
	for i := range c.n {
		next[i] = c.ring[(c.first+i)%len(c.ring)]
	}
	c.ring, c.first = next, 0
}

// take appends all to dst, the oldest first, and leaves none.
func (c *changes) take(dst []detect.Change) []detect.Change {
	for i := range c.n {
		dst = append(dst, c.ring[(c.first+i)%len(c.ring)])
	}
	c.first, c.n = 0, 0
	return dst
}
