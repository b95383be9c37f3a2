package tunnel

import (
	"sync"
	"time"
)

// deadline is one deadline of a connection. It works on calls that wait already
// as on those to come, as package net wants it.
type deadline struct {
	mu      sync.Mutex
	timer   *time.Timer
	expired chan struct{} // closed once the deadline has passed
}

func newDeadline() *deadline { return &deadline{expired: make(chan struct{})} }

// done is closed when the deadline passes.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expired
}

// set moves the deadline; the zero time removes it.
func (d *deadline) set(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.expired // it has fired and is about to close the channel
	}
	d.timer = nil
	passed := false
	select {
	case <-d.expired:
		passed = true
	default:
	}
	left := time.Until(at)
	switch {
	case !at.IsZero() && left <= 0:
		if !passed {
			close(d.expired)
		}
		return
	case passed:
		d.expired = make(chan struct{})
	}
	if !at.IsZero() {
		expired := d.expired
		d.timer = time.AfterFunc(left, func() { close(expired) })
	}
}
