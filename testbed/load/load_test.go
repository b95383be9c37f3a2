//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// TestMain is the gateway's process too: the program runs itself again for it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "gateway" {
		if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestMeasurements(t *testing.T) {
	privilege.RawGRE(t)
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{
			"setup", []string{"setup", "-sessions", "40", "-parallel", "8"},
			[]string{`torn down +40\n`, `client CPU per session +\d`, `gateway CPU per session +\d`},
		},
		{
			"hold", []string{"hold", "-sessions", "20", "-watch", "100ms"},
			[]string{`held at once +20\n`, `sockets per session +2.00, 1.00\n`, `left at the end +0, 0\n`},
		},
		{
			"hold with checks", []string{"hold", "-sessions", "10", "-checks", "1s", "-watch", "2500ms", "-sample", "1s"},
			[]string{`\n +0s +10 `, `\n +3s +10 `, `checks through the tunnels +[12]\d rounds, of their checks failed 0\n`},
		},
		{
			"hold with a stack", []string{"hold", "-sessions", "10", "-stack", "-for", "4s", "-watch", "100ms"},
			[]string{`held at once +10\n`, `sockets per session +\d+\.\d\d, 1.00\n`},
		},
		{
			"transfer", []string{"transfer", "-sessions", "2", "-bytes", "100000"},
			[]string{`downloads +2, 0.2 MB in all\n`, `rate +\d+`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), append(tt.args, "-listen", "127.88.1.1:0"), &out), out.String())
			for _, want := range tt.want {
				assert.Regexp(t, want, out.String())
			}
			assert.Regexp(t, `sessions ok, failed +\d+, 0\n`, out.String())
		})
	}
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "usage"},
		{[]string{"setup", "-sessions", "0"}, "must be positive"},
		{[]string{"setup", "more"}, "must be positive"},
		{[]string{"fly", "-gateway", "127.0.0.1:1723"}, `unknown measurement "fly"`},
		{[]string{"setup", "-gateway", "nowhere"}, "gateway: "},
		{[]string{"hold", "-gateway", "127.0.0.1:1723"}, "needs a gateway of its own"},
	} {
		require.ErrorContains(t, run(t.Context(), tt.args, &bytes.Buffer{}), tt.want)
	}
}
