package sflow_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
)

// printer is a sink.
type printer struct{}

func (printer) Record(r *flow.Record) {
	fmt.Printf("%s -> %s protocol %d, Call ID %d, 1 in %.0f, dropped: %t\n", r.Src, r.Dst, r.Proto, r.CallID, r.Sampling, r.Drop != flow.NotDropped)
}

func (printer) Note(n flow.Note) {
	if n.Kind == flow.NoteSeen {
		fmt.Println("new exporter", n.Exporter.Addr)
	}
}

// A switch has discarded a packet of a tunnel, and samples 1 packet in 512.
func Example() {
	datagram, _ := hex.DecodeString("" +
		"00000005" + "00000001c0000202" + "00000000" + "00000007" + "0001e240" + "00000001" + // agent 192.0.2.2, one sample
		"00000001" + "00000054" + "00000001" + "00000003" + "00000200" + "00000400" + "00000000" + // flow sample of interface 3
		"00000003" + "40000102" + "00000001" + // in by 3, discarded because of an ACL, one record
		"00000001" + "0000002c" + "0000000b" + "0000003c" + "00000000" + "0000001c" + // header of an IPv4 packet, 28 bytes
		"4500003c00000000402f0000c6336407cb007101" + "3001880b001c003d")

	d := sflow.NewDecoder(sflow.Config{})
	if err := d.Decode(netip.MustParseAddr("192.0.2.1"), time.Unix(1_800_000_000, 0), datagram, printer{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// new exporter 192.0.2.2
	// 198.51.100.7 -> 203.0.113.1 protocol 47, Call ID 61, 1 in 512, dropped: true
}
