package radiusreceiver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// statusHost remembers what the component reports.
type statusHost struct {
	component.Host
	events []*componentstatus.Event
}

func (h *statusHost) Report(e *componentstatus.Event) { h.events = append(h.events, e) }

func TestStatusOfTheComponent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		dial := func(radiuscheck.Config) (checker, error) {
			n++
			first := n == 1
			rounds := 0
			return &fakeChecker{round: func(context.Context) ([]radiuscheck.Result, error) {
				rounds++
				switch {
				case first && rounds == 4:
					return nil, nil // logins rest, which says nothing
				case first && rounds != 2 && rounds != 3:
					return []radiuscheck.Result{failed(radiuscheck.Status, radiuscheck.Timeout), good(radiuscheck.PAP)}, nil
				}
				return []radiuscheck.Result{failed(radiuscheck.Status, radiuscheck.Timeout), failed(radiuscheck.MSCHAPv2, radiuscheck.Rejected)}, nil
			}}, nil
		}
		cfg := servers(testConfig(), "a", "b")
		r, err := newFactory(dial).CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		host := &statusHost{Host: nopHost}
		require.NoError(t, r.Start(t.Context(), host))
		pass(5*time.Minute + 30*time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
		var got []componentstatus.Status
		for _, e := range host.events {
			got = append(got, e.Status())
		}
		assert.Equal(t, []componentstatus.Status{
			componentstatus.StatusStarting,
			componentstatus.StatusOK,
			componentstatus.StatusRecoverableError, // once, whatever the number of rounds
			componentstatus.StatusOK,
			componentstatus.StatusStopping, componentstatus.StatusStopped,
		}, got)
		assert.EqualError(t, host.events[2].Err(), "none of 2 "+nonePasses+": radius.rejected: What was seen.")
	})
}

func TestOutcomeOfARound(t *testing.T) {
	boom := errors.New("boom")
	for _, tt := range []struct {
		name  string
		f     *finding
		known bool
		fails bool
	}{
		{"nothing was asked", found(), false, false},
		{"passed", found(failed(radiuscheck.Status, radiuscheck.Timeout), good(radiuscheck.PAP)), true, false},
		{"a warning", found(slow(radiuscheck.PAP)), true, false},
		{"failed", found(failed(radiuscheck.Status, radiuscheck.Timeout)), true, true},
		{"statistics only", &finding{statistics: &freeradius.Statistics{}}, true, false},
		{"statistics fail", &finding{statisticsErr: boom}, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known, err := tt.f.outcome()
			assert.Equal(t, tt.known, known)
			assert.Equal(t, tt.fails, err != nil)
		})
	}
}

// What the interval leaves after the longest round and the jitter is for other addresses.
func TestSpareTime(t *testing.T) {
	b := newBench(t, nil)
	// Two requests of 9 s and a lookup of 3 s in 60 s, with a jitter of 6 s.
	assert.Equal(t, 33*time.Second, b.server.cfg.Spare)
	b = newBench(t, func(c *Config) { c.CollectionInterval = 21 * time.Second })
	assert.Zero(t, b.server.cfg.Spare)
}
