package detect

// call is a Call ID that was seen one way. Which ID the same call has the other
// way only its control connection tells; but how many calls go each way shows that one
// has no answer.
type call struct {
	id    uint16
	count uint16
	last  stamp
}

// call takes in the Call ID of a record. When there are too many, the one least recently
// seen is forgotten.
func (p *pair) call(way Way, id uint16, packets uint64, o *observation) {
	oldest := &p.calls[way][0]
	for i := range p.calls[way] {
		c := &p.calls[way][i]
		if c.last != 0 && c.id == id {
			c.last = max(c.last, o.end)
			c.count = uint16(min(uint64(c.count)+packets, 1<<16-1))
			return
		}
		if c.last < oldest.last {
			oldest = c
		}
	}
	*oldest = call{id: id, count: uint16(min(packets, 1<<16-1)), last: o.end}
}

// active counts the calls that go on, and returns the packets of the one of
// them with the fewest.
func (p *pair) active(way Way, now, window stamp) (calls int, fewest float64) {
	for _, c := range p.calls[way] {
		if c.last == 0 || now.sub(c.last) > window {
			continue
		}
		calls++
		if n := float64(c.count); calls == 1 || n < fewest {
			fewest = n
		}
	}
	return calls, fewest
}
