package capture

import (
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

const (
	ipHeader     = 20
	tcpHeader    = 20
	maxIPPayload = 0xFFFF - ipHeader

	// Unlike each other, so that one is not taken for the other in a hex dump.
	firstSeqOurs   uint32 = 0x10000000
	firstSeqTheirs uint32 = 0x20000000
)

// builder makes the headers that a session does not see.
type builder struct {
	local, remote netip.AddrPort
	// Bytes of the control connection so far, and a FIN as one more.
	ours, theirs uint32
	buf          gopacket.SerializeBuffer
}

func newBuilder(local, remote netip.AddrPort) *builder {
	return &builder{local: local, remote: remote, buf: gopacket.NewSerializeBuffer()}
}

// tcp returns a segment; set sets its flags.
func (b *builder) tcp(outbound bool, data []byte, set func(*layers.TCP)) ([]byte, error) {
	t := &layers.TCP{DataOffset: tcpHeader / 4, Window: 0xFFFF, ACK: true}
	if outbound {
		t.SrcPort, t.DstPort = layers.TCPPort(b.local.Port()), layers.TCPPort(b.remote.Port())
		t.Seq, t.Ack = firstSeqOurs+1+b.ours, firstSeqTheirs+1+b.theirs
	} else {
		t.SrcPort, t.DstPort = layers.TCPPort(b.remote.Port()), layers.TCPPort(b.local.Port())
		t.Seq, t.Ack = firstSeqTheirs+1+b.theirs, firstSeqOurs+1+b.ours
	}
	set(t)
	ip := b.ip(outbound, layers.IPProtocolTCP, tcpHeader+len(data))
	if err := t.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	return b.serialize(ip, t, gopacket.Payload(data))
}

// gre returns a GRE packet, of which data may be only the beginning.
func (b *builder) gre(outbound bool, data []byte, length int) ([]byte, error) {
	return b.serialize(b.ip(outbound, layers.IPProtocolGRE, length), gopacket.Payload(data))
}

func (b *builder) ip(outbound bool, p layers.IPProtocol, payload int) *layers.IPv4 {
	from, to := b.local.Addr(), b.remote.Addr()
	if !outbound {
		from, to = to, from
	}
	return &layers.IPv4{
		Version: 4, IHL: ipHeader / 4, TTL: 64, Protocol: p,
		Length: uint16(ipHeader + payload), SrcIP: ipv4(from), DstIP: ipv4(to),
	}
}

func (b *builder) serialize(l ...gopacket.SerializableLayer) ([]byte, error) {
	// Lengths are set already: those of a packet that was cut are not what is there.
	if err := gopacket.SerializeLayers(b.buf, gopacket.SerializeOptions{ComputeChecksums: true}, l...); err != nil {
		return nil, err
	}
	return append([]byte(nil), b.buf.Bytes()...), nil
}

// ipv4 never fails: a session without an IPv4 address has sent nothing.
func ipv4(a netip.Addr) []byte {
	if a = a.Unmap(); !a.Is4() {
		a = netip.IPv4Unspecified()
	}
	return a.AsSlice()
}
