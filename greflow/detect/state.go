package detect

// State is what is known of a pair, or of a gateway.
type State uint8

// The states. Inbound and outbound are as the gateway sees it.
const (
	Unknown      State = iota // cannot be decided, see Reason
	Idle                      // neither control connection nor GRE
	Healthy                   // control connection alive, GRE both ways
	InboundOnly               // GRE comes from the client, the gateway's is lost
	OutboundOnly              // GRE comes from the gateway, the client's is lost
	ControlOnly               // control connection alive, and no GRE since it was set up
	Stalled                   // control connection alive, GRE went both ways and has stopped
	Orphan                    // GRE both ways, and no control connection any more (RFC 2637 section 3.1.4: either side must clear it)
	PolicyDrop                // a device says that it drops the GRE
	numStates
)

// NumStates is how many states there are.
const NumStates = int(numStates)

var stateNames = [NumStates]string{
	"unknown", "idle", "healthy", "inbound_only", "outbound_only", "control_only", "stalled", "gre_orphan", "policy_drop",
}

// String returns the name used in metrics and events.
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return "invalid"
}

// Blackholed says that GRE does not get through although the control connection does.
func (s State) Blackholed() bool {
	switch s {
	case InboundOnly, OutboundOnly, ControlOnly, Stalled, PolicyDrop:
		return true
	default:
		return false
	}
}

// judged says that a pair in this state counts for or against its gateway.
func (s State) judged() bool { return s == Healthy || s.Blackholed() }

// Reason says why a state is Unknown.
type Reason uint8

// The reasons.
const (
	NoReason          Reason = iota
	Warming                  // not watched for long enough yet
	NoVisibilityIn           // nothing from clients to this gateway was exported within Config.Visibility
	NoVisibilityOut          // nothing from this gateway to clients was exported within Config.Visibility
	Sampling                 // too few packets are sampled
	IdleTunnel               // silence that an idle tunnel without LCP echo would show, too
	TooFew                   // too few packets, or records, to exclude chance
	ExporterSilent           // the exporters that saw this pair say nothing
	ExporterRestart          // one of them has started again
	TemplateMissing          // one of them sends data for which there is no template
	ExporterLoss             // one of them loses a large part of its records
	TimeInsane               // the times of one of them make no sense
	ControlUnseen            // it is not known whether the control connection lives
	PartialVisibility        // several tunnels are merged into one by address translation
	numReasons
)

// NumReasons is how many reasons there are.
const NumReasons = int(numReasons)

var reasonNames = [NumReasons]string{
	"", "warming", "no_visibility_c2g", "no_visibility_g2c", "sampling", "idle_tunnel", "too_few", "exporter_silent",
	"exporter_restart", "template_missing", "exporter_loss", "time_insane", "control_unseen", "partial_visibility",
}

// String returns the name used in metrics and events, empty for NoReason.
func (r Reason) String() string {
	if r < numReasons {
		return reasonNames[r]
	}
	return "invalid"
}

// Way is the direction of traffic between a client and its gateway.
type Way uint8

// The ways. They index arrays.
const (
	ToGateway Way = iota // client to gateway
	ToClient             // gateway to client
)

// String returns the name used in metrics and events.
func (w Way) String() string {
	if w == ToGateway {
		return "client_to_gateway"
	}
	return "gateway_to_client"
}

func (w Way) other() Way { return 1 - w }
