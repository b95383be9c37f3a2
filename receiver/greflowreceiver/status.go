package greflowreceiver

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// fault is what can be wrong with the receiver itself. Exporters that send
// nonsense, and gateways that fail, are what it is there to report.
type fault int

const (
	faultSockets fault = iota // a socket cannot be read
	faultStorage              // templates cannot be kept
	numFaults
)

// status tells the collector when a fault begins, and when there is none any
// more. It is safe for concurrent use.
type status struct {
	host component.Host

	mu     sync.Mutex
	faults [numFaults]error
}

// set takes what is wrong now, nil for nothing.
func (s *status) set(f fault, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.first()
	s.faults[f] = err
	switch now := s.first(); {
	case before == nil && now != nil:
		componentstatus.ReportStatus(s.host, componentstatus.NewRecoverableErrorEvent(now))
	case before != nil && now == nil:
		componentstatus.ReportStatus(s.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (s *status) first() error {
	for _, err := range s.faults {
		if err != nil {
			return err
		}
	}
	return nil
}
