package accounting

import (
	"crypto/md5"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	start  = time.Unix(1_800_000_000, 0)
	sender = netip.MustParseAddr("192.0.2.1")
	secret = []byte("s3cret")
)

// attr makes an attribute of a number, or of a text.
func attr(kind byte, value any) []byte {
	switch v := value.(type) {
	case int:
		return binary.BigEndian.AppendUint32([]byte{kind, 6}, uint32(v))
	case string:
		return append([]byte{kind, byte(2 + len(v))}, v...)
	}
	panic("attr: want an int or a string")
}

// request makes an Accounting-Request as a NAS that knows the secret does.
func request(id byte, attrs ...[]byte) []byte {
	p := append([]byte{codeRequest, id, 0, 0}, make([]byte, authenticatorSize)...)
	for _, a := range attrs {
		p = append(p, a...)
	}
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	sum := md5.Sum(append(append([]byte(nil), p...), secret...))
	copy(p[authenticatorOffset:], sum[:])
	return p
}

// sim is a tracker with a clock and a log of what it told.
type sim struct {
	t         *testing.T
	tracker   *Tracker
	now       time.Time
	id        uint8
	sessions  []string
	last      Session
	anomalies []Anomaly
	restarts  []Restart
	noisy     []Noisy
}

func newSim(t *testing.T, c Config) *sim {
	s := &sim{t: t, now: start}
	c.OnSession = func(change Change, session *Session) {
		s.sessions = append(s.sessions, change.String()+" "+session.ID)
		s.last = *session
	}
	c.OnAnomaly = func(a *Anomaly) {
		kept := *a
		if a.Session != nil {
			session := *a.Session
			kept.Session = &session
		}
		if a.Other != nil {
			other := *a.Other
			kept.Other = &other
		}
		s.anomalies = append(s.anomalies, kept)
	}
	c.OnRestart = func(r *Restart) { s.restarts = append(s.restarts, *r) }
	c.OnNoisy = func(n *Noisy) { s.noisy = append(s.noisy, *n) }
	var err error
	s.tracker, err = New(c)
	require.NoError(t, err)
	return s
}

// send observes a record with an Identifier of its own.
func (s *sim) send(status Status, id string, fill ...func(*Record)) Outcome {
	s.id++
	return s.again(status, id, fill...)
}

// again observes one with the Identifier of the last.
func (s *sim) again(status Status, id string, fill ...func(*Record)) Outcome {
	r := Record{Status: status, Identifier: s.id, Session: []byte(id), User: []byte("user-" + id)}
	for _, f := range fill {
		f(&r)
	}
	return s.tracker.Observe(s.now, sender, &r)
}

// pass lets time go by, with a tick every 10 s.
func (s *sim) pass(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(min(10*time.Second, end.Sub(s.now)))
		s.tracker.Tick(s.now)
	}
}

func (s *sim) kinds() (list []Kind) {
	for _, a := range s.anomalies {
		list = append(list, a.Kind)
	}
	return list
}

func lasted(d time.Duration) func(*Record) { return func(r *Record) { r.SessionTime = d } }
func late(d time.Duration) func(*Record)   { return func(r *Record) { r.Delay = d } }
func caused(c Cause) func(*Record)         { return func(r *Record) { r.Cause = c } }
func user(name string) func(*Record)       { return func(r *Record) { r.User = []byte(name) } }
func framedAs(a string) func(*Record)      { return func(r *Record) { r.Address = netip.MustParseAddr(a) } }
func from(a string) func(*Record)          { return func(r *Record) { r.Client = netip.MustParseAddr(a) } }
func nasNamed(name string) func(*Record)   { return func(r *Record) { r.NASIdentifier = []byte(name) } }
func carried(in, out uint64) func(*Record) {
	return func(r *Record) { r.Traffic.BytesIn, r.Traffic.BytesOut, r.HasGigawords = in, out, true }
}
func carried32(in uint32) func(*Record) {
	return func(r *Record) { r.Traffic.BytesIn = uint64(in) }
}
