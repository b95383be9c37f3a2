package packet_test

import (
	"fmt"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/packet"
)

// A switch has sampled a packet of a tunnel: all that is known of its flow.
func Example() {
	sampled := []byte{
		0x45, 0, 0, 60, 0, 0, 0, 0, 64, 47, 0, 0, 198, 51, 100, 7, 203, 0, 113, 1, // IPv4, protocol 47
		0x30, 0x01, 0x88, 0x0B, 0, 28, 0, 61, // Enhanced GRE with a sequence number, Call ID 61
	}
	var r flow.Record
	if packet.Parse(&r, packet.LinkIP, sampled) {
		fmt.Println(r.Src, r.Dst, r.IsGRE(), r.HasCallID, r.CallID)
	}
	// Output: 198.51.100.7 203.0.113.1 true true 61
}
