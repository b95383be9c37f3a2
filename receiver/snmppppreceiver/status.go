package snmppppreceiver

import (
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// status follows which agents fail. An agent that fails is what the receiver is
// there to report; if none answers, the fault is most likely here. It is safe for
// concurrent use.
type status struct {
	host   component.Host
	agents int

	mu      sync.Mutex
	failing map[string]struct{} // bounded by the agents
	known   bool                // an agent was polled
	broken  bool                // what was last reported
}

func (s *status) begin(host component.Host, agents int) {
	s.host, s.agents, s.failing = host, agents, make(map[string]struct{})
}

// update takes the outcome of a poll, nil for an answer.
func (s *status) update(agent string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failing[agent] = struct{}{}
	} else {
		delete(s.failing, agent)
	}
	switch broken := len(s.failing) == s.agents; {
	case broken && !s.broken:
		s.broken = true
		err := fmt.Errorf("none of %d agents answers; look at the network of this host, and at the credentials: %w", s.agents, err)
		componentstatus.ReportStatus(s.host, componentstatus.NewRecoverableErrorEvent(err))
	case !broken && (s.broken || !s.known && err == nil):
		s.broken, s.known = false, true
		componentstatus.ReportStatus(s.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// count is how many agents fail.
func (s *status) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failing)
}
