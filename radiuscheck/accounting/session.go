package accounting

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// flags of a session; those of anomalies are set when it has been told.
const (
	flagAdopted = 1 << iota
	flagGone    // no longer in the table
	flagGap
	flagBackwards
	flagGigawords
	flagDuplicate
	flagBefore // its next record has traffic of before it was followed
)

// session is what is kept: half as large as a Session.
type session struct {
	key  string // number of the NAS, Acct-Session-Id
	user string
	nas  *nas

	started, heard  int64 // Unix nanoseconds
	traffic         Traffic
	duration, cause uint32 // seconds; Cause
	interval        uint32 // seconds between interim records, if there are enough gaps
	client, address [4]byte
	flags, gaps     uint8

	// rival had the address before, and is pending in Tracker.rivals since rivalSince.
	rival      *session
	rivalSince int64

	older, newer   *session // by heard
	before, behind *session // of the NAS
}

func (s *session) id() string { return s.key[nasNumberSize:] }

const nasNumberSize = 4

// sessionKey is what a session is found by.
func sessionKey(dst []byte, n *nas, id []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, n.number), id...)
}

func (s *session) export(dst *Session) {
	*dst = Session{
		NAS: s.nas.id, ID: s.id(), User: s.user, Client: address(s.client), Address: address(s.address),
		Started: time.Unix(0, s.started), Heard: time.Unix(0, s.heard), Traffic: s.traffic,
		Duration: seconds(s.duration), Cause: Cause(s.cause), Adopted: s.flags&flagAdopted != 0,
	}
}

func address(a [4]byte) netip.Addr {
	if a == ([4]byte{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom4(a)
}

func silence(now time.Time, s *session) float64 { return now.Sub(time.Unix(0, s.heard)).Seconds() }

// addressKey is one address in the pool of one NAS: sites use the same private addresses.
type addressKey struct {
	nas  uint32
	addr [4]byte
}

// sessions is the table, with the order in which they were heard.
type sessions struct {
	byKey     map[string]*session
	byAddress map[addressKey]*session // the one that took it last
	ends      session                 // ends.newer is the oldest, ends.older the newest
	evictedAt int64
}

func newSessions() sessions {
	return sessions{byKey: make(map[string]*session), byAddress: make(map[addressKey]*session)}
}

func (t *sessions) oldest() *session { return t.ends.newer }

func (t *sessions) add(key string, n *nas) *session {
	s := &session{key: key, nas: n}
	t.byKey[key] = s
	s.behind = n.first
	if n.first != nil {
		n.first.before = s
	}
	n.first = s
	n.active++
	t.link(s)
	return s
}

func (t *sessions) link(s *session) {
	s.older, s.newer = t.ends.older, nil
	if s.older == nil {
		t.ends.newer = s
	} else {
		s.older.newer = s
	}
	t.ends.older = s
}

func (t *sessions) unlink(s *session) {
	if s.older == nil {
		t.ends.newer = s.newer
	} else {
		s.older.newer = s.newer
	}
	if s.newer == nil {
		t.ends.older = s.older
	} else {
		s.newer.older = s.older
	}
}

// touch makes it the one heard last.
func (t *sessions) touch(s *session) {
	t.unlink(s)
	t.link(s)
}

func (t *sessions) remove(s *session) bool {
	if s == nil || s.flags&flagGone != 0 {
		return false
	}
	s.flags |= flagGone
	delete(t.byKey, s.key)
	t.unlink(s)
	if s.before == nil {
		s.nas.first = s.behind
	} else {
		s.before.behind = s.behind
	}
	if s.behind != nil {
		s.behind.before = s.before
	}
	s.nas.active--
	t.release(s)
	s.rival, s.older, s.newer, s.before, s.behind = nil, nil, nil, nil, nil
	return true
}

// claim gives the session an address, and returns who holds it already.
func (t *sessions) claim(s *session, a [4]byte) (holder *session) {
	if a == s.address {
		return nil
	}
	t.release(s)
	s.address = a
	if a == ([4]byte{}) {
		return nil
	}
	key := addressKey{s.nas.number, a}
	holder = t.byAddress[key]
	t.byAddress[key] = s
	return holder
}

func (t *sessions) release(s *session) {
	key := addressKey{s.nas.number, s.address}
	if t.byAddress[key] == s {
		delete(t.byAddress, key)
	}
}
