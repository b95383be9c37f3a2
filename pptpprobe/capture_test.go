package pptpprobe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
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

// captured is play with a capture; serve plays the server.
func captured(t *testing.T, o *CaptureOptions, depth Depth, serve func(f *fakePath)) *Result {
	t.Helper()
	var r *Result
	synctest.Test(t, func(t *testing.T) {
		f, p := newFakePath()
		tg := f.target(depth)
		tg.Name, tg.Capture = "site/gw", captures(t, *o)
		go serve(f)
		r = p.Run(context.Background(), tg)
		require.NoError(t, p.Close())
		synctest.Wait()
	})
	return r
}

func captures(t *testing.T, o CaptureOptions) *Captures {
	c, err := NewCaptures(o)
	require.NoError(t, err)
	return c
}

func servePolitely(f *fakePath) { f.serve(polite) }

// readCapture returns the packets of a file.
func readCapture(t *testing.T, path string) (packets []gopacket.Packet) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	ng, err := pcapgo.NewNgReader(bytes.NewReader(raw), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	for {
		data, ci, err := ng.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return packets
		}
		require.NoError(t, err)
		p := gopacket.NewPacket(data, layers.LayerTypeIPv4, gopacket.Default)
		p.Metadata().CaptureInfo = ci
		packets = append(packets, p)
	}
}

func requireEmptyDir(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestFailedSessionIsCaptured(t *testing.T) {
	dir := t.TempDir()
	r := captured(t, &CaptureOptions{Dir: dir}, DepthNetwork, servePolitely)
	requireFailure(t, r, StageGRE, CauseGRENoReply)
	require.NoError(t, r.CaptureErr)
	assert.Equal(t, dir, filepath.Dir(r.CapturePath))
	assert.Regexp(t, `Z_site-gw_gre\.no_reply\.pcapng$`, r.CapturePath)

	var sent, received []control.MessageType
	var frames int
	var at []time.Time
	for _, p := range readCapture(t, r.CapturePath) {
		ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		s, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			g, err := gre.Parse(ip.Payload)
			require.NoError(t, err)
			assert.Equal(t, r.PeerCallID, g.CallID)
			assert.Equal(t, fakeServer.String(), ip.DstIP.String())
			frames++
			at = append(at, p.Metadata().Timestamp)
			continue
		}
		m, err := control.Parse(s.Payload)
		switch {
		case len(s.Payload) == 0:
		case ip.DstIP.String() == fakeServer.String():
			require.NoError(t, err)
			assert.Equal(t, layers.TCPPort(1723), s.DstPort)
			assert.Equal(t, layers.TCPPort(40000), s.SrcPort)
			sent = append(sent, m.Type())
		default:
			require.NoError(t, err)
			received = append(received, m.Type())
		}
	}
	assert.Equal(t, []control.MessageType{
		control.TypeStartRequest, control.TypeOutgoingCallRequest, control.TypeSetLinkInfo, control.TypeCallClearRequest, control.TypeStopRequest,
	}, sent)
	assert.Equal(t, []control.MessageType{
		control.TypeStartReply, control.TypeOutgoingCallReply, control.TypeCallDisconnectNotify, control.TypeStopReply,
	}, received)
	assert.Equal(t, 6, frames, "five Configure-Requests, and the Terminate-Request")
	assert.Equal(t, time.Second, at[1].Sub(at[0]), "times are those of the session")
}

// A frame that overtakes the Outgoing-Call-Reply is kept until the call is
// connected, but was there only once, and when it came.
func TestEarlyFrameIsCapturedOnce(t *testing.T) {
	const early = 50 * time.Millisecond
	r := captured(t, &CaptureOptions{Dir: t.TempDir()}, DepthNetwork, func(f *fakePath) {
		f.serve(func(m control.Message) []byte {
			if call, ok := m.(*control.OutgoingCallRequest); ok {
				frame := ppp.AppendFrame(nil, ppp.LCP, ppp.Packet{Code: ppp.EchoReq, ID: 1, Data: make([]byte, 4)}.AppendTo(nil))
				f.mu.Lock()
				deliver := f.deliver
				f.mu.Unlock()
				deliver(gre.Packet{CallID: call.CallID, HasSeq: true, Payload: frame}.AppendTo(nil), fakeServer, fakeLocal)
				<-time.After(early)
			}
			return polite(m)
		})
	})
	require.NotNil(t, r.Failure)
	require.NotEmpty(t, r.CapturePath)
	var ocrp, frames []time.Time
	for _, p := range readCapture(t, r.CapturePath) {
		ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if ip.SrcIP.String() != fakeServer.String() {
			continue
		}
		if ip.Protocol == layers.IPProtocolGRE {
			frames = append(frames, p.Metadata().Timestamp)
		} else if m, err := control.Parse(ip.Payload[20:]); err == nil && m.Type() == control.TypeOutgoingCallReply {
			ocrp = append(ocrp, p.Metadata().Timestamp)
		}
	}
	require.Len(t, frames, 1)
	require.Len(t, ocrp, 1)
	assert.Equal(t, early, ocrp[0].Sub(frames[0]))
}

func TestGoodSessionIsNotCaptured(t *testing.T) {
	dir := t.TempDir()
	r := captured(t, &CaptureOptions{Dir: dir}, DepthControl, servePolitely)
	require.True(t, r.OK())
	assert.Empty(t, r.CapturePath)
	require.NoError(t, r.CaptureErr)
	requireEmptyDir(t, dir)
}

func TestCancelledSessionIsNotCaptured(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f, p := newFakePath()
		tg := f.target(DepthNetwork)
		tg.Capture = captures(t, CaptureOptions{Dir: dir})
		ctx, cancel := context.WithCancel(context.Background())
		go f.serve(polite)
		time.AfterFunc(3*time.Second, cancel)
		r := p.Run(ctx, tg)
		requireFailure(t, r, StageGRE, CauseLocalDeadline)
		assert.Empty(t, r.CapturePath)
	})
	requireEmptyDir(t, dir)
}

func TestEndOfControlConnectionIsCaptured(t *testing.T) {
	hangUp := func(f *fakePath) { f.serve(func(control.Message) []byte { return nil }) }
	r := captured(t, &CaptureOptions{Dir: t.TempDir()}, DepthControl, hangUp)
	requireFailure(t, r, StageControl, CauseControlClosedBeforeSCCRP)
	var fins int
	for _, p := range readCapture(t, r.CapturePath) {
		if p.Layer(layers.LayerTypeTCP).(*layers.TCP).FIN {
			fins++
		}
	}
	assert.Equal(t, 2, fins, "theirs and ours")
}

// resetConn is a connection that the server resets at once.
type resetConn struct{ fakeConn }

func (resetConn) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
}
func (resetConn) Write(b []byte) (int, error)      { return len(b), nil }
func (resetConn) SetWriteDeadline(time.Time) error { return nil }
func (resetConn) Close() error                     { return nil }

func TestResetIsCaptured(t *testing.T) {
	p := New(Options{
		dial: func(context.Context, string, string) (net.Conn, error) { return resetConn{}, nil },
	})
	r := p.Run(context.Background(), Target{
		Host: fakeServer.String(), Depth: DepthControl, Capture: captures(t, CaptureOptions{Dir: t.TempDir()}),
	})
	require.NotNil(t, r.Failure)
	require.NoError(t, r.CaptureErr)
	var resets, fins int
	for _, p := range readCapture(t, r.CapturePath) {
		s := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if s.RST {
			resets++
		}
		if s.FIN {
			fins++
		}
	}
	assert.Equal(t, 1, resets)
	assert.Equal(t, 1, fins, "our own end")
}

// A capture that cannot be written is told, and changes nothing else.
func TestCaptureErrors(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
	r := captured(t, &CaptureOptions{Dir: inTheWay}, DepthNetwork, servePolitely)
	requireFailure(t, r, StageGRE, CauseGRENoReply)
	assert.Empty(t, r.CapturePath)
	require.ErrorContains(t, r.CaptureErr, "write capture of site/gw")
	for _, w := range r.Warnings {
		assert.NotContains(t, w.Cause, "teardown")
	}
	_, err := NewCaptures(CaptureOptions{})
	require.ErrorContains(t, err, "capture directory: is empty")
	require.Error(t, CaptureOptions{}.Validate())
	require.NoError(t, CaptureOptions{Dir: "captures"}.Validate())
}
