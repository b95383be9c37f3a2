package health

// enough is how many observations must say that something is wrong: any may be mistaken, whoever it comes from.
const enough = 2

// witnesses are the observations that say the same.
type witnesses struct {
	items  uint16 // signals, as seen by different sources and vantages
	times  uint16 // rounds and events of all of them
	rounds bool   // one of them comes in rounds, where two of three say little when nobody else does
}

func (w *witnesses) add(o witnesses) {
	w.items += o.items
	w.times += o.times
	w.rounds = w.rounds || o.rounds
}

// agree tells whether they are to be believed. One signal at one vantage is mistaken twice in a row often
// enough to have to say it in all rounds that are kept.
func (w *witnesses) agree() bool {
	if w.items == 1 && w.rounds {
		return w.times >= keptObservations
	}
	return w.times >= enough
}
