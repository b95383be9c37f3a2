package snmpppp

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

var update = flag.Bool("update", false, "write the golden files of testdata/agents anew")

// serve starts an agent with rows that ends with the test.
func serve(t testing.TB, rows *agent.Rows, cfg agent.Config) *agent.Agent {
	a, err := agent.Start(rows, cfg)
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a
}

// rowsOf reads testdata/agents/<name>.rows.
func rowsOf(t testing.TB, name string) *agent.Rows {
	f, err := os.Open(filepath.Join("testdata", "agents", name+".rows"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := agent.Load(f)
	require.NoError(t, err)
	return rows
}

// targetOf is a target for a test agent.
func targetOf(a *agent.Agent) Target {
	return Target{
		ID: "gw", Host: a.Addr().Addr().String(), Port: a.Addr().Port(), Auth: Auth{Version: V2c, Community: "public"},
		Timeout: time.Second, Retries: 1,
	}
}

func poller(t testing.TB, target Target) *Poller {
	p, err := New(target)
	require.NoError(t, err)
	return p
}

// TestAgents polls agents that answer as devices of each vendor do.
func TestAgents(t *testing.T) {
	files, err := filepath.Glob("testdata/agents/*.rows")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".rows")
		t.Run(name, func(t *testing.T) {
			for _, v := range []Version{V2c, V1} {
				a := serve(t, rowsOf(t, name), agent.Config{})
				target := targetOf(a)
				target.Auth.Version, target.Costly = v, true
				s, err := poller(t, target).Poll(context.Background())
				require.NoError(t, err)
				compareGolden(t, s, strings.TrimSuffix(f, ".rows")+".json", v == V2c)
			}
		})
	}
}

// compareGolden leaves out what is not of the agent, and times absolute.
func compareGolden(t *testing.T, s *snapshot.Snapshot, path string, write bool) {
	c := *s
	for i := range c.Sessions {
		c.Sessions[i].Started = time.Time{}
	}
	for i := range c.Failures {
		c.Failures[i].Time = c.Failures[i].Time.Add(-time.Duration(c.Time.UnixNano())).Truncate(time.Second).UTC()
	}
	for i := range c.Tunnels {
		c.Tunnels[i].Started = time.Time{}
	}
	c.Time, c.Duration, c.Stats = time.Time{}, 0, walk.Stats{}
	text, err := json.Marshal(c)
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(text, &tree))
	got, err := json.MarshalIndent(prune(tree), "", " ")
	require.NoError(t, err)
	for _, secret := range []string{"SECRET", "PASSWORD", "must never be read", "geheim"} {
		assert.NotContains(t, string(got), secret)
	}
	if *update && write {
		require.NoError(t, os.WriteFile(path, append(got, '\n'), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got))
}

// prune leaves out what is zero, so that the golden files show what is there.
func prune(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			if e = prune(e); e == nil {
				delete(x, k)
			} else {
				x[k] = e
			}
		}
		if x["Valid"] == true { // a counter
			n, _ := x["Value"].(float64)
			if x["Wraps"] != nil {
				return fmt.Sprintf("%.0f of 32 bits", n)
			}
			return fmt.Sprintf("%.0f", n)
		}
		if len(x) == 0 {
			return nil
		}
	case []any:
		if len(x) == 0 {
			return nil
		}
		for i := range x {
			x[i] = prune(x[i])
		}
	case string:
		if x == "" || x == "0001-01-01T00:00:00Z" {
			return nil
		}
	case float64:
		if x == 0 {
			return nil
		}
	case bool:
		if !x {
			return nil
		}
	}
	return v
}
