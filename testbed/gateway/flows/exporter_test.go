package flows

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	begin   = time.Unix(1_800_000_000, 0)
	client  = netip.MustParseAddrPort("127.0.0.11:40000")
	server  = netip.MustParseAddrPort("127.0.0.2:1723")
	control = gateway.Packet{Protocol: flow.ProtoTCP, Client: client, Gateway: server, Flags: 0x18, Bytes: 100}
	data    = gateway.Packet{
		Protocol: flow.ProtoGRE, Client: netip.AddrPortFrom(client.Addr(), 0), Gateway: netip.AddrPortFrom(server.Addr(), 0), Bytes: 80,
	}
)

func TestCache(t *testing.T) {
	c := cache{active: 5 * time.Second, idle: 2 * time.Second, flows: make(map[key]*flowexport.Flow)}
	see := func(p gateway.Packet, in bool, at time.Duration) {
		p.In, p.At = in, begin.Add(at)
		c.packet(&p)
	}
	for i := range 4 {
		see(data, true, time.Duration(i)*time.Second)
	}
	see(control, false, 3*time.Second)
	c.expire(begin.Add(4 * time.Second))
	assert.Empty(t, c.done, "both go on")
	c.expire(begin.Add(5 * time.Second))
	require.Len(t, c.done, 2, "one is old, one is silent")
	i := 0
	if c.done[0].Proto == flow.ProtoTCP {
		i = 1
	}
	assert.Equal(t, flowexport.Flow{
		Src: client.Addr(), Dst: server.Addr(), Proto: flow.ProtoGRE, Packets: 4, Bytes: 320, Start: begin, End: begin.Add(3 * time.Second),
	}, c.done[i])
	assert.Equal(t, flowexport.Flow{
		Src: server.Addr(), Dst: client.Addr(), SrcPort: 1723, DstPort: 40000, Proto: flow.ProtoTCP, Flags: 0x18, Packets: 1, Bytes: 100,
		Start: begin.Add(3 * time.Second), End: begin.Add(3 * time.Second),
	}, c.done[1-i])

	fin := control
	fin.Flags = 0x11
	see(fin, true, 6*time.Second)
	assert.Len(t, c.done, 3, "the end of a connection")
	assert.Empty(t, c.flows)
}

func TestCacheIsBounded(t *testing.T) {
	c := cache{active: time.Minute, idle: time.Minute, flows: make(map[key]*flowexport.Flow)}
	for i := range 3 * cacheSize {
		p := control
		p.At, p.Client = begin, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), 1)
		c.packet(&p)
		assert.LessOrEqual(t, len(c.flows), cacheSize)
	}
}

type records []flow.Record

func (r *records) Record(f *flow.Record) { *r = append(*r, *f) }
func (*records) Note(flow.Note)          {}

// What is sent can be decoded, and is what was seen.
func TestExport(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer conn.Close()
	x, err := Start(context.Background(), Config{Collector: conn.LocalAddr().String(), Active: time.Second, Idle: time.Second})
	require.NoError(t, err)
	p := data
	p.At, p.In = time.Now(), true
	x.Observe(p)

	var got records
	decoder := netflow.NewDecoder(netflow.Config{})
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	buf := make([]byte, 2000)
	for len(got) == 0 {
		n, _, err := conn.ReadFrom(buf)
		require.NoError(t, err)
		require.NoError(t, decoder.Decode(netip.MustParseAddr("127.0.0.1"), time.Now(), buf[:n], &got))
	}
	assert.Equal(t, client.Addr(), got[0].Src)
	assert.Equal(t, server.Addr(), got[0].Dst)
	assert.EqualValues(t, flow.ProtoGRE, got[0].Proto)
	assert.EqualValues(t, 1, got[0].Packets)
	require.NoError(t, x.Close())
	require.NoError(t, x.Close())
}
