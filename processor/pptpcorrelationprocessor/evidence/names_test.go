package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// metadata is what is needed of a metadata.yaml.
type metadata struct {
	ResourceAttributes map[string]any `yaml:"resource_attributes"`
	Attributes         map[string]struct {
		NameOverride string `yaml:"name_override"`
	}
	Metrics map[string]struct{ Attributes []string }
	Events  map[string]struct{ Attributes []string }
}

// byHand are histograms, which the generator cannot make.
var byHand = map[string]bool{"pptp.connect.duration": true, "radius.check.duration": true, metricStages: true}

// TestNamesExist: what the table is about is what our components say, so that a name that is changed there is changed here.
func TestNamesExist(t *testing.T) {
	files, err := filepath.Glob("../../../receiver/*/metadata.yaml")
	require.NoError(t, err)
	more, err := filepath.Glob("../../../connector/*/metadata.yaml")
	require.NoError(t, err)
	metrics, events := make(map[string][]map[string]bool), make(map[string][]map[string]bool)
	for _, file := range append(files, more...) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var c metadata
		require.NoError(t, yaml.Unmarshal(data, &c), file)
		attributes := func(names []string) map[string]bool {
			out := make(map[string]bool)
			for name := range c.ResourceAttributes {
				out[name] = true
			}
			for _, name := range names {
				if o := c.Attributes[name].NameOverride; o != "" {
					name = o
				}
				out[name] = true
			}
			return out
		}
		for name, m := range c.Metrics {
			metrics[name] = append(metrics[name], attributes(m.Attributes))
		}
		for name, e := range c.Events {
			events[name] = append(events[name], attributes(e.Attributes))
		}
	}
	require.NotEmpty(t, metrics)
	check := func(kind string, known map[string][]map[string]bool, name string, wanted map[string]any) {
		if byHand[name] {
			return
		}
		if !assert.NotEmpty(t, known[name], "%s %s", kind, name) {
			return
		}
		fits := false
		for _, has := range known[name] {
			all := true
			for a := range wanted {
				all = all && has[a]
			}
			fits = fits || all
		}
		assert.True(t, fits, "%s %s has not all of %v", kind, name, wanted)
	}
	table := embedded()
	for i := range table.Rules {
		r := &table.Rules[i]
		if r.Metric != "" {
			check("metric", metrics, r.Metric, r.Attributes)
		}
		for _, p := range r.Of {
			check("metric", metrics, p.Metric, p.Attributes)
		}
		for _, name := range r.Event {
			check("event", events, name, r.Attributes)
		}
	}
	for _, name := range []string{metricUp, metricFailing, metricWarnings} {
		check("metric", metrics, name, nil)
	}
	check("metric", metrics, metricFailing, map[string]any{attrErrorType: nil, attrStage: nil})
	for name := range reachedBy {
		check("metric", metrics, name, nil)
	}
	for name := range sessionEvents {
		check("event", events, name, map[string]any{attrDepth: nil})
	}
	check("event", events, eventFailed, map[string]any{attrProgram: nil, attrClient: nil, attrErrorType: nil, attrReason: nil})
	check("event", events, eventClosed, map[string]any{attrProgram: nil, attrOutcome: nil, attrReceived: nil, attrDuration: nil})
}
