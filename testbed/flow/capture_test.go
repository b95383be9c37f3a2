package flow

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

// greWay is the GRE of one call in one direction.
type greWay struct {
	from, to netip.Addr
	call     uint16
}

// The captures are what their labels say, read from the file as anybody would.
func TestCaptures(t *testing.T) {
	for name, pairs := range Captures() {
		t.Run(name, func(t *testing.T) {
			var file, again bytes.Buffer
			require.NoError(t, Write(&file, Start, pairs))
			require.NoError(t, Write(&again, Start, pairs))
			require.Equal(t, file.Bytes(), again.Bytes(), "two captures of the same pairs")

			reader, err := pcapgo.NewReader(&file)
			require.NoError(t, err)
			calls := map[greWay][]gre.Packet{}
			last := map[greWay]time.Time{}
			streams := map[[2]string]*control.Decoder{}
			messages := map[netip.Addr][]control.MessageType{}
			before := Start
			for {
				data, at, err := reader.ReadPacketData()
				if err != nil {
					break
				}
				require.False(t, at.Timestamp.Before(before), "out of order")
				require.True(t, at.Timestamp.Before(Start.Add(Length)), "after the end")
				before = at.Timestamp
				packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
				ip := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
				from, _ := netip.AddrFromSlice(ip.SrcIP)
				to, _ := netip.AddrFromSlice(ip.DstIP)
				if ip.Protocol == layers.IPProtocolGRE {
					p, err := gre.Parse(ip.Payload)
					require.NoError(t, err)
					way := greWay{from, to, p.CallID}
					calls[way] = append(calls[way], p)
					last[way] = at.Timestamp
					continue
				}
				tcp := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
				stream := [2]string{from.String() + tcp.SrcPort.String(), to.String() + tcp.DstPort.String()}
				if streams[stream] == nil {
					streams[stream] = new(control.Decoder)
				}
				messages[from] = append(messages[from], decodeControl(t, streams[stream], tcp.Payload)...)
			}
			for _, p := range pairs {
				for _, tunnel := range p.Tunnels {
					up := calls[greWay{p.Client, Gateway, tunnel.GatewayCall}]
					down := calls[greWay{Gateway, p.Client, tunnel.ClientCall}]
					assert.Equal(t, tunnel.Up > 0, len(up) > 0, p.Name)
					assert.Equal(t, tunnel.Down > 0, len(down) > 0, p.Name)
					numbered(t, up)
					numbered(t, down)
					if tunnel.Stall > 0 {
						assert.WithinDuration(t, Start.Add(tunnel.Stall), last[greWay{p.Client, Gateway, tunnel.GatewayCall}], 2*time.Second, p.Name)
					}
				}
				said := messages[p.Client]
				assert.Equal(t, control.TypeStartRequest, said[0], p.Name)
				assert.Equal(t, p.Want == Idle, slices.Contains(said, control.TypeCallClearRequest), p.Name)
				assert.Contains(t, said, control.TypeEchoRequest, p.Name)
				assert.Contains(t, said, control.TypeEchoReply, p.Name)
			}
			assert.NotEmpty(t, slices.Collect(maps.Keys(calls)))
		})
	}
}

// numbered asserts that packets of a call have the sequence numbers 0, 1, 2, ..., and acknowledge ever more.
func numbered(t *testing.T, packets []gre.Packet) {
	t.Helper()
	var acked uint32
	for i, p := range packets {
		require.EqualValues(t, i, p.Seq)
		if p.HasAck {
			require.GreaterOrEqual(t, p.Ack, acked)
			acked = p.Ack
		}
	}
}

// decodeControl returns the types of the messages that a segment completes.
func decodeControl(t *testing.T, d *control.Decoder, segment []byte) []control.MessageType {
	t.Helper()
	var types []control.MessageType
	d.Feed(segment)
	for {
		m, err := d.Next()
		require.NoError(t, err)
		if m == nil {
			return types
		}
		types = append(types, m.Type())
	}
}
