package health

// flaps remembers in which of the last evaluations the gateway changed between ill
// and healthy. The newer a change the more it counts, as in Icinga and Nagios, and
// between the two bounds things stay as they are.
type flaps struct {
	changes uint32 // the newest in bit 0
	lastIll bool
	known   bool
	on      bool
}

const (
	flapWindow = 20
	flapEnter  = 30.0 // percent
	flapLeave  = 25.0
)

func (f *flaps) add(s State) {
	if s == Unknown {
		return
	}
	ill := s.ill()
	f.changes = f.changes << 1 & (1<<flapWindow - 1)
	if f.known && ill != f.lastIll {
		f.changes |= 1
	}
	f.lastIll, f.known = ill, true
	switch share := f.share(); {
	case share > flapEnter:
		f.on = true
	case share < flapLeave:
		f.on = false
	}
}

// share is the weighted percentage of evaluations with a change.
func (f *flaps) share() float64 {
	sum := 0.0
	for i := range flapWindow {
		if f.changes&(1<<i) != 0 {
			sum += 0.80 + 0.02*float64(flapWindow-1-i)
		}
	}
	return 100 * sum / flapWindow
}
