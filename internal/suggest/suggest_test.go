package suggest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneOf(t *testing.T) {
	valid := []string{"control", "gre", "auth", "network"}
	for value, want := range map[string]string{
		"netwrok":     "network", //nolint:misspell // what a user may write
		"AUTH":        "auth",
		"Control":     "control",
		"application": "",
		"":            "",
		"x":           "",
	} {
		assert.Equal(t, want, Nearest(value, valid), value)
	}
	assert.Equal(t, `use one of control, gre, auth, network (did you mean "gre"?)`, OneOf("grx", valid))
	assert.Equal(t, "use one of control, gre, auth, network", OneOf("", valid))
}
