package session

import (
	"math/bits"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// Types is a set of event types.
type Types [2]uint64

// Has says whether t is in the set.
func (s *Types) Has(t event.Type) bool {
	return int(t) < 64*len(s) && s[t/64]&(1<<(t%64)) != 0
}

// HasAny says whether one of the types is in the set.
func (s *Types) HasAny(types ...event.Type) bool {
	for _, t := range types {
		if s.Has(t) {
			return true
		}
	}
	return false
}

// List returns the types in the order of a session's life.
func (s *Types) List() []event.Type {
	list := make([]event.Type, 0, bits.OnesCount64(s[0])+bits.OnesCount64(s[1]))
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			list = append(list, event.Type(64*i+bits.TrailingZeros64(word)))
		}
	}
	return list
}

func (s *Types) add(t event.Type) {
	if int(t) < 64*len(s) {
		s[t/64] |= 1 << (t % 64)
	}
}

func (s *Types) join(o Types) {
	s[0] |= o[0]
	s[1] |= o[1]
}

// setOf makes a set.
func setOf(types ...event.Type) (s Types) {
	for _, t := range types {
		s.add(t)
	}
	return s
}
