//go:build real && linux

package flow

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// node is a field of tshark's dissection.
type node struct {
	Name  string `xml:"name,attr"`
	Show  string `xml:"show,attr"`
	Says  string `xml:"showname,attr"`
	Value string `xml:"value,attr"` // the bytes, in hex
	// Unmasked are the bytes that a field of single bits is in.
	Unmasked string `xml:"unmaskedvalue,attr"`
	Fields   []node `xml:"field"`
	Protos   []node `xml:"proto"`
}

// number is the value of a field, of up to 8 bytes; of one of single bits, with those around it.
func (n node) number(t testing.TB) uint64 {
	t.Helper()
	value := n.Value
	if n.Unmasked != "" {
		value = n.Unmasked
	}
	b, err := hex.DecodeString(value)
	require.NoError(t, err, "%s", n.Says)
	require.LessOrEqual(t, len(b), 8, "%s", n.Says)
	return binary.BigEndian.Uint64(append(make([]byte, 8-len(b)), b...))
}

// walk visits what is below n, in its order but for protocols inside protocols, which come last. visit says whether to go on
// below a field.
func (n node) walk(visit func(node) bool) {
	for _, below := range [][]node{n.Fields, n.Protos} {
		for _, f := range below {
			if visit(f) {
				f.walk(visit)
			}
		}
	}
}

// dissect has tshark dissect datagrams, each in a packet of its own, and returns what its dissector says of each.
func dissect(t testing.TB, dissector string, datagrams [][]byte) []node {
	t.Helper()
	path := filepath.Join(t.TempDir(), "datagrams.pcap")
	writeUDP(t, path, datagrams)
	cmd := exec.CommandContext(t.Context(), "tshark", "-r", path, "-d", "udp.port==2055,"+dissector, "-T", "pdml")
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, err := cmd.Output()
	require.NoError(t, err)
	var all struct {
		Packets []node `xml:"packet"`
	}
	require.NoError(t, xml.Unmarshal(out, &all))
	require.Len(t, all.Packets, len(datagrams))
	nodes := make([]node, len(datagrams))
	for i, p := range all.Packets {
		for _, proto := range p.Protos {
			require.NotContains(t, proto.Name, "malformed", "datagram %d", i)
			if proto.Name == dissector {
				nodes[i] = proto
			}
		}
		require.NotEmpty(t, nodes[i].Fields, "datagram %d is no %s", i, dissector)
	}
	return nodes
}

func writeUDP(t testing.TB, path string, datagrams [][]byte) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(1<<16, layers.LinkTypeRaw))
	for i, d := range datagrams {
		ip := &layers.IPv4{Version: 4, TTL: 64, Id: uint16(i), Protocol: layers.IPProtocolUDP, SrcIP: exporterAddr.AsSlice(), DstIP: exporterAddr.AsSlice()}
		udp := &layers.UDP{SrcPort: 40000, DstPort: 2055}
		require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
		b := gopacket.NewSerializeBuffer()
		require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, udp, gopacket.Payload(d)))
		require.NoError(t, w.WritePacket(info(Start.Add(time.Duration(i)), len(b.Bytes())), b.Bytes()))
	}
}

// flows returns the records of flows in a dissected datagram; those of option data have no protocol.
func flows(n node) []node {
	var all []node
	n.walk(func(f node) bool {
		if !strings.HasPrefix(f.Show, "Flow ") && !strings.HasPrefix(f.Show, "pdu ") {
			return true
		}
		isFlow := false
		f.walk(func(f node) bool { isFlow = isFlow || f.Name == "cflow.protocol"; return true })
		if isFlow {
			all = append(all, f)
		}
		return false
	})
	return all
}
