package sflow

// table is a bounded map of what has been heard of. When it is full, a new entry
// takes the place of one that has been silent for long: of evictScan entries, the
// one silent the longest. That is near enough to the longest of all, and costs
// nothing while there is room.
type table[K comparable, V any] struct {
	max   int
	index map[K]int32
	nodes []node[K, V]
	hand  int // where the next search for a victim begins
}

type node[K comparable, V any] struct {
	used  int64 // when it was last heard of, in ns
	key   K
	value V
}

const evictScan = 8

func newTable[K comparable, V any](limit int) table[K, V] {
	return table[K, V]{max: limit, index: make(map[K]int32)}
}

// get returns the entry of a key, whether it is new and then the zero value, and
// whether another was evicted for it. The pointer is valid until the next call.
// Where an entry was found is left in hint, any number at first: the next search
// that begins there does without the hash.
func (t *table[K, V]) get(key K, now int64, hint *int32) (v *V, added, evicted bool) {
	i := *hint
	ok := int(i) < len(t.nodes) && t.nodes[i].key == key
	if !ok {
		i, ok = t.index[key]
	}
	if ok {
		*hint = i
		n := &t.nodes[i]
		n.used = now
		return &n.value, false, false
	}
	at := len(t.nodes)
	if evicted = at >= t.max; evicted {
		at = t.victim()
		delete(t.index, t.nodes[at].key)
	} else {
		t.nodes = append(t.nodes, node[K, V]{})
	}
	*hint = int32(at)
	t.nodes[at] = node[K, V]{used: now, key: key}
	t.index[key] = *hint
	return &t.nodes[at].value, true, evicted
}

func (t *table[K, V]) victim() int {
	oldest := t.hand % len(t.nodes)
	for range min(evictScan, len(t.nodes)) {
		t.hand = (t.hand + 1) % len(t.nodes)
		if t.nodes[t.hand].used < t.nodes[oldest].used {
			oldest = t.hand
		}
	}
	return oldest
}

// expire removes what was not heard of since then, and returns how many.
func (t *table[K, V]) expire(since int64) int {
	before := len(t.nodes)
	for i := before - 1; i >= 0; i-- {
		if t.nodes[i].used >= since {
			continue
		}
		delete(t.index, t.nodes[i].key)
		last := len(t.nodes) - 1
		if i != last {
			t.nodes[i] = t.nodes[last]
			t.index[t.nodes[i].key] = int32(i)
		}
		t.nodes = t.nodes[:last]
	}
	return before - len(t.nodes)
}
