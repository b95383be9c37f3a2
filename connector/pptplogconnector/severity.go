package pptplogconnector

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// unclassifiedEvent is the name of the event of a line that no pattern knows.
const unclassifiedEvent = "pptp.log.unclassified"

// severities of events of the daemon. The rest is WARN.
var severities = func() map[event.Type]plog.SeverityNumber {
	m := make(map[event.Type]plog.SeverityNumber)
	for i := range event.Names() {
		m[event.Type(i)] = plog.SeverityNumberWarn
	}
	for _, t := range []event.Type{
		event.DaemonStart, event.DaemonCapacity, event.ConfigChanged, event.ControlGarbage, event.ControlDroppedSlow,
		event.RADIUSLoginOK, event.RADIUSLoginFail, event.DuplicateSession,
	} {
		m[t] = plog.SeverityNumberInfo
	}
	for _, t := range []event.Type{
		event.DaemonConfigError, event.DaemonOverload, event.DaemonInternal, event.ListenFail,
		event.PoolExhausted, event.NoCallSlots, event.GREInitFail, event.LaunchFail, event.ForkFail, event.KernelFail,
		event.OptionError, event.PluginABI, event.AuthConfigError, event.RADIUSBadSecret, event.RADIUSMisconfig,
		event.RADIUSAcctKill, event.RADIUSMPPEKeysMissing, event.RADIUSSecretWrong,
	} {
		m[t] = plog.SeverityNumberError
	}
	return m
}()

// syslogSeverity is the severity of a line, by the mapping of OpenTelemetry's data model
// for logs.
func syslogSeverity(s event.Severity) plog.SeverityNumber {
	switch s {
	case event.Emergency:
		return plog.SeverityNumberFatal
	case event.Alert:
		return plog.SeverityNumberError3
	case event.Critical:
		return plog.SeverityNumberError2
	case event.Error:
		return plog.SeverityNumberError
	case event.Warning:
		return plog.SeverityNumberWarn
	case event.Notice:
		return plog.SeverityNumberInfo2
	case event.Info:
		return plog.SeverityNumberInfo
	case event.Debug:
		return plog.SeverityNumberDebug
	case event.SeverityUnknown:
	}
	return plog.SeverityNumberUnspecified
}
