//go:build real && linux

package flow

import (
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/flow/dgram"
)

var update = flag.Bool("update", false, "write what the exporters export to testdata")

// export writes a capture, has an exporter read it, and says when each datagram would have come. The exporter's files are
// in dir.
func export(t *testing.T, e Export) (f dgram.File, dir string) {
	t.Helper()
	Require(t)
	dir = t.TempDir()
	pcap, err := os.Create(filepath.Join(dir, e.Capture+".pcap"))
	require.NoError(t, err)
	require.NoError(t, Write(pcap, Start, Captures()[e.Capture]))
	require.NoError(t, pcap.Close())
	datagrams, err := e.Run(t.Context(), dir, e.Capture+".pcap")
	require.NoError(t, err)
	require.NotEmpty(t, datagrams)

	at := arrivals(t, e, datagrams)
	f = dgram.File{By: e.Name + " reading " + e.Capture, Start: Start}
	for i, d := range datagrams {
		f.Datagrams = append(f.Datagrams, dgram.Datagram{At: at[i], Bytes: d})
	}
	return f, dir
}

// arrivals says when each datagram would have come if the exporter had seen the capture as it happened: at its export time
// if that is of the capture, else as late as the exporter's time-outs allow.
func arrivals(t *testing.T, e Export, datagrams [][]byte) []time.Duration {
	t.Helper()
	all := make([]time.Duration, len(datagrams))
	if e.SFlow() {
		times := packetTimes(t, e.Capture)
		for i, d := range datagrams {
			packet := gopacket.NewPacket(d, layers.LayerTypeSFlow, gopacket.Default)
			require.Nil(t, packet.ErrorLayer())
			samples := packet.Layer(layers.LayerTypeSFlow).(*layers.SFlowDatagram).FlowSamples
			// The pool counts the packets that could have been samples so far.
			all[i] = times[min(int(samples[len(samples)-1].SamplePool), len(times))-1]
		}
		return all
	}
	for i, n := range dissect(t, "cflow", uncounted(datagrams)) {
		exported, counted := exportTime(datagrams[i])
		ofCapture := exported >= 0 && exported <= Length+time.Minute
		at := time.Duration(0)
		if ofCapture {
			at = exported
		}
		n.walk(func(f node) bool {
			var end time.Duration
			switch f.Name {
			case "cflow.abstimeend": // ms since the epoch; or an uptime of 0, which tshark takes for that
				end = max(0, time.UnixMilli(int64(f.number(t))).Sub(Start))
			case "cflow.timeend": // ms since the exporter's start, which wraps
				end = time.Duration(int32(uint32(exported.Milliseconds())-counted+uint32(f.number(t)))) * time.Millisecond
			default:
				return true
			}
			if !ofCapture {
				end += Inactive
			}
			at = max(at, end)
			return true
		})
		all[i] = at
		if i > 0 {
			all[i] = max(at, all[i-1])
		}
	}
	return all
}

// exportTime is that of the header, since the start of the capture, and the uptime.
func exportTime(d []byte) (at time.Duration, uptime uint32) {
	be := binary.BigEndian
	switch be.Uint16(d) {
	case 5:
		return time.Unix(int64(be.Uint32(d[8:])), int64(be.Uint32(d[12:]))).Sub(Start), be.Uint32(d[4:])
	case 9:
		return time.Unix(int64(be.Uint32(d[8:])), 0).Sub(Start), be.Uint32(d[4:])
	default:
		// IPFIX counts from a start that is in option data: softflowd's, which is that of the capture.
		at := time.Unix(int64(be.Uint32(d[4:])), 0).Sub(Start)
		return at, uint32(at.Milliseconds())
	}
}

// packetTimes are the times of a capture's packets.
func packetTimes(t *testing.T, capture string) []time.Duration {
	t.Helper()
	packets, err := packets(Captures()[capture])
	require.NoError(t, err)
	times := make([]time.Duration, len(packets))
	for i, p := range packets {
		times[i] = p.at
	}
	return times
}

// The real exporters: what they count is true, our decoder reads it as tshark and nfdump do, and the detector has it right.
func TestExporters(t *testing.T) {
	for _, e := range Exports() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel() // an exporter sleeps most of its time
			f, dir := export(t, e)
			if *update {
				require.NoError(t, f.Write(fixture(e)))
			}
			if e.SFlow() {
				compareSFlow(t, f)
			} else {
				compareNetFlow(t, f)
			}
			if strings.HasPrefix(e.Name, "nfpcapd") {
				compareNfdump(t, f, dir)
			}
			checkCounts(t, e, f)
			if !strings.HasPrefix(e.Name, "pmacctd-v") { // on a busy machine it looks at its flows so rarely that it tells of them too late
				checkStates(t, e, f)
			}
		})
	}
}
