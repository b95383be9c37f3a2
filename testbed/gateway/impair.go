package gateway

import "math/rand/v2"

// impairment is a bad path: it loses, reorders and duplicates packets by chance,
// repeatably for a seed.
type impairment struct {
	rng  *rand.Rand
	held []byte // overtaken by the next packet
}

func newImpairment(seed, stream uint64) impairment {
	return impairment{rng: rand.New(rand.NewPCG(seed, stream))}
}

// chance is true in a share p of the calls.
func (i *impairment) chance(p float64) bool { return p > 0 && i.rng.Float64() < p }

// pass sends packet on: once, never, twice, or after the next one. send must not
// keep its argument. It says whether a packet is held, which flush would send.
func (i *impairment) pass(packet []byte, f *Faults, send func([]byte)) (holding bool) {
	if i.chance(f.GRELoss) {
		return i.held != nil
	}
	if i.held == nil && i.chance(f.GREReorder) {
		i.held = append([]byte(nil), packet...)
		return true
	}
	send(packet)
	if i.chance(f.GREDuplicate) {
		send(packet)
	}
	i.flush(send)
	return false
}

// flush sends a packet that is held.
func (i *impairment) flush(send func([]byte)) {
	if i.held != nil {
		send(i.held)
		i.held = nil
	}
}
