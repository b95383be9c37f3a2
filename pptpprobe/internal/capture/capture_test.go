package capture

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func TestGolden(t *testing.T) {
	c := newScript(newStore(t, nil))
	c.call()
	c.lcp()
	c.receive(ppp.CHAP, chapPacket(1, chap.AppendValue(nil, bytes.Repeat([]byte{0xAA}, 16), "gw")))
	c.send(ppp.CHAP, chapPacket(2, chap.AppendValue(nil, bytes.Repeat([]byte{0xBB}, 49), "probe")))
	c.receive(ppp.CHAP, chapPacket(4, []byte("E=691 R=0 C=0123456789ABCDEF0123456789ABCDEF V=3 M=no")))
	failed := c.now
	c.close()
	path, err := c.r.Save(failed, testReason)
	require.NoError(t, err)
	assert.Equal(t, "20260102T030405.687901Z_vpn.example_auth.bad_credentials.pcapng", filepath.Base(path))

	d := decode(t, path)
	var lines []string
	for _, p := range d.packets {
		if p.Layer(layers.LayerTypeTCP) == nil { // gopacket ends at PPP, and knows no LCP
			require.NotNil(t, p.Layer(layers.LayerTypeGRE))
			require.NotNil(t, p.Layer(layers.LayerTypePPP))
		}
		lines = append(lines, line(p))
	}
	assert.Equal(t, []string{
		"05.677901234 192.0.2.100>192.0.2.1 TCP SYN 10000000 00000000",
		"05.678901234 192.0.2.1>192.0.2.100 TCP SYN ACK 20000000 10000001",
		"05.678901234 192.0.2.100>192.0.2.1 TCP ACK 10000001 20000001",
		"05.679901234 192.0.2.100>192.0.2.1 TCP PSH ACK 10000001 20000001 SCCRQ",
		"05.680901234 192.0.2.1>192.0.2.100 TCP PSH ACK 20000001 1000009D SCCRP",
		"05.681901234 192.0.2.100>192.0.2.1 TCP PSH ACK 1000009D 2000009D OCRQ",
		"05.682901234 192.0.2.1>192.0.2.100 TCP PSH ACK 2000009D 10000145 OCRP",
		"05.683901234 192.0.2.100>192.0.2.1 GRE LCP Configure-Request",
		"05.684901234 192.0.2.1>192.0.2.100 GRE LCP Configure-Ack",
		"05.685901234 192.0.2.1>192.0.2.100 GRE CHAP Configure-Request", // the codes have other names in CHAP
		"05.686901234 192.0.2.100>192.0.2.1 GRE CHAP Configure-Ack",
		"05.687901234 192.0.2.1>192.0.2.100 GRE CHAP Configure-Reject",
		"05.688901234 192.0.2.100>192.0.2.1 TCP PSH ACK 10000145 200000BD StopCCRQ",
		"05.689901234 192.0.2.1>192.0.2.100 TCP PSH ACK 200000BD 10000155 StopCCRP",
		"05.690901234 192.0.2.1>192.0.2.100 TCP FIN ACK 200000CD 10000155",
		"05.690901234 192.0.2.100>192.0.2.1 TCP ACK 10000155 200000CE",
		"05.691901234 192.0.2.100>192.0.2.1 TCP FIN ACK 10000155 200000CE",
	}, lines)

	const why = "stage auth, cause auth.bad_credentials: the server said E=691"
	assert.Equal(t, "otelcol-pptp", d.section.Application)
	assert.Contains(t, d.section.Comment, "PPTP session with vpn.example (192.0.2.1, 192.0.2.1:1723) from 192.0.2.100: "+why)
	assert.Contains(t, d.section.Comment, "Masked with zeros")
	assert.NotContains(t, d.section.Comment, "dropped")
	assert.Equal(t, why, d.intf.Comment)
	assert.Equal(t, "vpn.example", d.intf.Description)
	assert.Equal(t, uint64(13), d.intf.Statistics.PacketsReceived)
	assert.Zero(t, d.intf.Statistics.PacketsDropped)
	// gopacket does not read comments of packets; tshark does, in another test.
	assert.Equal(t, 1, bytes.Count(d.raw, []byte("the session failed after this packet: "+why)))

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
}

// What is read at once, or in pieces, is up to TCP; the stream is the same.
func TestControlStreamInAnyPieces(t *testing.T) {
	var theirs []byte
	theirs = control.StartReply{Version: 0x100, Result: 1, HostName: "gw"}.AppendTo(theirs)
	theirs = control.OutgoingCallReply{CallID: 1, PeerCallID: 2, Result: 1}.AppendTo(theirs)
	theirs = control.EchoRequest{Identifier: 3}.AppendTo(theirs)
	ours := control.StartRequest{Version: 0x100}.AppendTo(nil)
	for name, piece := range map[string]int{"bytes": 1, "odd": 7, "split": 100, "merged": len(theirs)} {
		t.Run(name, func(t *testing.T) {
			c := newScript(newStore(t, nil))
			for b := theirs; len(b) > 0; {
				n := min(piece, len(b))
				c.r.ControlReceived(c.tick(), b[:n])
				b = b[n:]
			}
			c.r.ControlSent(c.tick(), ours)
			gotOurs, gotTheirs := decode(t, c.save(t)).streams(t)
			assert.Equal(t, ours, gotOurs)
			assert.Equal(t, theirs, gotTheirs)
		})
	}
	t.Run("longer than a record", func(t *testing.T) {
		c := newScript(newStore(t, nil))
		long := bytes.Repeat([]byte("0123456"), 2*maxData/7)
		c.r.ControlReceived(c.tick(), long)
		_, got := decode(t, c.save(t)).streams(t)
		assert.Equal(t, long, got)
	})
}

func TestReset(t *testing.T) {
	c := newScript(newStore(t, nil))
	c.r.ControlSent(c.tick(), []byte("abc"))
	c.r.ControlReset(c.tick())
	d := decode(t, c.save(t))
	assert.Equal(t, "05.680901234 192.0.2.1>192.0.2.100 TCP RST ACK 20000001 10000004", line(d.packets[4]))
}

func TestCutPacketKeepsItsLength(t *testing.T) {
	c := newScript(newStore(t, nil))
	c.r.GREReceived(c.tick(), grePacket(1, 1, make([]byte, 2*maxData)))
	d := decode(t, c.save(t))
	last := d.packets[len(d.packets)-1]
	ci := last.Metadata().CaptureInfo
	assert.Equal(t, ipHeader+maxData, ci.CaptureLength)
	assert.Equal(t, ipHeader+16+2*maxData, ci.Length)
	assert.Equal(t, ci.Length, int(last.Layer(layers.LayerTypeIPv4).(*layers.IPv4).Length))
}

func TestHeadAndNewestAreKept(t *testing.T) {
	for name, tt := range map[string]struct{ size, packets int }{
		"bounded by packets": {60, 2000},
		"bounded by bytes":   {1400, 2000},
		"mixed":              {0, 5000},
	} {
		t.Run(name, func(t *testing.T) {
			const perSession = 64 << 10
			s := newStore(t, func(c *Config) { c.PerSession = perSession })
			c := newScript(s)
			for i := range tt.packets {
				size := tt.size
				if size == 0 {
					size = 20 + i*37%1400
				}
				c.send(ppp.IPv4, bytes.Repeat([]byte{byte(i)}, size))
			}
			dropped, buf := c.r.dropped, c.r.buf
			assert.LessOrEqual(t, cap(buf.head.buf)+cap(buf.tail.buf), perSession)
			assert.LessOrEqual(t, buf.head.count+buf.tail.count, perSession/bytesPerPacket)
			kept := tt.packets - int(dropped)
			assert.Positive(t, dropped)
			assert.Greater(t, kept, 20)
			d := decode(t, c.save(t))
			got := d.gre()
			require.Len(t, got, kept)
			head := 0
			for i, p := range got {
				seq := int(be32(p[8:]))
				if seq == i {
					head++
					continue
				}
				require.Equal(t, tt.packets-kept+i, seq, "the newest, without a hole")
			}
			assert.Greater(t, head, 5)
			assert.Less(t, head, kept)
			assert.Equal(t, dropped, d.intf.Statistics.PacketsDropped)
			assert.Contains(t, d.section.Comment, "packets were dropped, between the first and the last")
			assert.Equal(t, 1, bytes.Count(d.raw, []byte("packets before this one were dropped")))
		})
	}
}

// Behind the hole, the sequence numbers of the control connection still fit.
func TestControlStreamWithAHole(t *testing.T) {
	c := newScript(newStore(t, func(c *Config) { c.PerSession = MinPerSession }))
	var ours, theirs []byte
	for i := range 400 {
		m := control.EchoRequest{Identifier: uint32(i)}.AppendTo(nil)
		a := control.EchoReply{Identifier: uint32(i), Result: 1}.AppendTo(nil)
		c.r.ControlReceived(c.tick(), m)
		c.r.ControlSent(c.tick(), a)
		ours, theirs = append(ours, a...), append(theirs, m...)
	}
	c.close()
	ours = control.StopRequest{Reason: 1}.AppendTo(ours)
	theirs = control.StopReply{Result: 1}.AppendTo(theirs)
	require.Positive(t, c.r.dropped)
	gotOurs, gotTheirs := decode(t, c.save(t)).streams(t)
	for _, s := range [][2][]byte{{ours, gotOurs}, {theirs, gotTheirs}} {
		want, got := s[0], s[1]
		require.Len(t, got, len(want))
		assert.Equal(t, want[:40], got[:40], "the head")
		assert.Equal(t, want[len(want)-120:], got[len(got)-120:], "the newest")
		assert.NotEqual(t, want, got)
	}
}

func TestFailureBeforeTheFirstPacket(t *testing.T) {
	c := newScript(newStore(t, nil))
	path, err := c.r.Save(time.Time{}, Reason{Stage: "control", Cause: "control.sccrp_timeout"})
	require.NoError(t, err)
	d := decode(t, path)
	assert.Len(t, d.packets, 3)
	assert.Equal(t, "stage control, cause control.sccrp_timeout", d.intf.Comment)
	assert.Contains(t, filepath.Base(path), "20260102T030405.678901Z_")
}

// Dial times that make no sense leave the handshake without a duration.
func TestUnknownDialTime(t *testing.T) {
	for _, dialled := range []time.Time{{}, testStart.Add(time.Hour)} {
		r := newStore(t, nil).Session(Meta{})
		r.ControlOpened(netip.AddrPort{}, netip.MustParseAddrPort("[2001:db8::1]:1723"), dialled, testStart)
		path, err := r.Save(testStart, testReason)
		require.NoError(t, err)
		p := decode(t, path).packets[0]
		assert.Equal(t, testStart, p.Metadata().Timestamp.UTC())
		assert.Equal(t, "0.0.0.0", p.Layer(layers.LayerTypeIPv4).(*layers.IPv4).DstIP.String())
	}
}

// use calls every method of r.
func use(t *testing.T, r *Recorder) {
	t.Helper()
	r.ControlOpened(testLocal, testRemote, testStart, testStart)
	r.ControlSent(testStart, []byte("a"))
	r.ControlReceived(testStart, []byte("a"))
	r.ControlClosed(testStart, true)
	r.ControlClosed(testStart, false)
	r.ControlReset(testStart)
	r.GRESent(testStart, []byte("a"))
	r.GREReceived(testStart, []byte("a"))
	path, err := r.Save(testStart, testReason)
	require.NoError(t, err)
	assert.Empty(t, path)
	r.Discard()
}

func TestNilIsOff(t *testing.T) {
	var s *Store
	assert.Nil(t, s.Session(Meta{}))
	use(t, nil)
}

func TestDoneIsOff(t *testing.T) {
	s := newStore(t, nil)
	c := newScript(s)
	c.save(t)
	use(t, c.r)
	c = newScript(s)
	c.r.Discard()
	use(t, c.r)
	entries, err := os.ReadDir(s.cfg.Dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestNoConnectionNoFile(t *testing.T) {
	s := newStore(t, nil)
	path, err := s.Session(Meta{}).Save(testStart, testReason)
	require.NoError(t, err)
	assert.Empty(t, path)
}

// A recorder that has the buffers of another shows nothing of it.
func TestBuffersAreReused(t *testing.T) {
	s := newStore(t, nil)
	for i := range 3 {
		c := newScript(s)
		for range 10 * (3 - i) {
			c.send(ppp.IPv4, []byte{byte(i)})
		}
		assert.Len(t, decode(t, c.save(t)).gre(), 10*(3-i))
	}
}

func TestTextsOfOthersAreTamed(t *testing.T) {
	s := newStore(t, nil)
	r := s.Session(Meta{Target: "a\nb\x1b[31m\xff", Host: strings.Repeat("x", 10_000)})
	r.ControlOpened(testLocal, testRemote, testStart, testStart)
	path, err := r.Save(testStart, Reason{Stage: "s", Cause: "c", Detail: strings.Repeat("d\r\n", 100_000)})
	require.NoError(t, err)
	d := decode(t, path)
	assert.Equal(t, "a b [31m", d.intf.Description)
	assert.NotContains(t, d.intf.Comment, "\n")
	assert.Less(t, len(d.raw), 5000)
	assert.Equal(t, 2, strings.Count(d.section.Comment, "\n"))
}

func TestConfig(t *testing.T) {
	_, err := NewStore(Config{MaxFiles: -1, MaxBytes: -2, PerSession: 100})
	require.Error(t, err)
	for _, want := range []string{"directory: is empty", "files: -1", "bytes: -2", "session: 100 is too few"} {
		assert.ErrorContains(t, err, want)
	}
	s, err := NewStore(Config{Dir: "x"})
	require.NoError(t, err)
	assert.Equal(t, Config{Dir: "x", MaxFiles: 100, MaxBytes: 64 << 20, PerSession: 256 << 10}, s.cfg)
}

func TestSessionsAtOnce(t *testing.T) {
	s := newStore(t, func(c *Config) { c.MaxFiles = 5 })
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			c := newScript(s)
			c.call()
			path, err := c.r.Save(c.now, testReason)
			assert.NoError(t, err)
			assert.NotEmpty(t, path)
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(s.cfg.Dir)
	require.NoError(t, err)
	assert.Len(t, entries, 5)
}
