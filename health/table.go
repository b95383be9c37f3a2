package health

import (
	"slices"
	"strings"
)

// gateway is what is kept of one.
type gateway struct {
	id         string
	configured bool
	shares     []int // indices of Engine.shared
	items      []item
	heard      int64 // ns, when evidence last came
	status
}

func (g *gateway) find(k itemKey) *item {
	if i, ok := g.search(k); ok {
		return &g.items[i]
	}
	return nil
}

// search is by hand, because it is done for every piece of evidence.
func (g *gateway) search(k itemKey) (int, bool) {
	low, high := 0, len(g.items)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if g.items[middle].key < k {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(g.items) && g.items[low].key == k
}

// everBad tells whether anything bad is kept of the gateway. Most have nothing, which
// saves most of their evaluation.
func (g *gateway) everBad() bool {
	for i := range g.items {
		if g.items[i].everBad() {
			return true
		}
	}
	return false
}

// insertItem makes room for an item and returns it. Memory grows by a few at a time:
// there are as many tables as gateways.
func (g *gateway) insertItem(at int, k itemKey) *item {
	if len(g.items) == cap(g.items) {
		grown := make([]item, len(g.items), len(g.items)+8)
		copy(grown, g.items)
		g.items = grown
	}
	g.items = g.items[:len(g.items)+1]
	copy(g.items[at+1:], g.items[at:])
	g.items[at] = item{key: k}
	return &g.items[at]
}

// oldest is the item whose newest evidence is the oldest.
func (g *gateway) oldest() int {
	o := 0
	for i := range g.items {
		if g.items[i].at < g.items[o].at {
			o = i
		}
	}
	return o
}

// lookup returns the gateway, which is made if it may be learned.
func (e *Engine) lookup(id string) (*gateway, Outcome) {
	if g := e.gateways[id]; g != nil {
		return g, Accepted
	}
	switch {
	case id == "" || len(id) > maxName:
		return nil, Invalid
	case !e.config.Learn:
		return nil, UnknownGateway
	case len(e.gateways) >= e.config.MaxGateways:
		return nil, TableFull
	}
	return e.addGateway(strings.Clone(id)), Accepted
}

func (e *Engine) addGateway(id string) *gateway {
	g := &gateway{id: id, status: newStatus()}
	e.gateways[id] = g
	at, _ := slices.BinarySearchFunc(e.order, id, func(g *gateway, id string) int { return strings.Compare(g.id, id) })
	e.order = slices.Insert(e.order, at, g)
	return g
}

// forget drops what was not heard of for long: items, learned gateways, vantages.
func (e *Engine) forget(now int64) {
	limit := now - int64(e.config.Forget)
	e.order = slices.DeleteFunc(e.order, func(g *gateway) bool {
		before := len(g.items)
		g.items = slices.DeleteFunc(g.items, func(it item) bool { return it.at < limit })
		e.stats.ItemsForgotten += uint64(before - len(g.items))
		if g.configured || g.heard >= limit {
			return false
		}
		if g.incident != nil { // a gateway that is gone has none
			e.closeIncident(g.incident, g, now)
		}
		delete(e.gateways, g.id)
		e.stats.GatewaysForgotten++
		return true
	})
	e.stats.VantagesForgotten += e.vantages.forget(limit)
}

// vantages numbers the names of vantages. Number 0 is the empty name.
type vantages struct {
	byName map[string]uint16
	list   []vantage
	free   []uint16
}

type vantage struct {
	name    string
	heard   int64 // ns
	suspect bool
	// gateways that it sees, sees bad, and sees bad while another vantage does, too
	sees, bad, shared int
}

func newVantages() vantages {
	return vantages{byName: map[string]uint16{"": 0}, list: make([]vantage, 1)}
}

// number returns the number of a vantage that was heard of; the table has a bound.
func (v *vantages) number(name string, heard int64, limit int) (uint16, bool) {
	if n, ok := v.byName[name]; ok {
		v.list[n].heard = max(v.list[n].heard, heard)
		return n, true
	}
	var n uint16
	switch {
	case len(v.free) > 0:
		n = v.free[len(v.free)-1]
		v.free = v.free[:len(v.free)-1]
	case len(v.list) <= limit:
		n = uint16(len(v.list))
		v.list = append(v.list, vantage{})
	default:
		return 0, false
	}
	name = strings.Clone(name)
	v.byName[name] = n
	v.list[n] = vantage{name: name, heard: heard}
	return n, true
}

func (v *vantages) name(n uint16) string  { return v.list[n].name }
func (v *vantages) suspect(n uint16) bool { return v.list[n].suspect }

// forget frees the numbers of vantages that were last heard of before limit: their
// items are gone by then.
func (v *vantages) forget(limit int64) (forgotten uint64) {
	for n := 1; n < len(v.list); n++ {
		e := &v.list[n]
		if e.name != "" && e.heard < limit {
			delete(v.byName, e.name)
			*e = vantage{}
			v.free = append(v.free, uint16(n))
			forgotten++
		}
	}
	return forgotten
}

// drop takes out what is from the future, after the clock was set back.
func (g *gateway) drop(latest int64) (dropped int) {
	before := len(g.items)
	g.items = slices.DeleteFunc(g.items, func(it item) bool { return it.at > latest })
	return before - len(g.items)
}
