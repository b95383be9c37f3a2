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
)

// TestMain is the exporter's process too: the program runs itself again for it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "export" {
		if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestMeasurements(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"ingest", []string{"ingest", "-for", "200ms", "-rate", "500", "-pairs", "10"}, []string{`, 0 lost\n`, `detector +\d+ pairs, [1-9]`}},
		{"ingest v5", []string{"ingest", "-for", "200ms", "-rate", "500", "-version", "5", "-sockets", "2"}, []string{`, 0 lost\n`}},
		{"ingest ipfix", []string{"ingest", "-for", "200ms", "-rate", "500", "-version", "10", "-ours", "28"}, []string{`, 0 lost\n`}},
		{"memory", []string{"memory", "-pairs", "1000", "-exporters", "10"}, []string{`known +1000 pairs, 10 exporters with 10 templates: \d`, `\d bytes a pair`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), tt.args, &out))
			for _, want := range tt.want {
				assert.Regexp(t, want, out.String())
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for _, args := range [][]string{nil, {"fly"}, {"ingest", "-records", "31"}, {"ingest", "-records", "3", "-ours", "4"}, {"memory", "-what"}, {"ingest", "-pairs", "0"}} {
		require.Error(t, run(t.Context(), args, &bytes.Buffer{}), args)
	}
}
