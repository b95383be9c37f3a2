package sflow

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// sequenceNumbers are where they are in a datagram: that of itself, and those of the
// samples, as far as these can be found.
func sequenceNumbers(datagram []byte) (at []int) {
	_, b, ok := readAddress(datagram[min(4, len(datagram)):])
	if !ok || len(b) < 16 {
		return nil
	}
	at = []int{len(datagram) - len(b) + 4}
	for b = b[16:]; ; {
		_, body, rest, ok := readOpaque(b)
		if !ok {
			return at
		}
		if len(body) >= 4 {
			at = append(at, len(datagram)-len(b)+8)
		}
		b = rest
	}
}

// advance makes the next datagram of one.
func advance(datagram []byte, numbers []int) {
	for _, i := range numbers {
		be.PutUint32(datagram[i:], be.Uint32(datagram[i:])+1)
	}
}

// requireSame decodes a datagram and those that follow it with usual and without,
// which must make no difference.
func requireSame(tb testing.TB, all bool, datagram []byte) {
	tb.Helper()
	cfg := Config{All: all, MaxExporters: 2, MaxSources: 3}
	fast, general := NewDecoder(cfg), NewDecoder(cfg)
	general.general = true
	got, want := &collect{}, &collect{}
	b := append([]byte(nil), datagram...)
	numbers := sequenceNumbers(b)
	for range 3 {
		require.Equal(tb, general.Decode(sender, start, b, want), fast.Decode(sender, start, b, got), "%x", b)
		require.Equal(tb, want, got, "%x", b)
		require.Equal(tb, general.Stats(), fast.Stats(), "%x", b)
		require.Equal(tb, general.exporters, fast.exporters, "%x", b)
		require.Equal(tb, general.sources, fast.sources, "%x", b)
		advance(b, numbers)
	}
}

// FuzzUsual compares the decoding of what is usual with the general one.
func FuzzUsual(f *testing.F) {
	f.Fuzz(func(t *testing.T, all bool, datagram []byte) { requireSame(t, all, datagram) })
}

// frames are Ethernet frames of many kinds.
func frames(tb testing.TB) map[string][]byte {
	tb.Helper()
	gre, web := grePacket(tb, client, gateway, 61), tcpPacket(tb, client, gateway, 40000, 443)
	tagged := func(types []layers.EthernetType, b []byte) []byte {
		parts := []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: types[0]}}
		for _, typ := range types[1:] {
			parts = append(parts, &layers.Dot1Q{VLANIdentifier: 7, Type: typ})
		}
		return join(tb, append(parts, gopacket.Payload(b))...)
	}
	const vlan, qinq, ip = layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, layers.EthernetTypeIPv4
	of := func(at int, value byte, b []byte) []byte {
		b = append([]byte(nil), b...)
		b[at] = value
		return ether(tb, b)
	}
	options := append([]byte{0x46}, append(append([]byte(nil), web[1:20]...), append(make([]byte, 4), web[20:]...)...)...)
	return map[string][]byte{
		"tunnel": ether(tb, gre), "other TCP": ether(tb, web),
		"control":            ether(tb, tcpPacket(tb, client, gateway, 40000, 1723)),
		"control, back":      ether(tb, tcpPacket(tb, gateway, client, 1723, 40000)),
		"UDP":                of(9, 17, web),
		"ESP":                of(9, 50, web),
		"echo":               of(9, 1, web),
		"ICMPv6 in IPv4":     of(9, 58, web),
		"no total length":    of(3, 0, web),
		"short total length": of(3, 19, web),
		"total length to the end of the IP header": of(3, 20, tcpPacket(tb, client, gateway, 40000, 1723)),
		"later fragment":                of(7, 1, tcpPacket(tb, client, gateway, 40000, 1723)),
		"options":                       ether(tb, options),
		"unreachable":                   ether(tb, unreachable(tb, gateway, client, 2, gre)),
		"unreachable quoting other TCP": ether(tb, unreachable(tb, gateway, client, 2, web)),
		"ARP":                           tagged([]layers.EthernetType{layers.EthernetTypeARP}, web),
		"IPv6 by type":                  tagged([]layers.EthernetType{layers.EthernetTypeIPv6}, web),
		"VLAN, tunnel":                  tagged([]layers.EthernetType{vlan, ip}, gre),
		"VLAN, TCP":                     tagged([]layers.EthernetType{vlan, ip}, web),
		"VLAN, ARP":                     tagged([]layers.EthernetType{vlan, layers.EthernetTypeARP}, web),
		"two tags, TCP":                 tagged([]layers.EthernetType{qinq, vlan, ip}, web),
		"two VLANs, TCP":                tagged([]layers.EthernetType{vlan, vlan, ip}, web),
		"shortest":                      ether(tb, web)[:42],
		"too short":                     ether(tb, web)[:41],
		"cut off in TCP":                ether(tb, web)[:35],
	}
}

// TestUsual has frames of all kinds in samples of all kinds, and of each the same
// cut off and with a bit changed.
func TestUsual(t *testing.T) {
	extended := opaque(1001, u32(7, 0, 8, 0))
	records := map[string]func(frame []byte) [][]byte{
		"alone":               func(f []byte) [][]byte { return [][]byte{raw(1, 118, f)} },
		"with switch":         func(f []byte) [][]byte { return [][]byte{raw(1, 118, f), extended} },
		"with two":            func(f []byte) [][]byte { return [][]byte{raw(1, 118, f), extended, opaque(1004, []byte("user"))} },
		"with one not padded": func(f []byte) [][]byte { return [][]byte{raw(1, 118, f), opaque(1004, []byte("me"))} },
		"after switch":        func(f []byte) [][]byte { return [][]byte{extended, raw(1, 118, f)} },
		"as IP":               func(f []byte) [][]byte { return [][]byte{raw(11, 118, f)} },
		"twice":               func(f []byte) [][]byte { return [][]byte{raw(1, 118, f), raw(1, 118, f)} },
		"with fields":         func(f []byte) [][]byte { return [][]byte{raw(1, 118, f), fields4(1, 47, client, gateway, 0, 0, 0)} },
		"with translation":    func(f []byte) [][]byte { return [][]byte{raw(1, 118, f), nat(gateway, netip.Addr{})} },
	}
	samples := map[string]func(records ...[]byte) []byte{
		"flow": usual.flow, "expanded": usual.expanded,
		"discard":           func(r ...[]byte) []byte { return usual.discard(258, r...) },
		"dropped":           sampled{seq: 1, source: 4, rate: 100, in: 3, out: 1<<30 | 258}.flow,
		"dropped, expanded": sampled{seq: 1, source: 4, rate: 100, in: 3, out: 1<<30 | 258}.expanded,
	}
	other := sampled{seq: 1, source: 9, rate: 50}.flow(raw(1, 60, ether(t, grePacket(t, gateway, client, 7))))
	rnd := rand.New(rand.NewPCG(7, 8))
	frames := frames(t)
	for _, sample := range slices.Sorted(maps.Keys(samples)) {
		for _, record := range slices.Sorted(maps.Keys(records)) {
			t.Run(sample+"/"+record, func(t *testing.T) {
				for _, frame := range slices.Sorted(maps.Keys(frames)) {
					s := samples[sample](records[record](frames[frame])...)
					b := datagram(s, other, s)
					for _, all := range []bool{false, true} {
						requireSame(t, all, b)
						requireSame(t, all, b[:rnd.IntN(len(b))])
						for range 4 {
							damaged := append([]byte(nil), b...)
							damaged[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
							requireSame(t, all, damaged)
						}
					}
				}
			})
		}
	}
}

// TestUsualIsUsed has samples that usual is to take, all or up to one.
func TestUsualIsUsed(t *testing.T) {
	f := frames(t)
	web := usual.flow(raw(1, 118, f["VLAN, TCP"]), opaque(1001, u32(7, 0, 8, 0)))
	mine := usual.expanded(raw(1, 118, f["tunnel"]))
	for _, tt := range []struct {
		name    string
		samples [][]byte
		next    uint32 // from one sequence number to the next
		want    uint32
	}{
		{"of no interest", [][]byte{web}, 1, 1},
		{"of interest", [][]byte{mine}, 1, 1},
		{"one is missing", [][]byte{mine}, 2, 0},
		{"counters", [][]byte{web, opaque(formatCounters, make([]byte, 400))}, 1, 1},
		{"no packet", [][]byte{mine, sampled{seq: 1, source: 9}.flow(raw(1, 118, f["ARP"]))}, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder(Config{})
			b := datagram(tt.samples...)
			require.NoError(t, d.Decode(sender, start, b, &collect{}))
			for _, i := range sequenceNumbers(b) {
				be.PutUint32(b[i:], be.Uint32(b[i:])+tt.next)
			}
			got := &collect{}
			done, rest := d.usual(d.follow(exporterKey{from: sender, agent: agent}, 2, 1000, got), uint32(len(tt.samples)), b[28:], got)
			assert.Equal(t, tt.want, done)
			assert.Equal(t, tt.want == uint32(len(tt.samples)), len(rest) == 0)
			for _, r := range got.records {
				assert.Equal(t, uint8(flow.ProtoGRE), r.Proto)
			}
		})
	}
}
