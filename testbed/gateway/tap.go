package gateway

import (
	"net/netip"
	"time"
)

// Packet is one packet as somebody sees it who looks at the gateway's network
// interface. What the faults lose on the way to the gateway has not come that far, and what
// they keep the gateway from sending is not there either.
type Packet struct {
	At       time.Time
	In       bool  // from the client
	Protocol uint8 // 6 TCP, 47 GRE
	Client   netip.AddrPort
	Gateway  netip.AddrPort // ports are 0 for GRE
	Flags    uint8          // of TCP
	Bytes    int            // of the IP packet
}

const (
	flagFIN = 0x01
	flagSYN = 0x02
	flagPSH = 0x08
	flagACK = 0x10

	tcpHeaders = ipv4HeaderLen + 32 // with the time stamps that Linux sends
)

// tapTCP tells of a segment of the control connection and of what answers it. The kernel's
// own segments are not seen here, so they are as they usually are: one each.
func (c *conn) tapTCP(in bool, flags uint8, payload int) {
	if c.g.cfg.Tap == nil {
		return
	}
	p := Packet{
		At: time.Now(), In: in, Protocol: protoTCP, Client: c.client, Gateway: addrPort(c.tcp.LocalAddr()),
		Flags: flags, Bytes: tcpHeaders + payload,
	}
	if flags&flagSYN == 0 {
		p.Flags |= flagACK
	}
	c.g.cfg.Tap(p)
	p.In, p.Flags, p.Bytes = !in, flagACK|flags&(flagSYN|flagFIN), tcpHeaders
	c.g.cfg.Tap(p)
}

// tapGRE tells of a GRE packet.
func (g *Gateway) tapGRE(in bool, client, gateway netip.Addr, payload int) {
	if g.cfg.Tap != nil {
		g.cfg.Tap(Packet{
			At: time.Now(), In: in, Protocol: protoGRE, Client: netip.AddrPortFrom(client, 0), Gateway: netip.AddrPortFrom(gateway, 0),
			Bytes: ipv4HeaderLen + payload,
		})
	}
}
