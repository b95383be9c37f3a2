package flowexport

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Tunnel is a PPTP session between a client and a gateway, as flows show it. Lost
// says which way its GRE does not get through.
type Tunnel struct {
	Client, Gateway       netip.Addr
	Port                  uint16 // of the client's control connection
	NoInbound, NoOutbound bool   // GRE from the client, and from the gateway, is lost
}

// Flows appends what an exporter has to tell of the tunnel for the time from
// start to end: a control connection that is alive, and a GRE packet a second.
func (t *Tunnel) Flows(dst []Flow, start, end time.Time) []Flow {
	n := uint32(end.Sub(start) / time.Second)
	ack := uint8(0x18)
	dst = append(dst,
		Flow{Src: t.Client, Dst: t.Gateway, Proto: flow.ProtoTCP, SrcPort: t.Port, DstPort: flow.PPTPPort, Flags: ack, Packets: 4, Bytes: 400, Start: start, End: end},
		Flow{Src: t.Gateway, Dst: t.Client, Proto: flow.ProtoTCP, SrcPort: flow.PPTPPort, DstPort: t.Port, Flags: ack, Packets: 4, Bytes: 400, Start: start, End: end})
	if !t.NoInbound {
		dst = append(dst, Flow{Src: t.Client, Dst: t.Gateway, Proto: flow.ProtoGRE, Packets: n, Bytes: 100 * n, Start: start, End: end})
	}
	if !t.NoOutbound {
		dst = append(dst, Flow{Src: t.Gateway, Dst: t.Client, Proto: flow.ProtoGRE, Packets: n, Bytes: 200 * n, Start: start, End: end})
	}
	return dst
}

// Export writes flows as datagrams of at most 30, and calls send with each. The
// datagram is valid during the call only.
func (x *Exporter) Export(now time.Time, flows []Flow, send func([]byte)) {
	var b []byte
	for len(flows) > 0 {
		n := min(30, len(flows))
		b = x.Datagram(b[:0], now, flows[:n])
		send(b)
		flows = flows[n:]
	}
}
