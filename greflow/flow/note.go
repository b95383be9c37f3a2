package flow

import "time"

// NoteKind says what a [Note] is about.
type NoteKind uint8

// What is noted of an exporter.
const (
	NoteSeen            NoteKind = iota // the first datagram of this exporter since it was forgotten, or ever
	NoteRestart                         // its sequence or its boot time says it has started again
	NoteLoss                            // datagrams are missing: Amount records, which is an estimate
	NoteTemplateMissing                 // data came for which there is no template: what follows is not seen
	NoteTemplateArrived                 // none is missing any more
	NoteTimeouts                        // the exporter told its Active and Idle time-outs
	NoteSampling                        // the exporter told that it samples one in Amount packets
)

// Note is something about an exporter that its records do not say, and that
// bears on what the absence of records means.
type Note struct {
	Kind     NoteKind
	Exporter Exporter
	Arrival  int64 // ns since the epoch, our clock
	Amount   float64
	Of       float64 // with NoteLoss: how many records came since the last note of a loss; 0 is not known
	Active   time.Duration
	Idle     time.Duration
}

// Sink takes what a decoder finds. Records are not to be changed, as decoders write
// of the next one only what differs. Records and notes are valid during the call
// only. Decoders call it from the goroutine that decodes.
type Sink interface {
	Record(*Record)
	Note(Note)
}
