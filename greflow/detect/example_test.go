package detect_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// A client's GRE comes in, and the gateway's does not go out.
func Example() {
	gateway, client := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("198.51.100.7")
	d, err := detect.New(detect.Config{
		Gateways: []detect.Gateway{{ID: "vpn-1", Addresses: []netip.Prefix{netip.PrefixFrom(gateway, 32)}}},
		Active:   time.Minute,
		OnChange: func(c detect.Change) {
			if !c.OfGateway() {
				fmt.Println(c.From, "->", c.To)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	send := func(src, dst netip.Addr, proto uint8, srcPort, dstPort uint16) {
		d.Record(&flow.Record{
			Exporter: flow.Exporter{Addr: netip.MustParseAddr("192.0.2.1"), Version: flow.IPFIX},
			Src:      src, Dst: dst, Proto: proto, SrcPort: srcPort, DstPort: dstPort, Packets: 60,
			Start: now.Add(-time.Minute).UnixNano(), End: now.UnixNano(), Export: now.UnixNano(), Arrival: now.UnixNano(),
		})
	}
	d.Tick(now)
	for second := range 600 {
		now = now.Add(time.Second)
		if second%60 == 59 {
			send(client, gateway, flow.ProtoTCP, 40000, flow.PPTPPort)
			send(gateway, client, flow.ProtoTCP, flow.PPTPPort, 40000)
			send(client, gateway, flow.ProtoGRE, 0, 0)
			if second < 300 {
				send(gateway, client, flow.ProtoGRE, 0, 0)
			}
		}
		d.Tick(now)
	}
	// Output:
	// unknown -> healthy
	// healthy -> inbound_only
}
