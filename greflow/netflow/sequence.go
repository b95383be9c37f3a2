package netflow

// unit is what an exporter counts in its sequence numbers.
type unit uint8

// The units. Of records there may be those before the datagram or up to its end,
// with or without option data. The standards have v5 and IPFIX count the records
// before, of all kinds (RFC 7011 section 3.1), and v9 the datagrams (RFC 3954
// section 5.1); softflowd, for one, counts the records to the end without option data.
const (
	unitRecords unit = iota
	unitRecordsToEnd
	unitData
	unitDataToEnd
	unitDatagrams

	units
)

// sequence follows the sequence numbers of one exporter, and finds out what it counts.
type sequence struct {
	unit      unit
	confirmed bool         // unit has explained some steps: what it does not is a loss
	score     [units]uint8 // of steps explained, up to maxScore

	known    bool   // there is a datagram before
	previous uint32 // its number
	before   contents

	lateLast uint32
	lateRun  int // late datagrams in a row, in order among themselves

	mean float64 // records of a datagram
}

// contents are the records in a datagram.
type contents struct {
	records, options int  // of all kinds, and those of option data
	sure             bool // none was left out
}

// passage is what a sequence number tells.
type passage uint8

const (
	passed   passage = iota // as expected, or after a gap
	late                    // one that has been counted as lost, or a duplicate
	reset                   // counts from somewhere else
	unproven                // nothing to compare with
)

const (
	lateDatagrams = 64 // how much disorder is not a restart
	lateRecords   = 32 * lateDatagrams
	gapDatagrams  = 1 << 16 // a gap beyond is no loss
	gapRecords    = 32 * gapDatagrams

	maxScore    = 16
	minScore    = 4 // to be confirmed, and the lead of another unit to be taken
	persistence = 8 // of late datagrams, before it is believed that they are not
)

// arrive takes the number of a datagram before it is decoded.
func (q *sequence) arrive(number uint32) passage {
	if !q.known {
		return unproven
	}
	step, window, limit := int64(int32(number-q.previous)), int64(lateRecords), int64(gapRecords)
	if q.unit == unitDatagrams {
		window, limit = lateDatagrams, gapDatagrams
	}
	switch {
	case step > limit || step < -window:
		return reset
	case step >= 0:
		return passed
	case number == 0 && step < -window/persistence:
		return reset
	}
	if number <= q.lateLast {
		q.lateRun = 0
	}
	q.lateLast = number
	if q.lateRun++; q.lateRun >= persistence {
		return reset
	}
	return late
}

// done takes what was in the datagram that arrived as what. It returns how many
// records are missing before it, and whether it can tell.
func (q *sequence) done(number uint32, what passage, now contents) (passage, float64, bool) {
	if what == late {
		return late, 0, true
	}
	step, before := number-q.previous, q.before
	q.known, q.previous, q.before, q.lateRun = true, number, now, 0
	if now.records > 0 {
		if q.mean == 0 {
			q.mean = float64(now.records)
		}
		q.mean += (float64(now.records) - q.mean) / 16
	}
	if what != passed {
		return what, 0, true
	}
	if before.sure && now.sure {
		q.learn(step, before, now)
	}
	expected, sure := q.unit.step(before, now)
	if step == 0 && expected > 0 && sure && q.confirmed {
		return late, 0, true // a duplicate
	}
	switch {
	case !sure || !q.confirmed:
		return passed, 0, sure
	case step <= expected:
		return passed, 0, true
	case q.unit == unitDatagrams:
		return passed, float64(step-expected) * q.mean, true
	}
	return passed, float64(step - expected), true
}

// step returns how much the number grows from a datagram to the next.
func (u unit) step(before, now contents) (step uint32, sure bool) {
	switch u {
	case unitRecords:
		return uint32(before.records), before.sure
	case unitRecordsToEnd:
		return uint32(now.records), now.sure
	case unitData:
		return uint32(before.records - before.options), before.sure
	case unitDataToEnd:
		return uint32(now.records - now.options), now.sure
	}
	return 1, true
}

// learn keeps the score of what explains the steps. A loss is explained by none, and changes little.
func (q *sequence) learn(step uint32, before, now contents) {
	for u := range units {
		if expected, _ := u.step(before, now); step == expected {
			q.score[u] = min(q.score[u]+1, maxScore)
		} else if q.score[u] > 0 {
			q.score[u]--
		}
	}
	for u := range units {
		if q.score[u] >= q.score[q.unit]+minScore {
			q.unit = u
		}
	}
	q.confirmed = q.confirmed || q.score[q.unit] >= minScore
}
