package snmpppp

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// TestEveryProfileIsPolled says that there is an agent in testdata/agents for each table and each scalar of every profile, so that
// a golden file shows what is made of it.
func TestEveryProfileIsPolled(t *testing.T) {
	files, err := filepath.Glob("testdata/agents/*.rows")
	require.NoError(t, err)
	read := map[string]bool{}
	for _, f := range files {
		a := serve(t, rowsOf(t, strings.TrimSuffix(filepath.Base(f), ".rows")), agent.Config{})
		target := targetOf(a)
		target.Costly = true
		r, err := poller(t, target).once(context.Background(), time.Now())
		require.NoError(t, err, f)
		for _, s := range r.in.Scalars {
			if !s.Value.Absent() {
				read[s.Scalar.OID] = true
			}
		}
		for _, x := range r.in.Tables {
			if x.Data.Rows() > 0 {
				read[x.Profile.Source(x.Table)] = true
			}
		}
	}
	for _, c := range profile.Default().All() {
		for i := range c.Scalars {
			assert.True(t, read[c.Scalars[i].OID], "%s: no agent has the scalar %s, %s", c.Name, c.Scalars[i].OID, c.Scalars[i].As)
		}
		for _, x := range c.Tables {
			assert.True(t, read[c.Source(x)], "no agent has a row of %s", c.Source(x))
		}
	}
}
