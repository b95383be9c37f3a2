package pptpprobereceiver

import (
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// localCauses are faults of the probe's own host. Only they concern the health
// of this component: a gateway that fails is what it is there to report.
var localCauses = []pptpprobe.Cause{
	pptpprobe.CauseLocalNoPermission, pptpprobe.CauseLocalCallIDExhausted, pptpprobe.CauseGRESendError,
}

// faults follows which targets cannot be probed because of this host, and
// reports the status of the component when that begins and when it ends.
type faults struct {
	mu      sync.Mutex
	targets map[string]struct{} // bounded by the targets
	known   bool                // the first session has ended
}

func (f *faults) update(r *probeReceiver, target string, res *pptpprobe.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.targets)
	if res.Failure != nil && slices.Contains(localCauses, res.Failure.Cause) {
		if f.targets == nil {
			f.targets = make(map[string]struct{})
		}
		f.targets[target] = struct{}{}
		if before == 0 {
			err := fmt.Errorf("target %s cannot be probed from this host: %s: %s", target, res.Failure.Cause, res.Failure.Detail)
			if res.Failure.Cause == pptpprobe.CauseLocalNoPermission {
				err = fmt.Errorf("%w; grant CAP_NET_RAW with: %s", err, pptpprobe.PrivilegeHint())
			}
			r.logger.Error("Cannot probe", zap.Error(err))
			componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(err))
		}
	} else {
		delete(f.targets, target)
		if len(f.targets) == 0 && (before > 0 || !f.known) {
			componentstatus.ReportStatus(r.host, componentstatus.NewEvent(componentstatus.StatusOK))
		}
	}
	f.known = true
}
