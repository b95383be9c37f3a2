package polling

import (
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// Status follows which targets fail, and reports the status of the component. A target
// that fails is what the receiver is there to report; if all do, the fault is most likely
// here. It is safe for concurrent use.
type Status struct {
	host    component.Host
	targets int
	all     string

	mu      sync.Mutex
	failing map[string]struct{} // bounded by the targets
	known   bool                // StatusOK was reported
	broken  bool                // what was last reported
}

// NewStatus returns the status of a receiver with so many targets. all ends the sentence
// "none of n", and says what to look at.
func NewStatus(host component.Host, targets int, all string) *Status {
	return &Status{host: host, targets: targets, all: all, failing: make(map[string]struct{})}
}

// Update takes the outcome of a target, nil for a good one. Only changes are reported:
// StatusRecoverableError once when all fail, StatusOK when the first one is good (again).
func (s *Status) Update(target string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failing[target] = struct{}{}
	} else {
		delete(s.failing, target)
	}
	switch broken := len(s.failing) == s.targets; {
	case broken && !s.broken:
		s.broken = true
		err := fmt.Errorf("none of %d %s: %w", s.targets, s.all, err)
		componentstatus.ReportStatus(s.host, componentstatus.NewRecoverableErrorEvent(err))
	case !broken && (s.broken || !s.known && err == nil):
		s.broken, s.known = false, true
		componentstatus.ReportStatus(s.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// Failing is how many targets fail.
func (s *Status) Failing() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failing)
}
