package flow

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const (
	halfTrip  = 10 * time.Millisecond // from the capture's place to the gateway and back; the client is as far away
	echoEvery = 60 * time.Second      // RFC 2637 section 3.1.4
	payload   = 120                   // bytes of a data packet's PPP frame, without its header
)

// packet is an Ethernet frame, at a time since the start of the capture.
type packet struct {
	at    time.Duration
	bytes []byte
}

func info(at time.Time, n int) gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: at, CaptureLength: n, Length: n}
}

// side is one end of a session, and what it has sent so far.
type side struct {
	addr    netip.Addr
	mac     net.HardwareAddr
	port    layers.TCPPort
	call    uint16 // that it gave the call
	next    uint32 // TCP sequence number
	gre     uint32 // GRE sequence number
	heard   uint32 // the other side's last GRE sequence number
	hasSeen bool   // that it has one
	ip      uint16 // identification
}

// maker makes the packets of one session.
type maker struct {
	client, gateway *side
	packets         []packet
	err             error
}

// session makes a tunnel's packets.
func session(client netip.Addr, t Tunnel) ([]packet, error) {
	host := client.As4()[3]
	m := &maker{
		client:  &side{addr: client, mac: net.HardwareAddr{2, 0, 0, 0, 0, host}, port: layers.TCPPort(t.Port), call: t.ClientCall, next: 1000 * uint32(t.Port)},
		gateway: &side{addr: Gateway, mac: net.HardwareAddr{2, 0, 0, 0, 1, 1}, port: 1723, call: t.GatewayCall, next: 7000 * uint32(t.Port)},
	}
	m.connect(t.Begin)
	at := t.Begin + 100*time.Millisecond
	m.ask(at, control.StartRequest{Version: 0x100, Framing: control.FramingAny, Bearer: control.BearerAny, HostName: "client", Vendor: "Linux"},
		control.StartReply{Version: 0x100, Result: 1, MaxChannels: 1, Firmware: 1, HostName: "gateway", Vendor: "linux"})
	m.ask(at+100*time.Millisecond, control.OutgoingCallRequest{
		CallID: t.ClientCall, CallSerial: 1, MinBPS: 2400, MaxBPS: 10_000_000,
		BearerType: control.BearerAny, FramingType: control.FramingAny, Window: 64,
	}, control.OutgoingCallReply{CallID: t.GatewayCall, PeerCallID: t.ClientCall, Result: 1, ConnectSpeed: 10_000_000, Window: 64})

	end := Length
	if t.Close > 0 {
		end = t.Close
	}
	// Each side asks once a minute, half a minute after the other.
	for id, at := uint32(1), t.Begin+echoEvery/2; at < end; id, at = id+1, at+echoEvery/2 {
		from, to := m.client, m.gateway
		if id%2 == 1 {
			from, to = to, from
		}
		m.exchange(at, from, to, control.EchoRequest{Identifier: id}, control.EchoReply{Identifier: id, Result: 1})
	}
	m.tunnel(t, end)
	if t.Close > 0 {
		m.ask(end, control.CallClearRequest{CallID: t.ClientCall}, control.CallDisconnectNotify{CallID: t.GatewayCall, Result: 4})
		m.ask(end+100*time.Millisecond, control.StopRequest{Reason: 1}, control.StopReply{Result: 1})
		m.close(end + 200*time.Millisecond)
	}
	return m.packets, m.err
}

// tunnel makes the GRE packets, in the order of time: each acknowledges what its sender has heard.
func (m *maker) tunnel(t Tunnel, end time.Duration) {
	if t.Stall > 0 {
		end = t.Stall
	}
	oneWay := t.Up == 0 || t.Down == 0
	first := t.Begin + 500*time.Millisecond
	up, down := first, first+halfTrip
	for id := byte(1); ; id++ {
		switch {
		case t.Up > 0 && up < end && (t.Down == 0 || up <= down):
			m.data(up, m.client, m.gateway, frame(oneWay, id))
			up += t.Up
		case t.Down > 0 && down < end:
			m.data(down, m.gateway, m.client, frame(oneWay, id))
			down += t.Down
		default:
			return
		}
	}
}

// frame is a PPP frame: of data, which MPPE has encrypted, or the LCP Configure-Request of a side that nobody answers.
func frame(negotiating bool, id byte) []byte {
	if negotiating { // MRU 1400, ACCM 0, magic number, PFC, ACFC
		return ppp.AppendFrame(nil, ppp.LCP, []byte{1, id, 0, 24, 1, 4, 5, 120, 2, 6, 0, 0, 0, 0, 5, 6, 1, 2, 3, 4, 7, 2, 8, 2})
	}
	cipher := bytes.Repeat([]byte{id}, payload)           // what it is, no exporter looks at
	binary.BigEndian.PutUint16(cipher, 0x9000|uint16(id)) // flushed and encrypted, coherency count (RFC 3078 section 3)
	return ppp.AppendFrame(nil, ppp.Compressed, cipher)
}

// data sends a PPP frame from one side to the other.
func (m *maker) data(at time.Duration, from, to *side, frame []byte) {
	p := gre.Packet{CallID: to.call, HasSeq: true, Seq: from.gre, HasAck: from.hasSeen, Ack: from.heard, Payload: frame}
	from.gre++
	to.heard, to.hasSeen = p.Seq, true
	m.send(at, from, to, layers.IPProtocolGRE, gopacket.Payload(p.AppendTo(nil)))
}

// ask is the exchange of a control message of the client.
func (m *maker) ask(at time.Duration, request, reply control.Message) {
	m.exchange(at, m.client, m.gateway, request, reply)
}

// exchange sends a control message and its answer, which is acknowledged.
func (m *maker) exchange(at time.Duration, from, to *side, request, reply control.Message) {
	m.tcp(at, from, to, layers.TCP{PSH: true, ACK: true}, request.AppendTo(nil))
	m.tcp(at+2*halfTrip, to, from, layers.TCP{PSH: true, ACK: true}, reply.AppendTo(nil))
	m.tcp(at+4*halfTrip, from, to, layers.TCP{ACK: true}, nil)
}

func (m *maker) connect(at time.Duration) {
	m.tcp(at, m.client, m.gateway, layers.TCP{SYN: true}, nil)
	m.tcp(at+2*halfTrip, m.gateway, m.client, layers.TCP{SYN: true, ACK: true}, nil)
	m.tcp(at+4*halfTrip, m.client, m.gateway, layers.TCP{ACK: true}, nil)
}

func (m *maker) close(at time.Duration) {
	m.tcp(at, m.client, m.gateway, layers.TCP{FIN: true, ACK: true}, nil)
	m.tcp(at+2*halfTrip, m.gateway, m.client, layers.TCP{FIN: true, ACK: true}, nil)
	m.tcp(at+4*halfTrip, m.client, m.gateway, layers.TCP{ACK: true}, nil)
}

// tcp sends a segment with the flags of header.
func (m *maker) tcp(at time.Duration, from, to *side, header layers.TCP, data []byte) {
	header.SrcPort, header.DstPort, header.Window = from.port, to.port, 64240
	header.Seq = from.next
	if header.ACK {
		header.Ack = to.next
	}
	from.next += uint32(len(data))
	if header.SYN || header.FIN {
		from.next++
	}
	m.send(at, from, to, layers.IPProtocolTCP, &header, gopacket.Payload(data))
}

// send puts Ethernet and IPv4 in front of what is in the packet.
func (m *maker) send(at time.Duration, from, to *side, protocol layers.IPProtocol, inside ...gopacket.SerializableLayer) {
	from.ip++
	ip := &layers.IPv4{
		Version: 4, TTL: 64, Id: from.ip, Flags: layers.IPv4DontFragment, Protocol: protocol,
		SrcIP: from.addr.AsSlice(), DstIP: to.addr.AsSlice(),
	}
	if header, ok := inside[0].(*layers.TCP); ok {
		m.fail(header.SetNetworkLayerForChecksum(ip))
	}
	buffer := gopacket.NewSerializeBuffer()
	m.fail(gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		append([]gopacket.SerializableLayer{
			&layers.Ethernet{SrcMAC: from.mac, DstMAC: to.mac, EthernetType: layers.EthernetTypeIPv4}, ip,
		}, inside...)...))
	m.packets = append(m.packets, packet{at: at, bytes: buffer.Bytes()})
}

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}
