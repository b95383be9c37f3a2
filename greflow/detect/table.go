package detect

import (
	"math/bits"
	"math/rand/v2"
	"unsafe"
)

// class is in which order pairs give way when the table is full.
type class uint8

const (
	classIdle class = iota
	classUnknown
	classRest
	numClasses
)

func classOf(s State) class {
	switch s {
	case Idle:
		return classIdle
	case Unknown:
		return classUnknown
	default:
		return classRest
	}
}

const (
	chunkBits = 11
	chunkSize = 1 << chunkBits
	none      = ^uint32(0)

	numberMask = 1<<24 - 1 // of a slot: more than Config.MaxPairs may be
)

// table holds the pairs: in chunks, which never move, an index by key, and a list
// by class with the least recently seen first.
//
// The index is open addressing with linear probing: 4 bytes a slot, where a map
// would hold the key of 32 bytes once more. A slot has eight bits of the hash beside
// the number, so that pairs on the way to another one are seldom looked at: they
// are far away in memory. What comes out of the table does not depend on the seed
// of the hash.
type table struct {
	chunks  []*[chunkSize]pair
	slots   []uint32 // number of the pair + 1, and above numberMask bits of its hash
	seed    [4]uint64
	used    uint32 // pairs ever handed out
	freed   []uint32
	births  uint32 // pairs ever added: tells one from the next in its place; 0 is none
	size    int
	limit   int
	list    [numClasses]struct{ first, last uint32 }
	evicted [numClasses]uint64
}

func newTable(limit int) table {
	t := table{limit: limit, slots: make([]uint32, 64)}
	for i := range t.seed {
		t.seed[i] = rand.Uint64() //nolint:gosec // seeded by the system, and never shown
	}
	for i := range t.list {
		t.list[i].first, t.list[i].last = none, none
	}
	return t
}

func (t *table) len() int { return t.size }

func (t *table) at(i uint32) *pair { return &t.chunks[i>>chunkBits][i&(chunkSize-1)] }

func (t *table) bytes() int64 {
	return int64(len(t.chunks))*int64(unsafe.Sizeof([chunkSize]pair{})) + int64(4*len(t.slots)+4*cap(t.freed))
}

// hash of k says where it belongs: products of the addresses with a secret, so that
// nobody can choose addresses that meet.
func (t *table) hash(k pairKey) uint32 {
	h1, l1 := bits.Mul64(k.low.hi^t.seed[0], k.low.lo^t.seed[1])
	h2, l2 := bits.Mul64(k.high.hi^t.seed[2], k.high.lo^t.seed[3])
	h, l := bits.Mul64(h1^l1^t.seed[1], h2^l2^t.seed[2])
	return uint32(h ^ l)
}

// get returns the pair, nil if there is none.
func (t *table) get(k pairKey) *pair {
	mask := uint32(len(t.slots) - 1)
	h := t.hash(k)
	for s := h & mask; t.slots[s] != 0; s = (s + 1) & mask {
		if n := t.slots[s]; (n^h)&^numberMask == 0 {
			if p := t.at(n&numberMask - 1); p.key == k {
				return p
			}
		}
	}
	return nil
}

// add makes room if there is none, and returns a new pair with its key set. There
// must be none with this key.
func (t *table) add(k pairKey, gone func(*pair)) *pair {
	if t.size >= t.limit {
		t.evict(gone)
	}
	if 4*(t.size+1) > 3*len(t.slots) {
		t.grow()
	}
	var i uint32
	if n := len(t.freed); n > 0 {
		i, t.freed = t.freed[n-1], t.freed[:n-1]
	} else {
		if int(t.used>>chunkBits) == len(t.chunks) {
			t.chunks = append(t.chunks, new([chunkSize]pair))
		}
		i = t.used
		t.used++
	}
	p := t.at(i)
	t.births++
	*p = pair{key: k, number: i, birth: t.births, next: none, prev: none, class: classUnknown}
	t.link(p)
	t.insert(p)
	t.size++
	return p
}

func (t *table) insert(p *pair) {
	mask := uint32(len(t.slots) - 1)
	h := t.hash(p.key)
	s := h & mask
	for t.slots[s] != 0 {
		s = (s + 1) & mask
	}
	t.slots[s] = h&^numberMask | (p.number + 1)
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]uint32, 2*len(old))
	for _, n := range old {
		if n != 0 {
			t.insert(t.at(n&numberMask - 1))
		}
	}
}

// remove forgets a pair. What it held of its gateway's sums is the caller's to take back.
func (t *table) remove(p *pair) {
	mask := uint32(len(t.slots) - 1)
	hole := t.hash(p.key) & mask
	for t.slots[hole]&numberMask != p.number+1 {
		hole = (hole + 1) & mask
	}
	// Whoever is behind the hole and could be in it moves there, so that no search ends early.
	for s := (hole + 1) & mask; t.slots[s] != 0; s = (s + 1) & mask {
		home := t.hash(t.at(t.slots[s]&numberMask-1).key) & mask
		if (s-home)&mask >= (s-hole)&mask {
			t.slots[hole] = t.slots[s]
			hole = s
		}
	}
	t.slots[hole] = 0
	t.unlink(p)
	p.birth = 0
	t.freed = append(t.freed, p.number)
	t.size--
}

// evict forgets the least recently seen of the lowest class. The lists are put in
// order when pairs are evaluated, not when they are seen: who was seen since
// gets a second chance.
func (t *table) evict(gone func(*pair)) {
	for c := range t.list {
		for range 16 {
			i := t.list[c].first
			if i == none {
				break
			}
			p := t.at(i)
			if p.flags&flagSeen != 0 && t.list[c].first != t.list[c].last {
				t.unlink(p)
				t.link(p)
				continue
			}
			t.drop(p, class(c), gone)
			return
		}
		if i := t.list[c].first; i != none {
			t.drop(t.at(i), class(c), gone)
			return
		}
	}
}

func (t *table) drop(p *pair, c class, gone func(*pair)) {
	t.evicted[c]++
	gone(p)
	t.remove(p)
}

// link puts p last in the list of its class.
func (t *table) link(p *pair) {
	l := &t.list[p.class]
	p.flags &^= flagSeen
	p.prev, p.next = l.last, none
	if l.last != none {
		t.at(l.last).next = p.number
	} else {
		l.first = p.number
	}
	l.last = p.number
}

func (t *table) unlink(p *pair) {
	l := &t.list[p.class]
	if p.prev != none {
		t.at(p.prev).next = p.next
	} else {
		l.first = p.next
	}
	if p.next != none {
		t.at(p.next).prev = p.prev
	} else {
		l.last = p.prev
	}
}

// touch puts p where it belongs after it was evaluated.
func (t *table) touch(p *pair, c class) {
	if p.class == c && p.flags&flagSeen == 0 {
		return
	}
	t.unlink(p)
	p.class = c
	t.link(p)
}
