package evidence

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed evidence.yaml
var tableYAML []byte

// table is evidence.yaml.
type table struct {
	Rules          []Rule         `yaml:"rules"`
	Sessions       sessionTable   `yaml:"sessions"`
	ClientSessions clientSessions `yaml:"client_sessions"`
}

// sessionTable is what sessions of the probe say.
type sessionTable struct {
	Stages   map[string]string            `yaml:"stages"`
	Order    []string                     `yaml:"order"`
	Reach    map[string]string            `yaml:"reach"`
	Failures map[string]map[string]string `yaml:"failures"`
	Warnings map[string]map[string]string `yaml:"warnings"`
}

var embedded = sync.OnceValue(func() *table {
	t := &table{}
	d := yaml.NewDecoder(bytes.NewReader(tableYAML))
	d.KnownFields(true)
	if err := d.Decode(t); err != nil {
		panic(fmt.Sprintf("evidence.yaml: %v", err)) // embedded, and a test reads it
	}
	return t
})

// stages is what the reader knows of the stages of a probe's session.
type stages struct {
	signals  []string // in their order
	byStage  map[string]int
	reach    map[string]int
	failures map[string]failure
	warnings map[string]says
}

// says is a signal and its value.
type says struct{ signal, value string }

// failure is what an error.type says of the stages.
type failure struct {
	says
	atStage  bool     // the signal is that of pptp.stage
	atValues []string // then the value by stage
	reached  int      // index of the last stage that worked; -1: none
	toStage  bool     // reached is the stage before pptp.stage
}

// valueAt is the value for a stage that is not known before: a signal that has it not has its first one,
// which is what a stage shows when nothing comes.
func (c *compiler) valueAt(signal, value string) string {
	own := c.signals[signal].Values
	if value == "bad" || slices.Contains(own, value) || len(own) == 0 {
		return value
	}
	return own[0]
}

// Names in the table that are no signals.
const (
	keyAt      = "at"
	keyReached = "reached"
)

// stages compiles the table of sessions.
func (c *compiler) stages(t *sessionTable) *stages {
	s := &stages{
		signals: t.Order, byStage: make(map[string]int), reach: make(map[string]int),
		failures: make(map[string]failure), warnings: make(map[string]says),
	}
	for _, name := range t.Order {
		c.signal("sessions.order", name)
	}
	for name, signal := range t.Stages {
		s.byStage[name] = c.stage("sessions.stages."+name, t, signal)
	}
	for name, signal := range t.Reach {
		s.reach[name] = c.stage("sessions.reach."+name, t, signal)
	}
	for name, f := range t.Failures {
		s.failures[name] = c.failure("sessions.failures."+name, t, f)
	}
	for name, w := range t.Warnings {
		for signal, value := range w {
			c.value("sessions.warnings."+name, signal, value)
			s.warnings[name] = says{signal, value}
		}
	}
	return s
}

func (c *compiler) stage(item string, t *sessionTable, signal string) int {
	i := slices.Index(t.Order, signal)
	if i < 0 {
		c.fail(item, ": %q is not in sessions.order", signal)
	}
	return i
}

func (c *compiler) failure(item string, t *sessionTable, entry map[string]string) failure {
	f := failure{reached: -1}
	for key, value := range entry {
		switch key {
		case keyReached:
		case keyAt:
			f.atStage, f.toStage = true, true
			for _, signal := range t.Order {
				f.atValues = append(f.atValues, c.valueAt(signal, value))
			}
		default:
			c.value(item, key, value)
			f.signal, f.value = key, value
			f.reached = slices.Index(t.Order, key) - 1
		}
	}
	switch reached := entry[keyReached]; reached {
	case "":
	case keyAt:
		f.toStage = true
	default:
		f.reached = c.stage(item+"."+keyReached, t, reached)
	}
	return f
}
