package health

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMaintenance(t *testing.T) {
	window := Window{Name: "switch", Gateways: []string{"g*"}, Start: start.Add(30 * time.Second), End: start.Add(10 * time.Minute)}
	b := newBench(t, Config{Windows: []Window{window}})
	b.rounds(2, works)
	b.rounds(10, down)
	v := b.expect(Maintenance, "gateway_unreachable")
	assert.Equal(t, Down, v.Below)
	assert.Equal(t, None, v.Severity)
	assert.Equal(t, "switch", v.Maintenance)
	assert.Empty(t, b.e.Incidents())
	b.rounds(60, down) // over, but the time to recover is not
	b.expect(Maintenance, "gateway_unreachable")
	b.rounds(30, down)
	b.expect(Down, "gateway_unreachable")
	assert.Len(t, b.e.Incidents(), 1)
}

func TestMaintenanceKeepsAnOpenIncident(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, down)
	id := b.verdict().IncidentID
	require.NoError(t, b.e.AddWindow(Window{Name: "repair", Start: b.now, End: b.now.Add(5 * time.Minute)}))
	b.rounds(20, works)
	b.expect(Maintenance, "")
	assert.Equal(t, id, b.verdict().IncidentID)
	b.rounds(20, works)
	b.expect(Healthy, "")
	assert.Empty(t, b.e.Incidents())
}

func TestWeeklyWindow(t *testing.T) {
	w := Window{Name: "night", Weekly: &Weekly{Days: []time.Weekday{time.Sunday}, At: 23 * time.Hour, For: 2 * time.Hour}}
	require.NoError(t, w.validate())
	sunday := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Duration]bool{
		22*time.Hour + 59*time.Minute: false, 23 * time.Hour: true, 24*time.Hour + 59*time.Minute: true, 25 * time.Hour: false, 47 * time.Hour: false,
	} {
		assert.Equal(t, want, w.at(sunday.Add(at)), at)
	}
}

func TestWindowsThatCannotBe(t *testing.T) {
	for name, w := range map[string]Window{
		"name:":      {Start: start, End: start.Add(1)},
		"end:":       {Name: "a", Start: start, End: start},
		"gateways:":  {Name: "a", Gateways: []string{"["}, Start: start, End: start.Add(1)},
		"weekly:":    {Name: "a", Start: start, Weekly: &Weekly{For: 1}},
		"weekly.at:": {Name: "a", Weekly: &Weekly{At: -1, For: 1}},
		"weekly.for": {Name: "a", Weekly: &Weekly{}},
	} {
		require.ErrorContains(t, w.validate(), name)
		_, err := New(Config{Windows: []Window{w}})
		require.ErrorContains(t, err, "windows[0]."+name)
	}
}
