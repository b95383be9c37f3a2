package detect

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Change is that a pair or a gateway has changed its state.
type Change struct {
	At       time.Time
	Gateway  GatewayID
	Client   netip.Addr // the public address of the client; zero when the change is the gateway's
	From, To State
	Since    time.Time // when From was entered
	Evidence Evidence
}

// OfGateway says that the change is that of a gateway and not of a pair.
func (c *Change) OfGateway() bool { return !c.Client.IsValid() }

// GatewayID says which gateway it is about.
type GatewayID struct {
	ID, Name string     // as configured; a learned gateway has its address as ID
	Addr     netip.Addr // the address that PPTP was spoken with
	Learned  bool
}

// Evidence is what a state rests on. Of a gateway, Records to LastControl are
// of no meaning, and Pairs, Judged, Blackholed and Share are set.
type Evidence struct {
	Reason    Reason // of Unknown
	Records   uint32 // about this pair, ever
	Exporters int
	Sampling  float64 // packets for each one counted, of the direction in question; 1 is unsampled
	// Lambda is how many packets would have been counted had they been there, and
	// Packets how many were counted the other way meanwhile.
	Lambda, Packets float64
	// LastGRE and LastControl are how long ago a packet was last known of, by Way;
	// negative is never.
	LastGRE, LastControl [2]time.Duration
	Window               time.Duration // the time that the silence was judged over
	Delay                time.Duration // how old the newest packet may be that is not exported yet
	Loss                 float64       // share of the exporters' records that did not come
	ControlSessions      int           // concurrent connections to port 1723; 4 stands for four and more
	Calls                [2]int        // Call IDs seen lately, by Way; 0 when the exporters show none
	Partial              bool          // several tunnels share the client's address
	Drop                 flow.Drop     // of PolicyDrop: how the device said so,
	DropCode             uint16        // with its code
	DropWay              Way           // and which way the packet was going
	Confidence           float64       // 1 - the chance that it only looks so

	Pairs, Judged, Blackholed int
	Share                     float64 // of the judged pairs, blackholed, weighted by confidence
}

// Summary says the evidence in one line, without the client's address.
func (c *Change) Summary() string {
	var b strings.Builder
	name := c.Gateway.ID
	if name == "" {
		name = c.Gateway.Addr.String()
	}
	e := &c.Evidence
	if c.OfGateway() {
		fmt.Fprintf(&b, "gateway %s: %s: %d of %d judged pairs are blackholed (%.0f %% by confidence), %d known",
			name, c.To, e.Blackholed, e.Judged, 100*e.Share, e.Pairs)
		return b.String()
	}
	fmt.Fprintf(&b, "pair at gateway %s: %s", name, c.To)
	switch c.To {
	case Unknown:
		fmt.Fprintf(&b, " (%s)", e.Reason)
	case PolicyDrop:
		fmt.Fprintf(&b, ": a device tells that it drops GRE %s (code %d)", e.DropWay, e.DropCode)
	case InboundOnly:
		fmt.Fprintf(&b, ": %.0f GRE packets from the client and none back for %s", e.Packets, e.Window)
	case OutboundOnly:
		fmt.Fprintf(&b, ": %.0f GRE packets to the client and none back for %s", e.Packets, e.Window)
	case ControlOnly:
		fmt.Fprintf(&b, ": no GRE in either direction in %s after the control connection was set up", e.Window)
	case Stalled:
		fmt.Fprintf(&b, ": no GRE in either direction for %s, it went both ways before", e.Window)
	default:
	}
	fmt.Fprintf(&b, "; last GRE to gateway %s, to client %s; %d control connections, last seen %s and %s; %d records of %d exporters, sampling 1:%.0f",
		ago(e.LastGRE[ToGateway]), ago(e.LastGRE[ToClient]), e.ControlSessions,
		ago(e.LastControl[ToGateway]), ago(e.LastControl[ToClient]), e.Records, e.Exporters, e.Sampling)
	if c.To.Blackholed() {
		fmt.Fprintf(&b, "; %.1f packets expected, confidence %.7f", e.Lambda, e.Confidence)
	}
	if e.Partial {
		b.WriteString("; several tunnels share the client's address")
	}
	return b.String()
}

func ago(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return d.Round(time.Second).String() + " ago"
}
