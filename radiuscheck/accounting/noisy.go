package accounting

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// minTalkers is how many users (or subnets) a NAS must have had in a window for the share of
// one to say anything: of two, one always has half.
const minTalkers = 3

// What a talker is: the byte behind the number of the NAS in its key.
const (
	talkerUser   = 'u'
	talkerSubnet = 's'
	talkerQuota  = 'q' // a user on all NAS, whose number is 0
)

// talk is what a NAS had in the window.
type talk struct {
	bytes, starts uint64
	talkers       [2]int // users, subnets
}

// talker is a user or subnet that is counted.
type talker struct {
	key          string
	nas          *nas // nil for a quota
	bytes        uint64
	starts       int
	told         bool // of starts, or of the quota
	older, newer *talker
}

func (k *talker) kind() byte   { return k.key[nasNumberSize] }
func (k *talker) name() string { return k.key[nasNumberSize+1:] }

// noisy is what is told of it.
func (k *talker) noisy(now time.Time, c *NoisyConfig) *Noisy {
	n := &Noisy{Time: now, Window: c.Window}
	if k.nas != nil {
		n.NAS = k.nas.id
	}
	if k.kind() == talkerSubnet {
		a, _ := netip.AddrFromSlice([]byte(k.name()))
		n.Subnet = netip.PrefixFrom(a, c.SubnetBits)
	} else {
		n.User = k.name()
	}
	return n
}

// talkers counts users and subnets over a window, and users over that of the quota. When
// a window ends, what was counted in it goes.
type talkers struct {
	config        NoisyConfig
	byKey         map[string]*talker
	ends          talker // ends.newer is the one not heard for longest, ends.older the last
	window, quota int64  // when they end
	evicted       uint64
	key           []byte
}

func newTalkers(c NoisyConfig) talkers {
	return talkers{config: c, byKey: make(map[string]*talker)}
}

// began counts a session that begins.
func (k *talkers) began(t *Tracker, now time.Time, s *session) {
	if !k.config.on() {
		return
	}
	s.nas.talk.starts++
	for _, limited := range []struct {
		talker *talker
		limit  int
	}{{k.user(s), k.config.UserStarts}, {k.subnet(s), k.config.SubnetStarts}} {
		who := limited.talker
		if who == nil {
			continue
		}
		if who.starts++; limited.limit == 0 || who.starts <= limited.limit || who.told {
			continue
		}
		who.told = true
		n := who.noisy(now, &k.config)
		n.Measure, n.Value, n.Total = Sessions, uint64(who.starts), s.nas.talk.starts
		t.tellNoisy(n)
	}
}

// carried counts what a session has carried since its last record.
func (k *talkers) carried(t *Tracker, now time.Time, s *session, bytes uint64) {
	if !k.config.on() || bytes == 0 {
		return
	}
	s.nas.talk.bytes += bytes
	if who := k.user(s); who != nil {
		who.bytes += bytes
	}
	if who := k.subnet(s); who != nil {
		who.bytes += bytes
	}
	if k.config.UserQuota == 0 || s.user == "" {
		return
	}
	who := k.find(nil, talkerQuota, s.user)
	if who.bytes += bytes; who.bytes > k.config.UserQuota && !who.told {
		who.told = true
		n := who.noisy(now, &k.config)
		n.Quota, n.Value, n.Total, n.Window = true, who.bytes, k.config.UserQuota, k.config.QuotaWindow
		t.tellNoisy(n)
	}
}

// user is the session's user, or nil if users are not counted.
func (k *talkers) user(s *session) *talker {
	if s.user == "" || k.config.UserShare == 0 && k.config.UserStarts == 0 {
		return nil
	}
	return k.find(s.nas, talkerUser, s.user)
}

// subnet is that of the session's client.
func (k *talkers) subnet(s *session) *talker {
	if s.client == ([4]byte{}) || k.config.SubnetShare == 0 && k.config.SubnetStarts == 0 {
		return nil
	}
	p, _ := netip.AddrFrom4(s.client).Prefix(k.config.SubnetBits)
	a := p.Addr().As4()
	return k.find(s.nas, talkerSubnet, string(a[:]))
}

func (k *talkers) find(n *nas, kind byte, name string) *talker {
	var number uint32
	if n != nil {
		number = n.number
	}
	k.key = append(append(binary.BigEndian.AppendUint32(k.key[:0], number), kind), name...)
	who := k.byKey[string(k.key)]
	if who != nil {
		k.unlink(who)
	} else {
		if len(k.byKey) >= k.config.MaxTalkers {
			k.evicted++
			k.remove(k.ends.newer)
		}
		who = &talker{key: string(k.key), nas: n}
		k.byKey[who.key] = who
		if n != nil {
			n.talk.talkers[side(kind)]++
		}
	}
	k.link(who)
	return who
}

func side(kind byte) int {
	if kind == talkerSubnet {
		return 1
	}
	return 0
}

func (k *talkers) link(who *talker) {
	who.older, who.newer = k.ends.older, nil
	if who.older == nil {
		k.ends.newer = who
	} else {
		who.older.newer = who
	}
	k.ends.older = who
}

func (k *talkers) unlink(who *talker) {
	if who.older == nil {
		k.ends.newer = who.newer
	} else {
		who.older.newer = who.newer
	}
	if who.newer == nil {
		k.ends.older = who.older
	} else {
		who.newer.older = who.older
	}
}

func (k *talkers) remove(who *talker) {
	k.unlink(who)
	delete(k.byKey, who.key)
}

// tick ends windows.
func (k *talkers) tick(t *Tracker, now time.Time) {
	if !k.config.on() {
		return
	}
	if over(&k.window, now, k.config.Window) {
		for _, who := range k.byKey {
			if who.nas != nil {
				k.judge(t, now, who)
				k.remove(who)
			}
		}
		for _, n := range t.nas {
			n.talk = talk{}
		}
	}
	if over(&k.quota, now, k.config.QuotaWindow) {
		for _, who := range k.byKey {
			if who.nas == nil {
				k.remove(who)
			}
		}
	}
}

// over tells whether a window has ended, and begins the next.
func over(end *int64, now time.Time, window time.Duration) bool {
	was := *end
	if left := was - now.UnixNano(); left > 0 && left <= int64(window) {
		return false
	}
	*end = now.Add(window).UnixNano()
	return was != 0
}

// judge tells whether one talker had more than its share.
func (k *talkers) judge(t *Tracker, now time.Time, who *talker) {
	limit, all := k.config.UserShare, who.nas.talk
	if who.kind() == talkerSubnet {
		limit = k.config.SubnetShare
	}
	if limit == 0 || all.bytes < k.config.MinBytes || all.talkers[side(who.kind())] < minTalkers ||
		float64(who.bytes) < limit*float64(all.bytes) {
		return
	}
	n := who.noisy(now, &k.config)
	n.Measure, n.Value, n.Total = Bytes, who.bytes, all.bytes
	t.tellNoisy(n)
}

func (t *Tracker) tellNoisy(n *Noisy) {
	t.stats.Noisy++
	if t.config.OnNoisy != nil {
		t.config.OnNoisy(n)
	}
}
