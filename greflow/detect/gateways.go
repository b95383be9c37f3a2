package detect

import (
	"net/netip"
	"slices"
)

// gateway is what is known of one gateway as a whole.
type gateway struct {
	id         GatewayID
	seen       [2]stamp // when something went this way, by Way: the proof that it is exported
	pairs      [numStates]int32
	confidence [numStates]float64 // sum over the pairs
	control    int32
	partial    int32

	packets, bytes             [2]uint64
	scaledPackets, scaledBytes [2]float64

	quiet silences
	level level
}

// GatewaySummary is the sum over a gateway's pairs.
type GatewaySummary struct {
	Gateway         GatewayID // Addr is set only if the gateway was learned
	State           State
	Pairs           [NumStates]int
	Partial         int // pairs that stand for several tunnels
	ControlSessions int
	// By Way, since New, as counted by one observation point of each pair and way:
	// not twice what two exporters saw. Scaled is multiplied by the sampling.
	Packets, Bytes             [2]uint64
	ScaledPackets, ScaledBytes [2]float64
	// Share is the share of judged pairs that are blackholed, weighted by confidence; 0 without
	// judged pairs, of which Judged is the number.
	Share  float64
	Judged int
}

func (g *gateway) judged() (judged, blackholed int, share float64) {
	var weight float64
	for s := State(0); s < numStates; s++ {
		if !s.judged() {
			continue
		}
		judged += int(g.pairs[s])
		if s.Blackholed() {
			blackholed += int(g.pairs[s])
			weight += g.confidence[s]
		}
	}
	if judged == 0 {
		return 0, blackholed, 0
	}
	return judged, blackholed, min(max(weight/float64(judged), 0), 1)
}

func (g *gateway) summary() GatewaySummary {
	s := GatewaySummary{
		Gateway: g.id, State: g.level.state, Partial: int(g.partial), ControlSessions: int(g.control),
		Packets: g.packets, Bytes: g.bytes, ScaledPackets: g.scaledPackets, ScaledBytes: g.scaledBytes,
	}
	for i, n := range g.pairs {
		s.Pairs[i] = int(n)
	}
	s.Judged, _, s.Share = g.judged()
	return s
}

// directory finds the gateway of an address.
type directory struct {
	all    []gateway
	single map[netip.Addr]int32
	wide   map[netip.Prefix]int32
	bits   [2][]int // lengths of the prefixes in wide, longest first: IPv4, IPv6
	room   int      // for learned ones
	free   []int32  // places of learned ones that were forgotten
}

const noGateway int32 = -1

func newDirectory(cfg *Config) directory {
	d := directory{single: make(map[netip.Addr]int32), wide: make(map[netip.Prefix]int32), room: cfg.MaxGateways}
	index := make(map[string]int32)
	for _, g := range cfg.Gateways {
		i, known := index[g.ID]
		if !known {
			i = d.add(GatewayID{ID: g.ID, Name: g.Name})
			index[g.ID] = i
		}
		for _, p := range g.Addresses {
			if p.IsSingleIP() {
				d.single[p.Addr()] = i
				continue
			}
			d.wide[p.Masked()] = i
			bits := &d.bits[family(p.Addr())]
			if !slices.Contains(*bits, p.Bits()) {
				*bits = append(*bits, p.Bits())
			}
		}
	}
	for i := range d.bits {
		slices.SortFunc(d.bits[i], func(a, b int) int { return b - a })
	}
	return d
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

func (d *directory) add(id GatewayID) int32 {
	d.all = append(d.all, gateway{id: id})
	return int32(len(d.all) - 1)
}

// find returns the gateway of an address, or noGateway.
func (d *directory) find(a netip.Addr) int32 {
	if i, ok := d.single[a]; ok {
		return i
	}
	for _, bits := range d.bits[family(a)] {
		if p, err := a.Prefix(bits); err == nil {
			if i, ok := d.wide[p]; ok {
				return i
			}
		}
	}
	return noGateway
}

// learn adds an address that PPTP was spoken with; noGateway when there is no room.
func (d *directory) learn(a netip.Addr) int32 {
	if d.room == 0 {
		return noGateway
	}
	d.room--
	id := GatewayID{ID: a.String(), Addr: a, Learned: true}
	var i int32
	if last := len(d.free) - 1; last >= 0 {
		i, d.free = d.free[last], d.free[:last]
		d.all[i] = gateway{id: id}
	} else {
		i = d.add(id)
	}
	d.single[a] = i
	return i
}

// forget gives the place of a learned gateway back.
func (d *directory) forget(i int32) {
	delete(d.single, d.all[i].id.Addr)
	d.all[i] = gateway{}
	d.free = append(d.free, i)
	d.room++
}

// forgotten says that this is a place without a gateway.
func (g *gateway) forgotten() bool { return g.id.ID == "" }

// unused says that a learned gateway has had no pair for so long that nothing refers to it any more, not even another name
// of a pair: those are forgotten after visibility, as pairs are.
func (g *gateway) unused(now, visibility stamp) bool {
	if !g.id.Learned || now.sub(max(g.seen[ToGateway], g.seen[ToClient])) <= 2*visibility {
		return false
	}
	for _, n := range g.pairs {
		if n != 0 {
			return false
		}
	}
	return true
}
