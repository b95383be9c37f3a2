package greflow

import (
	"errors"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
)

// What makes the engine refuse a datagram before any decoder sees it.
var (
	ErrNotAllowed = errors.New("flow export: exporter is not in the list of those that are allowed")
	ErrVersion    = errors.New("flow export: version is unknown: set the exporter to NetFlow v5, NetFlow v9, IPFIX or sFlow v5")
)

// The names of these errors in metrics.
const (
	ReasonNotAllowed = "not_allowed"
	ReasonVersion    = "version"
)

// Reason names what an error of [Engine.Ingest] is about, as in metrics: one of
// a closed list, whatever was received.
func Reason(err error) string {
	var (
		nf *netflow.Error
		sf *sflow.Error
	)
	switch {
	case errors.Is(err, ErrNotAllowed):
		return ReasonNotAllowed
	case errors.Is(err, ErrVersion):
		return ReasonVersion
	case errors.As(err, &nf):
		return nf.Reason.String()
	case errors.As(err, &sf):
		return sf.Reason.String()
	}
	return "other"
}
