package health

import "fmt"

// State is how a gateway is.
type State uint8

// The states. Of two causes the one with the higher state is told first;
// [Flapping] and [Maintenance] lie over the others and are no cause's.
const (
	Healthy State = iota
	Unknown       // too little is known
	Degraded
	Down
	Flapping    // changes too often to be told each time
	Maintenance // announced; the fault below is in [Verdict].Below
)

var stateNames = []string{"healthy", "unknown", "degraded", "down", "flapping", "maintenance"}

// StateNames returns the names of all states, in their order.
func StateNames() []string { return append([]string(nil), stateNames...) }

func (s State) String() string { return nameOf(stateNames, int(s)) }

// ill tells whether users are affected.
func (s State) ill() bool { return s == Degraded || s == Down }

// Severity is how urgent a verdict is.
type Severity uint8

// The severities, from least to most urgent.
const (
	None Severity = iota
	Info
	Warning
	Major
	Critical
)

var severityNames = []string{"none", "info", "warning", "major", "critical"}

func (s Severity) String() string { return nameOf(severityNames, int(s)) }

// Source is what kind of observer evidence comes from. Two sources that agree are
// worth more than one that says it twice.
type Source uint8

// The sources. SourceOfSignal, the zero value, is the one in the signal's name.
const (
	SourceOfSignal Source = iota
	Probe
	SNMP
	NetFlow
	Log
	RADIUS
	ChangeRecord // what was changed: configuration, software
	Fleet        // derived from other gateways; not for [Engine.Observe]
	Self         // derived from the evidence itself; not for [Engine.Observe]
	numSources
)

var sourceNames = []string{"", "probe", "snmp", "netflow", "log", "radius", "change", "fleet", "self"}

func (s Source) String() string { return nameOf(sourceNames, int(s)) }

// SourceByName returns the source of that name, as in the first word of a signal.
func SourceByName(name string) (Source, bool) {
	i := indexOf(sourceNames[1:], name) + 1
	return Source(i), i > 0
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%d", i)
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
