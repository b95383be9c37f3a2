package flow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flow/dgram"
)

var exporterAddr = netip.MustParseAddr("127.0.95.2")

// tap keeps what it hands on.
type tap struct {
	records []flow.Record
	notes   []flow.Note
	to      flow.Sink // or nil
}

func (s *tap) Record(r *flow.Record) {
	s.records = append(s.records, *r)
	if s.to != nil {
		s.to.Record(r)
	}
}

func (s *tap) Note(n flow.Note) {
	s.notes = append(s.notes, n)
	if s.to != nil {
		s.to.Note(n)
	}
}

// decoder decodes NetFlow, IPFIX and sFlow, as a collector does that has one port for all of them.
type decoder struct {
	netflow *netflow.Decoder
	sflow   *sflow.Decoder
}

func newDecoder(all bool) *decoder {
	return &decoder{netflow.NewDecoder(netflow.Config{All: all}), sflow.NewDecoder(sflow.Config{All: all})}
}

func isSFlow(datagram []byte) bool { return binary.BigEndian.Uint16(datagram) == 0 } // its version has 32 bits

func (d *decoder) decode(at time.Time, datagram []byte, sink flow.Sink) error {
	if isSFlow(datagram) {
		return d.sflow.Decode(exporterAddr, at, datagram, sink)
	}
	return d.netflow.Decode(exporterAddr, at, datagram, sink)
}

// entered is that a pair got into a state.
type entered struct {
	at    time.Duration
	state State
	why   string
}

// replay is what comes of an export in the capture's time.
type replay struct {
	tap
	history map[netip.Addr][]entered
	gateway detect.GatewaySummary // when the capture ends
}

// play decodes an export and has the detector judge it, each datagram at its time, until the capture ends: what exporters
// send after that they would have sent before, if flows that they read from files ended for being idle. The control
// connections of the clients told are known to be alive from elsewhere.
func play(t *testing.T, f dgram.File, told ...netip.Addr) *replay {
	t.Helper()
	r := &replay{history: map[netip.Addr][]entered{}}
	d, err := detect.New(detect.Config{
		Gateways: []detect.Gateway{{ID: "gateway", Addresses: []netip.Prefix{netip.PrefixFrom(Gateway, 32)}}},
		Active:   Active, Idle: Inactive,
		OnChange: func(c detect.Change) {
			if c.OfGateway() {
				return
			}
			r.history[c.Client] = append(r.history[c.Client], entered{c.At.Sub(f.Start), State(c.To.String()), c.Summary()})
		},
	})
	require.NoError(t, err)
	r.tap.to = d
	decoder := newDecoder(false)
	next := f.Start
	tick := func(until time.Time) {
		for ; next.Before(until); next = next.Add(time.Second) {
			for _, client := range told {
				d.TellControl(client, Gateway, next.Add(time.Minute))
			}
			d.Tick(next)
		}
	}
	end := f.Start.Add(Length)
	for i, g := range f.Datagrams {
		at := f.Arrival(g)
		if at.After(end) {
			break
		}
		tick(at)
		require.NoError(t, decoder.decode(at, dgram.Retime(g.Bytes, at), &r.tap), "datagram %d", i)
	}
	tick(end)
	r.gateway = d.Gateways(nil)[0]
	return r
}

// state is that of a pair at a time.
func (r *replay) state(client netip.Addr, at time.Duration) State {
	state := Unknown
	for _, e := range r.history[client] {
		if e.at <= at {
			state = e.state
		}
	}
	return state
}

func (r *replay) log(client netip.Addr) string {
	var b strings.Builder
	for _, e := range r.history[client] {
		fmt.Fprintf(&b, "\n  %6.1f s %s", e.at.Seconds(), e.why)
	}
	return b.String()
}

func fixture(e Export) string { return filepath.Join("testdata", e.Name+".dgram") }

// What real exporters have exported of the captures, on any machine.
func TestFixtures(t *testing.T) {
	for _, e := range Exports() {
		t.Run(e.Name, func(t *testing.T) {
			f, err := dgram.Read(fixture(e))
			require.NoError(t, err)
			checkCounts(t, e, f)
			checkStates(t, e, f)
		})
	}
}

// counts are packets and bytes of GRE, by direction.
type counts map[[2]netip.Addr]struct{ packets, bytes uint64 }

func (c counts) count(from, to netip.Addr, packets, bytes uint64) {
	if packets > 0 {
		n := c[[2]netip.Addr{from, to}]
		n.packets, n.bytes = n.packets+packets, n.bytes+bytes
		c[[2]netip.Addr{from, to}] = n
	}
}

// add counts what records say.
func (c counts) add(records []flow.Record) {
	for _, r := range records {
		if r.IsGRE() {
			c.count(r.Src, r.Dst, r.Packets, r.Bytes)
			c.count(r.Dst, r.Src, r.RevPackets, r.RevBytes)
		}
	}
}

// What exporters take for the bytes of a packet.
func ofIP(_ []byte, ip *layers.IPv4) uint64          { return uint64(ip.Length) }
func ofFrame(frame []byte, _ *layers.IPv4) uint64    { return uint64(len(frame)) }
func ofFrameFCS(frame []byte, _ *layers.IPv4) uint64 { return uint64(len(frame)) + 4 }

// captured counts the packets of a capture until a time.
func captured(t *testing.T, capture string, until time.Duration, size func([]byte, *layers.IPv4) uint64) counts {
	t.Helper()
	c := counts{}
	all, err := packets(Captures()[capture])
	require.NoError(t, err)
	for _, p := range all {
		if p.at > until {
			break
		}
		packet := gopacket.NewPacket(p.bytes, layers.LayerTypeEthernet, gopacket.NoCopy)
		ip := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if ip.Protocol != layers.IPProtocolGRE {
			continue
		}
		from, _ := netip.AddrFromSlice(ip.SrcIP)
		to, _ := netip.AddrFromSlice(ip.DstIP)
		c.count(from, to, 1, size(p.bytes, ip))
	}
	return c
}

// checkCounts compares the packets and bytes of GRE that an export counts with those of the capture.
func checkCounts(t *testing.T, e Export, f dgram.File) {
	t.Helper()
	decoder, got := newDecoder(false), counts{}
	var s tap
	for i, d := range f.Datagrams {
		require.NoError(t, decoder.decode(f.Arrival(d), d.Bytes, &s), "datagram %d", i)
	}
	got.add(s.records)
	until, size := Length, ofIP
	if e.SFlow() { // its last datagram is not sent when it is not full
		until, size = f.Datagrams[len(f.Datagrams)-1].At, ofFrameFCS
	}
	want := captured(t, e.Capture, until, size)
	if e.Sampling == 1 {
		require.Equal(t, want, got)
		return
	}
	for _, r := range s.records {
		require.InDelta(t, e.Sampling, r.Sampling, 0)
	}
	require.NotEmpty(t, got)
	for way, n := range got { // about a hundredth, of as little as 20
		require.Less(t, 20*n.packets, want[way].packets+100, way)
	}
}

// checkStates asserts the state of each pair when the capture ends, and that none was taken for a blackhole which is
// another one, or none.
func checkStates(t *testing.T, e Export, f dgram.File) {
	t.Helper()
	r := play(t, f)
	for _, p := range Captures()[e.Capture] {
		assert.Equal(t, e.Want(p), r.state(p.Client, Length), "%s%s", p.Name, r.log(p.Client))
		for _, s := range r.history[p.Client] {
			if s.state != Unknown && s.state != Idle && s.state != Healthy {
				assert.Equal(t, p.Want, s.state, "%s%s", p.Name, r.log(p.Client))
			}
		}
	}
	if e.Sampling == 1 && !e.SFlow() {
		assert.Equal(t, 1, r.gateway.Partial, "the pair of two clients behind one NAT")
	}
}

// Another source knows the control connections to be alive, and then what is sampled of busy tunnels is enough. Not so of
// softflowd's IPFIX: it takes more of its datagrams than there are to learn what it counts as sequence numbers.
func TestSampledWithControlTold(t *testing.T) {
	var clients []netip.Addr
	for _, p := range Busy() {
		clients = append(clients, p.Client)
	}
	f, err := dgram.Read(fixture(Export{Name: "pmacctd-sflow-sampled-busy"}))
	require.NoError(t, err)
	r := play(t, f, clients...)
	for _, p := range Busy() {
		want := p.Want
		if want == ControlOnly || want == Stalled {
			want = Unknown // silence both ways is proven by many more packets than are sampled
		}
		assert.Equal(t, want, r.state(p.Client, Length), "%s%s", p.Name, r.log(p.Client))
	}
}
