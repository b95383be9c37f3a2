// Package capture keeps the packets of a session in bounded memory, and writes
// those of a failed one to a pcapng file that Wireshark opens.
//
// A session sees the bytes of its control connection and the GRE packets, but
// neither TCP segments nor IP headers. Those are made up when the file is
// written: consistent in addresses, ports, sequence numbers and checksums, but
// not what was on the wire. The comment of the file says so.
//
// Unless asked for, nothing that helps to find a password is in a file: PAP
// passwords, CHAP challenges, responses and the authenticator's answer are
// zeroed, and so is what MPPE has encrypted. All lengths stay as they were.
package capture

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"
)

// The defaults and the least values of a [Config].
const (
	DefaultMaxFiles   = 100
	DefaultMaxBytes   = 64 << 20
	DefaultPerSession = 256 << 10
	MinPerSession     = 16 << 10

	// bytesPerPacket relates the two bounds of a session: many small packets are
	// worth no more than fewer large ones.
	bytesPerPacket = 512
)

// Config says where captures go and how much of them is kept.
type Config struct {
	// Dir is the directory of the files. It is created, for its owner only, when
	// the first file is written. Files in it that are not ours are left alone.
	Dir string
	// MaxFiles and MaxBytes bound our files in Dir; the oldest go first. 0 takes the default.
	MaxFiles int
	MaxBytes int64
	// Secrets leaves passwords, challenges, responses and encrypted data as they were.
	Secrets bool
	// PerSession bounds the memory of one session, in bytes; it also holds at most
	// one packet for each 512 of them. 0 takes the default.
	PerSession int
}

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if c.Dir == "" {
		errs = append(errs, errors.New("capture directory: is empty"))
	}
	if c.MaxFiles < 0 {
		errs = append(errs, fmt.Errorf("capture files: %d is negative", c.MaxFiles))
	}
	if c.MaxBytes < 0 {
		errs = append(errs, fmt.Errorf("capture bytes: %d is negative", c.MaxBytes))
	}
	if c.PerSession != 0 && c.PerSession < MinPerSession {
		errs = append(errs, fmt.Errorf("capture bytes per session: %d is too few; use at least %d, or 0 for %d", c.PerSession, MinPerSession, DefaultPerSession))
	}
	return errors.Join(errs...)
}

// Store makes recorders and writes their files. It is safe for concurrent use,
// and a nil Store makes nil recorders.
type Store struct {
	cfg  Config
	open func(path string) (file, error) // replaced in tests

	mu   sync.Mutex // one writer at a time keeps the bounds of the directory
	pool sync.Pool  // of *buffers
}

// buffers are the memory of one recorder: what came first and is kept, and the newest.
type buffers struct{ head, tail ring }

// NewStore returns a store. It touches no file; the error is that of [Config.Validate].
func NewStore(cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.MaxFiles == 0 {
		cfg.MaxFiles = DefaultMaxFiles
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.PerSession == 0 {
		cfg.PerSession = DefaultPerSession
	}
	s := &Store{cfg: cfg, open: createFile}
	s.pool.New = func() any {
		packets := cfg.PerSession / bytesPerPacket
		b := &buffers{}
		b.head.init(cfg.PerSession/4, packets/4)
		b.head.grow(min(firstSize, cfg.PerSession/4))
		b.tail.init(cfg.PerSession-cfg.PerSession/4, packets-packets/4)
		return b
	}
	return s, nil
}

// Meta says whose session is recorded.
type Meta struct {
	// Target is the configured name, Host what was dialled.
	Target, Host string
}

// Reason says why a session failed.
type Reason struct {
	// Stage and Cause are those of the failure; Detail is a sentence without secrets.
	Stage, Cause, Detail string
}

// Session returns a recorder for one session.
func (s *Store) Session(m Meta) *Recorder {
	if s == nil {
		return nil
	}
	return &Recorder{store: s, meta: m, buf: s.pool.Get().(*buffers)}
}

// Recorder keeps the packets of one session: the first quarter of what it may
// hold, and the newest. All methods copy what they are given, and do nothing on
// a nil Recorder, or after Save or Discard. It is not safe for concurrent use.
type Recorder struct {
	store *Store
	meta  Meta
	buf   *buffers // nil: done

	opened           bool
	dialled, up      time.Time
	local, remote    netip.AddrPort
	sent, received   uint32 // bytes of the control connection, modulo 2^32 like sequence numbers
	packets, dropped uint64
	headFull         bool
}

// ControlOpened notes that the control connection, dialled at the first time,
// was open at the second. It is called once, before anything else.
func (r *Recorder) ControlOpened(local, remote netip.AddrPort, dialled, at time.Time) {
	if r == nil || r.buf == nil {
		return
	}
	r.opened, r.dialled, r.up = true, dialled, at
	r.local, r.remote = local, remote
}

// ControlSent notes bytes written to the control connection.
func (r *Recorder) ControlSent(at time.Time, b []byte) { r.control(at, controlSent, b) }

// ControlReceived notes bytes read from the control connection.
func (r *Recorder) ControlReceived(at time.Time, b []byte) { r.control(at, controlReceived, b) }

func (r *Recorder) control(at time.Time, k kind, b []byte) {
	if r == nil || r.buf == nil {
		return
	}
	if k == controlSent {
		r.sent += uint32(len(b))
	} else {
		r.received += uint32(len(b))
	}
	for len(b) > 0 { // cut, a segment would leave a hole in the stream
		n := min(len(b), maxData)
		r.add(at, k, b[:n])
		b = b[n:]
	}
}

// ControlClosed notes the end of the control connection in one direction: the
// peer has ended its stream, or we have closed.
func (r *Recorder) ControlClosed(at time.Time, byPeer bool) {
	if byPeer {
		r.add(at, closedByPeer, nil)
		return
	}
	r.add(at, closedByUs, nil)
}

// ControlReset notes that the peer has reset the control connection.
func (r *Recorder) ControlReset(at time.Time) { r.add(at, resetByPeer, nil) }

// GRESent notes a packet that was sent, from its GRE header on.
func (r *Recorder) GRESent(at time.Time, packet []byte) { r.add(at, greSent, packet) }

// GREReceived notes a packet that was received, from its GRE header on.
func (r *Recorder) GREReceived(at time.Time, packet []byte) { r.add(at, greReceived, packet) }

func (r *Recorder) add(at time.Time, k kind, b []byte) {
	if r == nil || r.buf == nil {
		return
	}
	r.packets++
	if !r.headFull && r.buf.head.fits(len(b)) {
		r.buf.head.push(at, k, b)
		return
	}
	r.headFull = true
	r.dropped += uint64(r.buf.tail.push(at, k, b))
}

// Save writes the packets to a file and returns its path; at is when the session
// failed. The path is empty, without an error, when there was never a connection.
// The recorder is done in any case.
func (r *Recorder) Save(at time.Time, reason Reason) (path string, err error) {
	if r == nil || r.buf == nil {
		return "", nil
	}
	defer r.Discard()
	if !r.opened {
		return "", nil
	}
	if at.IsZero() {
		at = r.up
	}
	data, err := r.encode(at, reason)
	if err == nil {
		path, err = r.store.write(at, r.meta.Target, reason.Cause, data)
	}
	if err != nil {
		return "", fmt.Errorf("write capture of %s: %w", printable(r.meta.Target), err)
	}
	return path, nil
}

// Discard forgets everything.
func (r *Recorder) Discard() {
	if r == nil || r.buf == nil {
		return
	}
	r.buf.head.reset()
	r.buf.tail.reset()
	r.store.pool.Put(r.buf)
	r.buf = nil
}

// file is what a capture is written to.
type file interface {
	Write(b []byte) (int, error)
	Close() error
}

// createFile makes a file that must not exist, for its owner only.
func createFile(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}
