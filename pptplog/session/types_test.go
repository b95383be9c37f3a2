package session

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

func TestTypes(t *testing.T) {
	names := event.Names()
	var all Types
	assert.LessOrEqual(t, len(names), 64*len(all), "the set is too small for the types that there are")
	for i := range names {
		typ := event.Type(i)
		assert.False(t, all.Has(typ), names[i])
		all.add(typ)
		assert.True(t, all.Has(typ), names[i])
	}
	assert.Len(t, all.List(), len(names))

	s := setOf(event.SessionOpen, event.TermByPeer)
	assert.Equal(t, []event.Type{event.SessionOpen, event.TermByPeer}, s.List())
	assert.True(t, s.HasAny(event.AuthOK, event.TermByPeer))
	assert.False(t, s.HasAny(event.AuthOK))
	s.add(event.Type(255))
	assert.False(t, s.Has(event.Type(255)), "there is no such type")
}
