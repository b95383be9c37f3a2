package session

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// gatewayTypes are events that are told as such, besides what they mean for a session.
var gatewayTypes = setOf(
	event.DaemonStart, event.DaemonStop, event.DaemonCapacity, event.CapacityReduced, event.DaemonConfigError,
	event.DaemonOverload, event.DaemonInternal, event.ListenFail, event.ConfigChanged,
	event.PoolExhausted, event.NoCallSlots, event.ControlGarbage, event.ControlDroppedSlow, event.ControlLimited,
	event.GREInitFail, event.GREReadError, event.GREBlocked, event.GREXmitFail,
	event.LaunchFail, event.ForkFail, event.KernelFail, event.OptionError, event.PluginABI, event.AuthConfigError,
	event.RADIUSTimeout, event.RADIUSBadSecret, event.RADIUSBadReply, event.RADIUSMisconfig, event.RADIUSAcctFail,
	event.DuplicateSession, event.RADIUSAcctKill, event.RADIUSPolicy, event.RADIUSMPPEKeysMissing,
	event.RADIUSLoginOK, event.RADIUSLoginFail, event.RADIUSServerSlow, event.RADIUSServerZombie,
	event.RADIUSSecretWrong, event.RADIUSUnknownClient, event.RADIUSMessageAuthenticator,
)

// GatewayTypes are the types of events that [Config.OnGateway] is called with.
func GatewayTypes() []event.Type { return gatewayTypes.List() }

// gateway tells what is not of one session alone.
func (t *Tracker) gateway(h *host, e *event.Event, at time.Time) {
	if !gatewayTypes.Has(e.Type) {
		return
	}
	if h.repeats(e, at) {
		t.stats.Repeated++
		return
	}
	t.cfg.OnGateway(e)
}

// keepEvent copies an event that outlives its line.
func keepEvent(e *event.Event) event.Event {
	k := *e
	for _, s := range []*string{
		&k.Group, &k.Host, &k.Program, &k.Text, &k.User, &k.Interface, &k.Session, &k.Port, &k.Server, &k.Reason, &k.Errno,
	} {
		*s = clip(*s)
	}
	return k
}
