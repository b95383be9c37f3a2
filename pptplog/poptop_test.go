package pptplog

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// What poptop with pppd logged under each fault of the testbed, and what its sessions
// were. Without the packets that pppd logs with `debug`, some failures have no cause.
func TestPoptop(t *testing.T) {
	table := readOutcomes(t)
	for _, row := range table {
		log, want, plain := row[0], row[1], row[2]
		if plain == "" {
			plain = want
		}
		t.Run(log, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "poptop", log+".log"))
			require.NoError(t, err)
			lines := slices.Collect(strings.Lines(string(text)))
			assert.Equal(t, want, outcomes(t, lines))
			lines = slices.DeleteFunc(lines, func(l string) bool {
				return strings.Contains(l, "]: sent [") || strings.Contains(l, "]: rcvd [")
			})
			assert.Equal(t, plain, outcomes(t, lines))
		})
	}
}

func readOutcomes(t *testing.T) [][]string {
	f, err := os.Open(filepath.Join("testdata", "poptop", "outcomes.csv"))
	require.NoError(t, err)
	defer f.Close()
	table, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	logs, err := filepath.Glob(filepath.Join("testdata", "poptop", "*.log"))
	require.NoError(t, err)
	require.Len(t, table[1:], len(logs), "a row for each log")
	return table[1:]
}

// outcomes lists how the sessions of a log ended, in the order of their ends.
func outcomes(t *testing.T, lines []string) string {
	var list []string
	opened, established := 0, 0
	e, err := New(Config{Session: session.Config{OnSession: func(c session.Change, s *session.Session) {
		switch c {
		case session.Opened:
			opened++
		case session.Established:
			established++
		case session.Closed, session.Failed:
			list = append(list, strings.TrimSpace(s.Outcome.String()+" "+s.Cause))
			assert.InDelta(t, 1, s.LinkConfidence, 0, "poptop tells who whose child is")
		}
	}}})
	require.NoError(t, err)
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	for _, l := range lines {
		assert.True(t, e.LineString(now, "", l) || !strings.Contains(l, "ppp"), l)
	}
	e.Flush()
	s := e.Stats().Sessions
	assert.Len(t, list, opened)
	assert.EqualValues(t, established, s.Ended[session.OutcomeEstablished])
	assert.Zero(t, s.Sessions, "all are over")
	assert.Zero(t, s.Conflicts+s.Late+s.Unattributed+s.Foreign+s.Partial)
	return strings.Join(list, "; ")
}
