package netflow_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
)

// printer is a sink.
type printer struct{}

func (printer) Record(r *flow.Record) {
	fmt.Println(r.Src, "to", r.Dst, "protocol", r.Proto, "packets", r.Packets)
}

func (printer) Note(n flow.Note) {
	if n.Kind == flow.NoteSeen {
		fmt.Println("exporter", n.Exporter.Addr, n.Exporter.Version)
	}
}

// A NetFlow v5 datagram with one record, of GRE.
func Example() {
	datagram := []byte{
		0, 5, 0, 1, 0, 1, 0, 0, 0x6b, 0x02, 0xd9, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		198, 51, 100, 1, 203, 0, 113, 1, 0, 0, 0, 0, 0, 3, 0, 4,
		0, 0, 0, 10, 0, 0, 3, 232, 0, 0, 200, 0, 0, 0, 250, 0,
		0, 0, 0, 0, 0, 0, 47, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	}
	d := netflow.NewDecoder(netflow.Config{})
	if err := d.Decode(netip.MustParseAddr("192.0.2.1"), time.Now(), datagram, printer{}); err != nil {
		fmt.Println(err)
	}
	fmt.Println("lost", d.Stats().RecordsLost)

	err := d.Decode(netip.MustParseAddr("192.0.2.1"), time.Now(), datagram[:40], printer{})
	fmt.Println(err)
	// Output:
	// exporter 192.0.2.1 netflow_v5
	// 198.51.100.1 to 203.0.113.1 protocol 47 packets 10
	// lost 0
	// flow export: v5 count is larger than the records in the datagram
}
