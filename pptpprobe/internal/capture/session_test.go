package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

var (
	testLocal  = netip.MustParseAddrPort("192.0.2.100:40000")
	testRemote = netip.MustParseAddrPort("192.0.2.1:1723")
	testStart  = time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC)
	testReason = Reason{Stage: "auth", Cause: "auth.bad_credentials", Detail: "the server said E=691"}
)

const (
	ourCall   = 4711
	theirCall = 42
)

func newStore(t testing.TB, change func(*Config)) *Store {
	t.Helper()
	cfg := Config{Dir: t.TempDir()}
	if change != nil {
		change(&cfg)
	}
	s, err := NewStore(cfg)
	require.NoError(t, err)
	return s
}

// script records a session, one packet each millisecond.
type script struct {
	r            *Recorder
	now          time.Time
	ours, theirs uint32 // GRE sequence numbers
}

func newScript(s *Store) *script {
	c := &script{r: s.Session(Meta{Target: "vpn.example", Host: "192.0.2.1"}), now: testStart}
	c.r.ControlOpened(testLocal, testRemote, testStart.Add(-time.Millisecond), testStart)
	return c
}

func (c *script) tick() time.Time {
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *script) call() {
	c.r.ControlSent(c.tick(), control.StartRequest{Version: 0x100, HostName: "probe"}.AppendTo(nil))
	c.r.ControlReceived(c.tick(), control.StartReply{Version: 0x100, Result: 1, HostName: "gw"}.AppendTo(nil))
	c.r.ControlSent(c.tick(), control.OutgoingCallRequest{CallID: ourCall, Window: 64}.AppendTo(nil))
	c.r.ControlReceived(c.tick(), control.OutgoingCallReply{CallID: theirCall, PeerCallID: ourCall, Result: 1, Window: 64}.AppendTo(nil))
}

// send and receive record a control packet in a PPP frame.
func (c *script) send(p ppp.Protocol, packet []byte) {
	c.r.GRESent(c.tick(), grePacket(theirCall, c.ours, ppp.AppendFrame(nil, p, packet)))
	c.ours++
}

func (c *script) receive(p ppp.Protocol, packet []byte) {
	c.r.GREReceived(c.tick(), grePacket(ourCall, c.theirs, ppp.AppendFrame(nil, p, packet)))
	c.theirs++
}

func (c *script) lcp() {
	option := []ppp.Option{{Type: 1, Data: []byte{5, 0x78}}, {Type: 5, Data: []byte{1, 2, 3, 4}}}
	req := ppp.Packet{Code: ppp.ConfReq, ID: 1, Data: ppp.AppendOptions(nil, option)}
	ack := ppp.Packet{Code: ppp.ConfAck, ID: 1, Data: req.Data}
	c.send(ppp.LCP, req.AppendTo(nil))
	c.receive(ppp.LCP, ack.AppendTo(nil))
}

func (c *script) close() {
	c.r.ControlSent(c.tick(), control.StopRequest{Reason: 1}.AppendTo(nil))
	c.r.ControlReceived(c.tick(), control.StopReply{Result: 1}.AppendTo(nil))
	c.r.ControlClosed(c.tick(), true)
	c.r.ControlClosed(c.tick(), false)
}

func grePacket(call uint16, seq uint32, payload []byte) []byte {
	return gre.Packet{CallID: call, HasSeq: true, Seq: seq, HasAck: seq > 0, Ack: seq - 1, Payload: payload}.AppendTo(nil)
}

func chapPacket(code byte, data []byte) []byte {
	return ppp.Packet{Code: ppp.Code(code), ID: 7, Data: data}.AppendTo(nil)
}

func (c *script) save(t testing.TB) string {
	t.Helper()
	path, err := c.r.Save(c.now, testReason)
	require.NoError(t, err)
	require.NotEmpty(t, path)
	return path
}

// decoded is what gopacket makes of a file.
type decoded struct {
	raw     []byte
	section pcapgo.NgSectionInfo
	intf    pcapgo.NgInterface
	packets []gopacket.Packet
}

func decode(t testing.TB, path string) decoded {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	d := decoded{raw: raw}
	r, err := pcapgo.NewNgReader(bytes.NewReader(raw), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	assert.Equal(t, layers.LinkTypeRaw, r.LinkType())
	for {
		data, ci, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		p := gopacket.NewPacket(data, layers.LinkTypeRaw, gopacket.Default)
		p.Metadata().CaptureInfo = ci
		requireChecksums(t, data)
		d.packets = append(d.packets, p)
	}
	d.section = r.SectionInfo()
	d.intf, err = r.Interface(0)
	require.NoError(t, err)
	return d
}

// requireChecksums sums the headers as a receiver does: without gopacket, which
// computed them.
func requireChecksums(t testing.TB, ip []byte) {
	t.Helper()
	require.GreaterOrEqual(t, len(ip), ipHeader)
	require.Equal(t, uint16(0xFFFF), onesSum(ip[:ipHeader]), "IPv4")
	if ip[9] != 6 {
		return
	}
	pseudo := append([]byte(nil), ip[12:20]...)
	pseudo = binary.BigEndian.AppendUint16(append(pseudo, 0, 6), uint16(len(ip)-ipHeader))
	require.Equal(t, uint16(0xFFFF), onesSum(append(pseudo, ip[ipHeader:]...)), "TCP")
}

func onesSum(b []byte) uint16 {
	var sum uint32
	for i, c := range b {
		if i%2 == 0 {
			sum += uint32(c) << 8
		} else {
			sum += uint32(c)
		}
	}
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return uint16(sum)
}

// streams puts the control connection together again, by sequence numbers; holes
// are left as zeros.
func (d decoded) streams(t testing.TB) (ours, theirs []byte) {
	t.Helper()
	put := func(stream []byte, seq, first uint32, data []byte) []byte {
		off := int(seq - first - 1)
		if n := off + len(data); n > len(stream) {
			stream = append(stream, make([]byte, n-len(stream))...)
		}
		copy(stream[off:], data)
		return stream
	}
	for _, p := range d.packets {
		s, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok || len(s.Payload) == 0 {
			continue
		}
		if uint16(s.DstPort) == testRemote.Port() {
			ours = put(ours, s.Seq, firstSeqOurs, s.Payload)
		} else {
			theirs = put(theirs, s.Seq, firstSeqTheirs, s.Payload)
		}
	}
	return ours, theirs
}

// gre returns the GRE packets, from their GRE header on.
func (d decoded) gre() (packets [][]byte) {
	for _, p := range d.packets {
		if ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4); ip.Protocol == layers.IPProtocolGRE {
			packets = append(packets, ip.Payload)
		}
	}
	return packets
}

// line describes a packet on one line.
func line(p gopacket.Packet) string {
	ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	var b strings.Builder
	b.WriteString(p.Metadata().Timestamp.UTC().Format("05.000000000 ") + ip.SrcIP.String() + ">" + ip.DstIP.String())
	if s, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP); ok {
		b.WriteString(" TCP")
		for _, f := range []struct {
			name string
			set  bool
		}{{"SYN", s.SYN}, {"PSH", s.PSH}, {"FIN", s.FIN}, {"RST", s.RST}, {"ACK", s.ACK}} {
			if f.set {
				b.WriteString(" " + f.name)
			}
		}
		b.WriteString(strings.ToUpper(hex8(s.Seq)) + strings.ToUpper(hex8(s.Ack)))
		if m, err := control.Parse(s.Payload); err == nil {
			b.WriteString(" " + m.Type().String())
		}
		return b.String()
	}
	g, err := gre.Parse(ip.Payload)
	if err != nil {
		return b.String() + " " + err.Error()
	}
	b.WriteString(" GRE")
	if proto, info, err := ppp.ParseFrame(g.Payload); err == nil {
		b.WriteString(" " + proto.String())
		if c, err := ppp.ParsePacket(info); err == nil {
			b.WriteString(" " + c.Code.String())
		}
	}
	return b.String()
}

func hex8(v uint32) string {
	const digits = "0123456789abcdef"
	b := []byte(" ........")
	for i := 8; i > 0; i-- {
		b[i] = digits[v&15]
		v >>= 4
	}
	return string(b)
}

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
