package ppp

import "fmt"

// AutomatonEventKind says what an Automaton reports.
type AutomatonEventKind uint8

// What an Automaton reports.
const (
	ThisLayerUp       AutomatonEventKind = iota + 1 // Opened reached
	ThisLayerDown                                   // Opened left
	ThisLayerStarted                                // the lower layer is needed
	ThisLayerFinished                               // the lower layer is not needed any more
	TimedOut                                        // Configure-Requests went unanswered
	NotConverging                                   // more than MaxFailure rounds of Nak and Reject: Packet is the last, Data the options it refused; the layer is closing
	Abandoned                                       // the policy gave up, Data is its reason; the layer is closing
	TerminateReceived                               // Terminate-Request; Data is its data
	TerminateAcked                                  // Terminate-Ack, also an unexpected one: see State
	CodeRejected                                    // the peer does not know Code
	Extra                                           // a Packet the automaton does not own: echo, Protocol-Reject, Reset-Request, ...
)

// AutomatonEvent is a report of an Automaton. The receiver owns Packet and Data.
type AutomatonEvent struct {
	Kind   AutomatonEventKind
	State  State // when it was reported
	Packet Packet
	Data   []byte
	Code   Code
}

// lastRound describes a NotConverging event: the options in question, and both sides' values.
func lastRound(ev AutomatonEvent) string {
	return fmt.Sprintf("%s %x for options %x", ev.Packet.Code, ev.Packet.Data, ev.Data)
}

// queue is a bounded first-in first-out list; what does not fit is dropped and counted.
type queue[T any] struct {
	items   []T
	head    int
	max     int
	dropped uint64
}

func (q *queue[T]) push(v T) {
	if len(q.items)-q.head >= q.max {
		q.dropped++
		return
	}
	if q.head > 0 && len(q.items) == cap(q.items) {
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.head = 0
	}
	q.items = append(q.items, v)
}

func (q *queue[T]) pop() (v T, ok bool) {
	if q.head == len(q.items) {
		return v, false
	}
	var zero T
	v, q.items[q.head] = q.items[q.head], zero
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = nil, 0 // links are idle most of their time
	}
	return v, true
}

func (q *queue[T]) clear() {
	clear(q.items)
	q.items, q.head = q.items[:0], 0
}

// String returns the Go name of the kind without its prefix.
func (k EventKind) String() string {
	if k >= 1 && int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}
