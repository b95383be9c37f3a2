package line

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

type format struct{ program, event, message string }

// formats are messages taken from the daemons' sources, not from the patterns.
func formats(tb testing.TB) []format {
	tb.Helper()
	text, err := os.ReadFile("testdata/formats.txt")
	require.NoError(tb, err)
	var all []format
	for l := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(l), "\t"); len(f) == 3 {
			all = append(all, format{f[0], f[1], f[2]})
		}
	}
	require.Greater(tb, len(all), 250)
	return all
}

func TestFormats(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	for _, f := range formats(t) {
		var e event.Event
		if assert.True(t, p.ParseMessage(&e, Header{Program: f.program}, f.message)) {
			assert.Equal(t, f.event, e.Type.String(), f.message)
		}
	}
}
