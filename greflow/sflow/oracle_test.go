//go:build linux

package sflow

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	goflow "github.com/netsampler/goflow2/v2/decoders/sflow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/packet"
)

// The oracle is goflow2, in a process of its own that may use little memory and
// time: it allocates whatever number of records an expanded sample claims.
const oracleEnv = "SFLOW_ORACLE"

func TestMain(m *testing.M) {
	if os.Getenv(oracleEnv) != "" {
		if err := serveOracle(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// answer is what the oracle says of a datagram.
type answer struct {
	Records []flow.Record // up to the first error
	Failed  bool
}

// serveOracle answers datagrams, each after its length.
func serveOracle(r io.Reader, w io.Writer) error {
	var pages uint64
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		return err
	}
	memory := pages*uint64(os.Getpagesize()) + 1<<30
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: memory, Max: memory}); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: 120, Max: 120}); err != nil {
		return err
	}
	out := json.NewEncoder(w)
	for {
		var length uint32
		switch err := binary.Read(r, binary.BigEndian, &length); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		b := make([]byte, length)
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		var p goflow.Packet
		a := answer{Failed: goflow.DecodeMessageVersion(bytes.NewBuffer(b), &p) != nil}
		for _, s := range p.Samples {
			if r, ok := fromOracle(s); ok {
				a.Records = append(a.Records, r)
			}
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

// fromOracle makes a record of what goflow2 read; the packet in a header is read
// by package packet, which has an oracle of its own.
func fromOracle(s any) (r flow.Record, ok bool) {
	var records []goflow.FlowRecord
	var inFormat, outFormat uint32
	var h goflow.SampleHeader
	r.Packets = 1
	switch s := s.(type) {
	case goflow.FlowSample:
		h, records, r.Sampling = s.Header, s.Records, float64(s.SamplingRate)
		inFormat, r.In, outFormat, r.Out = s.Input>>30, s.Input<<2>>2, s.Output>>30, s.Output<<2>>2
	case goflow.ExpandedFlowSample:
		h, records, r.Sampling = s.Header, s.Records, float64(s.SamplingRate)
		inFormat, r.In, outFormat, r.Out = s.InputIfFormat, s.InputIfValue, s.OutputIfFormat, s.OutputIfValue
	case goflow.DropSample:
		h, records, r.In, r.Out = s.Header, s.Records, s.Input, s.Output
		r.Drop, r.Code = flow.DropSFlow, uint16(min(s.Reason, math.MaxUint16))
	default:
		return r, false
	}
	if outFormat == 1 {
		r.Drop, r.Code = flow.DropSFlow, uint16(min(r.Out, math.MaxUint16))
	}
	if inFormat != 0 || r.In == noInterface || r.In == math.MaxUint32 {
		r.In = 0
	}
	if outFormat != 0 || r.Out == noInterface || r.Out == math.MaxUint32 {
		r.Out = 0
	}
	if h.SourceIdType == 0 && h.SourceIdValue != 0 && r.In != r.Out {
		switch h.SourceIdValue {
		case r.In:
			r.Direction = flow.Ingress
		case r.Out:
			r.Direction = flow.Egress
		}
	}
	header, fields := false, flow.Record{}
	for _, record := range records {
		switch d := record.Data.(type) {
		case goflow.SampledHeader:
			// goflow2 leaves the padding with the header.
			if link, known := map[uint32]packet.Link{1: packet.LinkEthernet, 11: packet.LinkIP}[d.Protocol]; known && !header &&
				uint64(d.OriginalLength) <= uint64(len(d.HeaderData)) && packet.Parse(&r, link, d.HeaderData[:d.OriginalLength]) {
				header, r.Bytes = true, uint64(d.FrameLength)
			}
		case goflow.SampledIPv4:
			fieldsFromOracle(&fields, &d.SampledIPBase)
		case goflow.SampledIPv6:
			fieldsFromOracle(&fields, &d.SampledIPBase)
		}
	}
	if header || !fields.Src.IsValid() {
		return r, header
	}
	r.Bytes, r.Src, r.Dst, r.Proto = fields.Bytes, fields.Src, fields.Dst, fields.Proto
	r.SrcPort, r.DstPort, r.TCPFlags = fields.SrcPort, fields.DstPort, fields.TCPFlags
	return r, true
}

func fieldsFromOracle(r *flow.Record, f *goflow.SampledIPBase) {
	if f.Protocol > 255 {
		return
	}
	*r = flow.Record{Bytes: uint64(f.Length), Proto: uint8(f.Protocol)}
	r.Src, _ = netip.AddrFromSlice(f.SrcIP)
	r.Dst, _ = netip.AddrFromSlice(f.DstIP)
	r.Src, r.Dst = r.Src.Unmap(), r.Dst.Unmap()
	if f.Protocol == 6 || f.Protocol == 17 {
		if f.SrcPort <= 0xFFFF {
			r.SrcPort = uint16(f.SrcPort)
		}
		if f.DstPort <= 0xFFFF {
			r.DstPort = uint16(f.DstPort)
		}
	}
	if f.Protocol == 6 {
		r.TCPFlags = uint8(f.TcpFlags)
	}
}

// oracle is the process.
type oracle struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func startOracle(tb testing.TB) *oracle {
	self, err := os.Executable()
	require.NoError(tb, err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	o := &oracle{cmd: exec.CommandContext(ctx, self)}
	o.cmd.Env = append(os.Environ(), oracleEnv+"=1")
	o.in, err = o.cmd.StdinPipe()
	require.NoError(tb, err)
	out, err := o.cmd.StdoutPipe()
	require.NoError(tb, err)
	o.out = json.NewDecoder(bufio.NewReader(out))
	require.NoError(tb, o.cmd.Start())
	tb.Cleanup(func() {
		_ = o.in.Close()
		_ = o.cmd.Wait() // it may have died of a datagram
		cancel()
	})
	return o
}

func (o *oracle) ask(b []byte) (a answer, err error) {
	if _, err = o.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)); err == nil {
		err = o.out.Decode(&a)
	}
	return a, err
}

// TestAgainstGoflow2 decodes random datagrams, many of them damaged. Intended differences:
//   - goflow2 gives up a datagram at its first bad sample, or one of a format it does not know: what is there up to then
//     is compared;
//   - it refuses more than 1000 samples or records, and dies of as many as an expanded sample may claim;
//   - it does not skip the padding of structures: all lengths here are multiples of 4;
//   - it does not look at the length of a header inside its record.
func TestAgainstGoflow2(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	o := startOracle(t)
	compared, failed, died := 0, 0, 0
	for range 8000 {
		b := randomDatagram(t, rnd)
		a, err := o.ask(b)
		if err != nil {
			died++
			o = startOracle(t)
			continue
		}
		got := &collect{}
		_ = NewDecoder(Config{All: true}).Decode(sender, start, b, got)
		if a.Failed {
			failed++
			require.GreaterOrEqual(t, len(got.records), len(a.Records), "%x", b)
			got.records = got.records[:len(a.Records)]
		}
		require.Len(t, got.records, len(a.Records), "%x", b)
		for i, want := range a.Records {
			r := got.records[i]
			r.Exporter, r.Start, r.End, r.Export, r.Arrival = flow.Exporter{}, 0, 0, 0, 0
			require.Equal(t, want, r, "record %d of %x", i, b)
			compared++
		}
	}
	t.Logf("%d records compared, %d datagrams that goflow2 refused, %d it died of", compared, failed, died)
	assert.Greater(t, compared, 8000)
	assert.Less(t, died, 100)
}

// TestExpandedCount is what goflow2 dies of.
func TestExpandedCount(t *testing.T) {
	b := datagram(usual.expanded(raw(11, 60, grePacket(t, client, gateway, 61))))
	b = patch(b, 36+40, math.MaxUint32)
	_, err := startOracle(t).ask(b)
	require.Error(t, err, "goflow2 can do it now: the guard may go")
	got := &collect{}
	require.Error(t, NewDecoder(Config{}).Decode(sender, start, b, got))
	assert.Len(t, got.records, 1)
}

func randomDatagram(tb testing.TB, rnd *rand.Rand) []byte {
	var samples [][]byte
	for range rnd.IntN(6) {
		s := sampled{seq: rnd.Uint32(), source: rnd.Uint32N(8), rate: rnd.Uint32N(5000), in: rnd.Uint32N(8), out: rnd.Uint32N(8)}
		switch rnd.IntN(8) {
		case 0:
			s.out = 1<<30 | rnd.Uint32N(400)
		case 1:
			s.out = 2<<30 | 5
		case 2:
			s.in = noInterface
		}
		var records [][]byte
		for range rnd.IntN(4) {
			records = append(records, randomRecord(tb, rnd))
		}
		switch rnd.IntN(8) {
		case 0:
			samples = append(samples, opaque(formatCounters, u32(1, 3, 1), opaque(2, make([]byte, 52))))
		case 1, 2:
			s.out &= noInterface
			samples = append(samples, s.discard(rnd.Uint32N(400), records...))
		case 3, 4:
			samples = append(samples, s.expanded(records...))
		default:
			samples = append(samples, s.flow(records...))
		}
	}
	b := header{agent: agent, subAgent: rnd.Uint32(), seq: rnd.Uint32(), uptime: rnd.Uint32()}.datagram(samples...)
	if rnd.IntN(4) == 0 { // damaged, with lengths that stay multiples of 4
		for range 1 + rnd.IntN(3) {
			at := rnd.IntN(len(b)/4) * 4
			be.PutUint32(b[at:], []uint32{0, rnd.Uint32N(64) * 4, rnd.Uint32() &^ 3, math.MaxUint32 &^ 3}[rnd.IntN(4)])
		}
	}
	if rnd.IntN(6) == 0 {
		b = b[:rnd.IntN(len(b)+1)]
	}
	return b
}

func randomRecord(tb testing.TB, rnd *rand.Rand) []byte {
	proto := []uint32{1, 6, 17, 47}[rnd.IntN(4)]
	switch rnd.IntN(8) {
	case 0:
		return fields4(rnd.Uint32N(1500), proto, client, gateway, rnd.Uint32N(70_000), 1723, rnd.Uint32N(64))
	case 1:
		return fields6(rnd.Uint32N(1500), proto, client, gateway, rnd.Uint32N(70_000), 1723, rnd.Uint32N(64))
	case 2:
		return opaque(1001, u32(1, 0, 2, 0))
	case 3:
		return opaque(1002, address(agent), u32(24, 16))
	}
	b := grePacket(tb, client, gateway, uint16(rnd.Uint32()))
	if rnd.IntN(2) == 0 {
		b = tcpPacket(tb, gateway, client, 1723, uint16(rnd.Uint32()))
	}
	if rnd.IntN(4) == 0 {
		b = b[:rnd.IntN(len(b))]
	}
	if rnd.IntN(3) == 0 {
		return raw(11, rnd.Uint32N(1500), b)
	}
	return raw(1, rnd.Uint32N(1500), ether(tb, b))
}
