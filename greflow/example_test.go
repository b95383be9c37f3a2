package greflow_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

// A router tells once a minute of a client whose GRE reaches the gateway, and of
// none that comes back.
func Example() {
	gateway := netip.MustParseAddr("203.0.113.1")
	engine, err := greflow.New(greflow.Config{
		Exporters:  []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
		MaxChanges: 1000,
		Detect: detect.Config{
			Gateways: []detect.Gateway{{ID: "berlin", Addresses: []netip.Prefix{netip.PrefixFrom(gateway, 32)}}},
			Active:   time.Minute,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	router := netip.MustParseAddrPort("192.0.2.1:50000")
	client := flowexport.Tunnel{Client: netip.MustParseAddr("198.51.100.1"), Gateway: gateway, Port: 40000, NoOutbound: true}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	exporter := flowexport.Exporter{Version: flow.NetFlow5, Boot: now.Add(-time.Hour)}
	for range 10 { // minutes
		datagram := exporter.Datagram(nil, now, client.Flows(nil, now.Add(-time.Minute), now))
		if err := engine.Ingest(router, now, datagram); err != nil {
			fmt.Println(greflow.Reason(err), err)
		}
		for range 60 {
			now = now.Add(time.Second)
			engine.Tick(now)
		}
		for _, c := range engine.Changes(nil) {
			if !c.OfGateway() {
				fmt.Println(c.Gateway.ID, c.Client, c.From, "->", c.To)
			}
		}
	}
	// Output: berlin 198.51.100.1 unknown -> inbound_only
}
