package health

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func restart(t *testing.T, b *bench) *bench {
	t.Helper()
	var snapshot bytes.Buffer
	require.NoError(t, b.e.Save(&snapshot))
	next := newBench(t, b.e.config)
	next.now = b.now
	require.NoError(t, next.e.Load(&snapshot, next.now))
	return next
}

func TestRestartInTheMiddleOfAnIncident(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, down)
	before := b.verdict()
	require.NoError(t, b.e.AddWindow(Window{Name: "later", Start: b.now.Add(time.Hour), End: b.now.Add(2 * time.Hour)}))
	next := restart(t, b)
	assert.Equal(t, before, next.verdict())
	assert.Equal(t, 1, next.e.Stats().Windows)
	next.rounds(3, "")   // nothing reports yet
	next.rounds(9, down) // as before
	assert.Equal(t, before.IncidentID, next.verdict().IncidentID)
	assert.Empty(t, next.kinds(), "nothing is told twice")
	next.rounds(20, works)
	next.expect(Healthy, "")
	assert.Equal(t, []string{"verdict_changed gw healthy", "incident_closed gw down"}, next.kinds())
}

func TestRestartKeepsSharedIncidentsAndFlapping(t *testing.T) {
	b := newBench(t, Config{Gateways: four})
	for range 12 {
		b.rounds(1, works+" radius.accounting=interim_gap")
		b.rounds(1, works+" radius.accounting=ok")
	}
	b.rounds(3, everywhere("lon", "tcp", "timeout"))
	next := restart(t, b)
	assert.Equal(t, b.verdict(), next.verdict())
	assert.Equal(t, Flapping, next.verdict().State)
	assert.Equal(t, b.e.Incidents(), next.e.Incidents())
}

func TestSnapshotsThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"older schema": {`{"schema":0,"gateways":[]}`, "schema 0, not 1"},
		"newer schema": {`{"schema":2}`, "schema 2, not 1"},
		"no JSON":      {`x`, "invalid character"},
		"empty":        {``, "unexpected end"},
		"cut":          {`{"schema":1,"gateways":[{"id":"gw"`, "unexpected end"},
		"confidence":   {`{"schema":1,"gateways":[{"id":"gw","confidence":5}]}`, "not in [0, 1]"},
		"state":        {`{"schema":1,"gateways":[{"id":"gw","state":77}]}`, "out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			err := b.e.Load(strings.NewReader(c.data), b.now)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, strings.Contains(name, "schema"), errors.Is(err, ErrSchema))
			b.rounds(6, down) // it goes on
			b.expect(Down, "gateway_unreachable")
		})
	}
}

func TestSnapshotOfWhatIsNoLongerKnown(t *testing.T) {
	b := newBench(t, Config{})
	data := `{"schema":1,"gateways":[{"id":"gone","state":3,"below":3},{"id":"gw","state":3,"below":3,"cause":"no_more","incident":{"ID":"i","Subject":"gw"}}]}`
	require.NoError(t, b.e.Load(strings.NewReader(data), b.now))
	assert.Equal(t, uint64(1), b.e.Stats().NotRestored)
	assert.Equal(t, "unknown", b.verdict().Cause)
	assert.Equal(t, "i", b.verdict().IncidentID)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSaveThatFails(t *testing.T) {
	require.ErrorContains(t, newBench(t, Config{}).e.Save(failingWriter{}), "disk full")
}
