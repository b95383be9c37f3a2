package flow

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Start is when every capture starts.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Length is the time that a capture covers.
const Length = 600 * time.Second

// Gateway is the gateway of every capture.
var Gateway = netip.MustParseAddr("203.0.113.1")

// State is what is true of a pair of client and gateway, by the name that greflow/detect gives it.
type State string

// The states that captures have.
const (
	Unknown      State = "unknown"
	Idle         State = "idle"
	Healthy      State = "healthy"
	InboundOnly  State = "inbound_only"  // GRE from the client only
	OutboundOnly State = "outbound_only" // GRE from the gateway only
	ControlOnly  State = "control_only"
	Stalled      State = "stalled"
)

// Tunnel is a PPTP session: a control connection, and what there is of GRE.
type Tunnel struct {
	Begin                   time.Duration // after the start of the capture: the client connects
	Port                    uint16        // the client's TCP port
	ClientCall, GatewayCall uint16        // each is in the GRE packets to the side that gave it
	// Up and Down are the time from one GRE packet to the next, from and to the client; 0: there are none.
	Up, Down time.Duration
	Stall    time.Duration // after the start of the capture: GRE is lost both ways from then on; 0: never
	Close    time.Duration // after the start of the capture: the client ends the session in order; 0: never
}

// Pair is what one client address and the gateway have with each other.
type Pair struct {
	Name    string
	Client  netip.Addr
	Want    State // at the end of the capture
	Tunnels []Tunnel
}

// Partial says that the pair's tunnels can be told apart by Call IDs only, which most flows have not.
func (p Pair) Partial() bool { return len(p.Tunnels) > 1 }

// Reference is one client for each thing that can be the matter with GRE, and some with whom nothing is. One-way GRE is
// what pppd sends as long as it is not answered: a Configure-Request every three seconds.
func Reference() []Pair {
	const unanswered = 3 * time.Second
	return []Pair{
		pair(1, "healthy", Healthy, Tunnel{Up: time.Second, Down: time.Second}),
		pair(2, "client to gateway only", InboundOnly, Tunnel{Up: unanswered}),
		pair(3, "gateway to client only", OutboundOnly, Tunnel{Down: unanswered}),
		pair(4, "control only", ControlOnly, Tunnel{}),
		pair(5, "stall", Stalled, Tunnel{Up: time.Second, Down: time.Second, Stall: 120 * time.Second}),
		// The GRE of both is one flow each way, but where an exporter shows Call IDs.
		pair(6, "two behind one NAT, the second one-way", InboundOnly,
			Tunnel{Up: time.Second, Down: time.Second}, Tunnel{Up: time.Second}),
		pair(7, "ended in order", Idle, Tunnel{Up: time.Second, Down: time.Second, Close: 240 * time.Second}),
		pair(8, "idle tunnel", Healthy, Tunnel{Up: 30 * time.Second, Down: 30 * time.Second}),
	}
}

// Busy is healthy and one-way tunnels with enough packets that a hundredth of them says something.
func Busy() []Pair {
	const gap = 50 * time.Millisecond
	return []Pair{
		pair(1, "healthy", Healthy, Tunnel{Up: gap, Down: gap}),
		pair(2, "client to gateway only", InboundOnly, Tunnel{Up: gap}),
		pair(3, "gateway to client only", OutboundOnly, Tunnel{Down: gap}),
		pair(4, "control only", ControlOnly, Tunnel{}),
		pair(5, "stall", Stalled, Tunnel{Up: gap, Down: gap, Stall: 120 * time.Second}),
	}
}

// pair numbers a pair's tunnels so that everything in a capture that could be mistaken for another differs from it. The
// first pair is there from the start and shows that the exporter was; the others connect when it has been for a while.
func pair(host byte, name string, want State, tunnels ...Tunnel) Pair {
	for i := range tunnels {
		if host > 1 {
			tunnels[i].Begin = 10*time.Second + time.Duration(host)*100*time.Millisecond + time.Duration(i)*7*time.Millisecond
		}
		n := uint16(host)*10 + uint16(i)*2
		tunnels[i].Port = 40000 + n
		tunnels[i].GatewayCall, tunnels[i].ClientCall = n+1, n+2
	}
	return Pair{Name: name, Client: netip.AddrFrom4([4]byte{198, 51, 100, host}), Want: want, Tunnels: tunnels}
}

// Write writes a pcap file of Ethernet packets. It is a function of its arguments alone.
func Write(w io.Writer, start time.Time, pairs []Pair) error {
	all, err := packets(pairs)
	if err != nil {
		return err
	}
	pcap := pcapgo.NewWriter(w)
	if err := pcap.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		return fmt.Errorf("write the capture's header: %w", err)
	}
	for _, p := range all {
		if err := pcap.WritePacket(info(start.Add(p.at), len(p.bytes)), p.bytes); err != nil {
			return fmt.Errorf("write a packet: %w", err)
		}
	}
	return nil
}

// packets makes the packets of all pairs, in the order of time.
func packets(pairs []Pair) ([]packet, error) {
	var all []packet
	for _, p := range pairs {
		for _, t := range p.Tunnels {
			made, err := session(p.Client, t)
			if err != nil {
				return nil, fmt.Errorf("make the packets of %q: %w", p.Name, err)
			}
			all = append(all, made...)
		}
	}
	slices.SortStableFunc(all, func(a, b packet) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}
