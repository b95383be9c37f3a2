//go:build real && linux

package flow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flow/dgram"
)

// header is what times in a datagram count from.
type header struct {
	export time.Time
	boot   time.Time
}

func headerOf(d []byte) header {
	be := binary.BigEndian
	switch be.Uint16(d) {
	case 5:
		at := time.Unix(int64(be.Uint32(d[8:])), int64(be.Uint32(d[12:])))
		return header{at, at.Add(-time.Duration(be.Uint32(d[4:])) * time.Millisecond)}
	case 9:
		at := time.Unix(int64(be.Uint32(d[8:])), 0)
		return header{at, at.Add(-time.Duration(be.Uint32(d[4:])) * time.Millisecond)}
	default:
		return header{time.Unix(int64(be.Uint32(d[4:])), 0), Start} // as softflowd's options say
	}
}

// uptime is the time that is so many ms after boot, of which 32 bits are left.
func (h header) uptime(ms uint64) int64 {
	since := int32(uint32(ms) - uint32(h.export.Sub(h.boot).Milliseconds()))
	return h.export.Add(time.Duration(since) * time.Millisecond).UnixNano()
}

// millis is a time in ms since the epoch. tshark takes for one an uptime of 0 as well.
func (h header) millis(ms uint64) int64 {
	if ms == 0 {
		return h.uptime(0)
	}
	return time.UnixMilli(int64(ms)).UnixNano()
}

// read are the fields of tshark's cflow dissector that our decoder reads, and what of a record they are.
var read = map[string]func(r *flow.Record, h header, v uint64) (got, want any){
	"cflow.srcaddr":         func(r *flow.Record, _ header, v uint64) (any, any) { return r.Src, address(v) },
	"cflow.dstaddr":         func(r *flow.Record, _ header, v uint64) (any, any) { return r.Dst, address(v) },
	"cflow.protocol":        func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.Proto), v },
	"cflow.srcport":         func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.SrcPort), v },
	"cflow.dstport":         func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.DstPort), v },
	"cflow.packets":         func(r *flow.Record, _ header, v uint64) (any, any) { return r.Packets, v },
	"cflow.octets":          func(r *flow.Record, _ header, v uint64) (any, any) { return r.Bytes, v },
	"cflow.packets reverse": func(r *flow.Record, _ header, v uint64) (any, any) { return r.RevPackets, v },
	"cflow.octets reverse":  func(r *flow.Record, _ header, v uint64) (any, any) { return r.RevBytes, v },
	"cflow.tcpflags":        func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.TCPFlags), v },
	"cflow.tcpflags reverse": func(r *flow.Record, _ header, v uint64) (any, any) {
		return uint64(r.RevTCPFlags), v
	},
	"cflow.inputint":        func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.In), v },
	"cflow.outputint":       func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.Out), v },
	"cflow.flow_end_reason": func(r *flow.Record, _ header, v uint64) (any, any) { return uint64(r.EndReason), v },
	"cflow.direction": func(r *flow.Record, _ header, v uint64) (any, any) {
		return r.Direction, []flow.Direction{flow.Ingress, flow.Egress}[v]
	},
	"cflow.timestart":    func(r *flow.Record, h header, v uint64) (any, any) { return r.Start, h.uptime(v) },
	"cflow.timeend":      func(r *flow.Record, h header, v uint64) (any, any) { return r.End, h.uptime(v) },
	"cflow.abstimestart": func(r *flow.Record, h header, v uint64) (any, any) { return r.Start, h.millis(v) },
	"cflow.abstimeend":   func(r *flow.Record, h header, v uint64) (any, any) { return r.End, h.millis(v) },
	"cflow.forwarding_status": func(r *flow.Record, _ header, v uint64) (any, any) {
		return r.Drop == flow.DropForwarding, v>>6 == 2
	},
}

// differences are the fields that our decoder reads another way, or not at all, and why.
var differences = map[string]string{
	"cflow.nexthop":                        "not needed",
	"cflow.tos":                            "not needed",
	"cflow.tos reverse":                    "not needed",
	"cflow.srcas":                          "not needed",
	"cflow.dstas":                          "not needed",
	"cflow.srcmask":                        "not needed",
	"cflow.dstmask":                        "not needed",
	"cflow.padding":                        "is nothing",
	"cflow.ip_version":                     "the addresses tell it",
	"cflow.ip_version reverse":             "the addresses tell it",
	"cflow.engine_type":                    "not needed",
	"cflow.engine_id":                      "not needed",
	"cflow.forwarding_status_unknown_code": "of the status that is compared, only drops have a code that matters",
	"cflow.icmp_type_code_ipv4":            "read of ICMP only: nfreplay repeats the Call ID in it, of GRE",
}

func address(v uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// compare compares a record with tshark's fields of it, every one.
func compare(t *testing.T, h header, want node, got *flow.Record) {
	t.Helper()
	want.walk(func(f node) bool {
		name := f.Name
		if name == "" || name == "cflow.timedelta" {
			return true // a heading
		}
		if strings.Contains(f.Says, "(Reverse") {
			name += " reverse"
		}
		if _, differs := differences[name]; differs {
			return false
		}
		of, ok := read[name]
		if !assert.True(t, ok, "tshark knows %s (%s), which is neither compared nor a difference that is known", name, f.Says) {
			return false
		}
		gets, wants := of(got, h, f.number(t))
		assert.Equal(t, wants, gets, "%s: %s", name, f.Says)
		return false
	})
}

// decodeAll decodes an export, record by record for each datagram, in the capture's time.
func decodeAll(t *testing.T, f dgram.File) (datagrams [][]byte, records [][]flow.Record) {
	t.Helper()
	decoder := newDecoder(true)
	for i, d := range f.Datagrams {
		b := dgram.Retime(d.Bytes, f.Arrival(d))
		var s tap
		require.NoError(t, decoder.decode(f.Arrival(d), b, &s), "datagram %d", i)
		datagrams, records = append(datagrams, b), append(records, s.records)
	}
	return datagrams, records
}

// uncounted returns copies of datagrams, those of NetFlow v9 with a count of records that is too high. RFC 3954 section 5.1
// counts templates as well, softflowd does not, and tshark reads no more records than are counted.
func uncounted(datagrams [][]byte) [][]byte {
	all := make([][]byte, len(datagrams))
	for i, d := range datagrams {
		all[i] = bytes.Clone(d)
		if binary.BigEndian.Uint16(d) == 9 {
			binary.BigEndian.PutUint16(all[i][2:], 1000)
		}
	}
	return all
}

// compareNetFlow compares all records of an export with tshark's.
func compareNetFlow(t *testing.T, f dgram.File) {
	t.Helper()
	datagrams, records := decodeAll(t, f)
	for i, n := range dissect(t, "cflow", uncounted(datagrams)) {
		want := flows(n)
		require.Len(t, records[i], len(want), "datagram %d", i)
		for j := range want {
			compare(t, headerOf(datagrams[i]), want[j], &records[i][j])
		}
		if t.Failed() {
			t.Fatalf("datagram %d", i)
		}
	}
}

// sampled are the fields of a sample, and of the headers in it, that our decoder reads. tshark knows many more of the headers.
var sampled = map[string]func(r *flow.Record, v uint64) (got, want any){
	"sflow.flow_sample.sampling_rate":    func(r *flow.Record, v uint64) (any, any) { return r.Sampling, float64(v) },
	"sflow.flow_sample.input_interface":  func(r *flow.Record, v uint64) (any, any) { return r.In, known(v) },
	"sflow.flow_sample.output_interface": func(r *flow.Record, v uint64) (any, any) { return r.Out, known(v) },
	"sflow_245.header.frame_length":      func(r *flow.Record, v uint64) (any, any) { return r.Bytes, v },
	"ip.src":                             func(r *flow.Record, v uint64) (any, any) { return r.Src, address(v) },
	"ip.dst":                             func(r *flow.Record, v uint64) (any, any) { return r.Dst, address(v) },
	"ip.proto":                           func(r *flow.Record, v uint64) (any, any) { return uint64(r.Proto), v },
	"tcp.srcport":                        func(r *flow.Record, v uint64) (any, any) { return uint64(r.SrcPort), v },
	"tcp.dstport":                        func(r *flow.Record, v uint64) (any, any) { return uint64(r.DstPort), v },
	"tcp.flags":                          func(r *flow.Record, v uint64) (any, any) { return uint64(r.TCPFlags), v & 0xff },
	"gre.key.call_id":                    func(r *flow.Record, v uint64) (any, any) { return uint64(r.CallID), v },
}

// known is an interface index: sFlow says 0x3fffffff of one that is not known, or inside the device.
func known(v uint64) uint32 {
	if v == 0x3fffffff {
		return 0
	}
	return uint32(v)
}

// compareSFlow compares all samples of an export with tshark's.
func compareSFlow(t *testing.T, f dgram.File) {
	t.Helper()
	datagrams, records := decodeAll(t, f)
	for i, n := range dissect(t, "sflow", datagrams) {
		var want []node
		n.walk(func(f node) bool {
			isSample := strings.HasPrefix(f.Show, "Flow sample")
			if isSample {
				want = append(want, f)
			}
			return !isSample
		})
		require.Len(t, records[i], len(want), "datagram %d", i)
		for j := range want {
			r, seen := &records[i][j], 0
			want[j].walk(func(f node) bool {
				if of, ok := sampled[f.Name]; ok {
					seen++
					got, want := of(r, f.number(t))
					require.Equal(t, want, got, "datagram %d, sample %d: %s", i, j, f.Says)
				}
				return true
			})
			require.Equal(t, map[bool]int{true: 8, false: 10}[r.IsGRE()], seen, "fields compared of datagram %d, sample %d", i, j)
			require.Equal(t, r.IsGRE(), r.HasCallID)
		}
	}
}

// compareNfdump compares the flows of an export with what nfdump says of the file that nfreplay read.
func compareNfdump(t *testing.T, f dgram.File, dir string) {
	t.Helper()
	data, err := dataDir()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "nfcapd.2*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	r := &run{data: data, dir: dir}
	out, err := r.output(t.Context(), "nfdump", "-q", "-N", "-r", files[0], "-o", "fmt:%pr|%sa|%sp|%da|%dp|%pkt|%byt|%ts|%te")
	require.NoError(t, err)
	var want []string
	for line := range strings.Lines(out) {
		fields := strings.Split(line, "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		want = append(want, strings.Join(fields, "|"))
	}
	var got []string
	_, all := decodeAll(t, f)
	for _, records := range all {
		for i := range records {
			got = append(got, nfdumpLine(&records[i]))
		}
	}
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[i], "flow %d", i)
	}
}

func nfdumpLine(r *flow.Record) string {
	at := func(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05.000") }
	return fmt.Sprintf("%d|%s|%d|%s|%d|%d|%d|%s|%s", r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort, r.Packets, r.Bytes, at(r.Start), at(r.End))
}
