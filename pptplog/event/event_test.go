package event

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTypes(t *testing.T) {
	seen := map[string]bool{}
	for typ := range typeCount {
		name := typ.String()
		assert.Regexp(t, `^[a-z]+(_[a-z]+)*$`, name, "type %d", typ)
		assert.False(t, seen[name], "two types are named %s", name)
		seen[name] = true

		got, ok := ParseType(name)
		assert.True(t, ok, name)
		assert.Equal(t, typ, got, name)
		if typ != Unclassified {
			assert.NotEqual(t, ClassUnclassified, typ.Class(), name)
		}
	}
	assert.Len(t, Names(), int(typeCount))

	_, ok := ParseType("session_opened")
	assert.False(t, ok)
	assert.Equal(t, "invalid", typeCount.String())
	assert.Equal(t, ClassUnclassified, typeCount.Class())
}

func TestNames(t *testing.T) {
	assert.Equal(t, "noise", ClassNoise.String())
	assert.Equal(t, "unclassified", Class(0).String())
	assert.Equal(t, "client", Client.String())
	assert.Equal(t, "server", Role(0).String())
	assert.Equal(t, "debug", Debug.String())
	assert.Equal(t, "unknown", Severity(0).String())
	assert.Equal(t, "invalid", Severity(9).String())
}
