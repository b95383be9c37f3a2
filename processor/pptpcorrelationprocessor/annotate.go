package pptpcorrelationprocessor

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// shown is what passing telemetry is told about its gateway.
type shown struct{ state, cause, incident string }

// verdicts are the last of all gateways that have one, for those that must not wait for an
// evaluation.
type verdicts struct {
	mu   sync.RWMutex
	byID map[string]shown
}

func (x *verdicts) set(v *health.Verdict) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.byID[v.Gateway] = shown{v.State.String(), v.Cause, v.IncidentID}
}

// forget drops gateways that the engine has forgotten.
func (x *verdicts) forget(engine *health.Engine) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id := range x.byID {
		if !engine.Knows(id) {
			delete(x.byID, id)
		}
	}
}

func (x *verdicts) get(id string) (shown, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s, ok := x.byID[id]
	return s, ok
}

// annotate adds the verdict to a resource that is about a gateway.
func (c *correlator) annotate(resource pcommon.Map) {
	id, ok := c.reader.Gateway(resource)
	if !ok {
		return
	}
	s, ok := c.verdicts.get(id)
	if !ok {
		return
	}
	resource.PutStr("pptp.gateway.state", s.state)
	for _, a := range []struct{ key, value string }{{"pptp.root_cause", s.cause}, {"pptp.incident.id", s.incident}} {
		if a.value != "" {
			resource.PutStr(a.key, a.value)
		} else {
			resource.Remove(a.key)
		}
	}
}
