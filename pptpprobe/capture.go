package pptpprobe

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe/internal/capture"
)

// CaptureOptions say where the packets of failed sessions go, as pcapng files,
// one for each session, readable for their owner only.
type CaptureOptions struct {
	// Dir is the directory of the files; it is created when needed. Other files in
	// it are left alone.
	Dir string
	// MaxFiles and MaxBytes bound our files in Dir, of which the oldest are removed
	// first; 0 is 100 files and 64 MiB.
	MaxFiles int
	MaxBytes int64
	// PerSession bounds the memory, in bytes, that the packets of a session take
	// while it runs; 0 is 256 KiB, the least is 16 KiB. It begins with 8 KiB and
	// grows with the packets, of which at most one for each 512 bytes is kept: the
	// first quarter, and the newest.
	PerSession int
	// Secrets leaves PAP passwords, CHAP challenges and responses, and encrypted
	// data in the files; otherwise they are zeroed.
	Secrets bool
}

// Validate reports everything that is wrong with o.
func (o CaptureOptions) Validate() error { return o.config().Validate() }

func (o CaptureOptions) config() capture.Config {
	return capture.Config{Dir: o.Dir, MaxFiles: o.MaxFiles, MaxBytes: o.MaxBytes, PerSession: o.PerSession, Secrets: o.Secrets}
}

// Captures is where the packets of failed sessions go; see [Target.Capture]. It is
// safe for concurrent use, and need not be closed.
type Captures struct{ store *capture.Store }

// NewCaptures returns the error of [CaptureOptions.Validate], if there is one. The
// directory is made with the first file; what goes wrong then is in [Result.CaptureErr].
func NewCaptures(o CaptureOptions) (*Captures, error) {
	s, err := capture.NewStore(o.config())
	if err != nil {
		return nil, err
	}
	return &Captures{s}, nil
}

// captureOpened begins the capture of a session, whose control connection is open.
func (s *session) captureOpened(now time.Time) {
	if s.t.Capture == nil {
		return
	}
	dialled := now
	if st, ok := s.res.Stage(StageTCP); ok {
		dialled = st.Start
	}
	local := netip.AddrPortFrom(s.res.LocalAddr, 0)
	if a, err := netip.ParseAddrPort(s.conn.LocalAddr().String()); err == nil {
		local = netip.AddrPortFrom(s.res.LocalAddr, a.Port())
	}
	s.rec = s.t.Capture.store.Session(capture.Meta{Target: s.t.Name, Host: s.t.Host})
	s.rec.ControlOpened(local, netip.AddrPortFrom(s.res.PeerAddr, s.t.Port), dialled, now)
}

func (s *session) captureControlSent(b []byte) {
	if s.rec != nil {
		s.rec.ControlSent(time.Now(), b)
	}
}

func (s *session) captureControlReceived(now time.Time, c tcpChunk) {
	if s.rec == nil {
		return
	}
	s.rec.ControlReceived(now, c.data)
	switch {
	case c.err == nil:
	case errors.Is(c.err, syscall.ECONNRESET):
		s.rec.ControlReset(now)
	default:
		s.rec.ControlClosed(now, true)
	}
}

func (s *session) captureGRESent(packet []byte) {
	if s.rec != nil {
		s.rec.GRESent(time.Now(), packet)
	}
}

// captureGREReceived is called once more for packets that came before the call
// was connected, when they are taken at last: those have been captured.
func (s *session) captureGREReceived(now time.Time, in *input) {
	if s.gre == nil || s.early == nil {
		s.rec.GREReceived(now, in.buf[:in.n])
	}
}

// saveCapture writes the file of a session that failed. One that the caller
// cancelled tells nothing of the gateway.
func (s *session) saveCapture() {
	f := s.res.Failure
	if f == nil || errors.Is(f.Err, context.Canceled) {
		s.rec.Discard()
		return
	}
	s.res.CapturePath, s.res.CaptureErr = s.rec.Save(s.failedAt(), capture.Reason{
		Stage: string(f.Stage), Cause: string(f.Cause), Detail: f.Detail,
	})
}

// failedAt is the end of the stage that failed.
func (s *session) failedAt() time.Time {
	for _, st := range s.res.Stages {
		if st.Outcome == OutcomeFailed {
			return st.Start.Add(st.Duration)
		}
	}
	return time.Now()
}
