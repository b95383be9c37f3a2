package health

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// maxWindows bounds those that are added while running.
const maxWindows = 1000

// Window is a time of maintenance: the verdict is still made, and nothing is told.
type Window struct {
	Name     string
	Gateways []string // patterns of ids, with * and ? and [a-z]; none is all gateways
	// Start and End bound a window that is there once.
	Start, End time.Time
	// Weekly, instead of them, is one that comes again.
	Weekly *Weekly
}

// Weekly is when a window comes again. A day has its own length where clocks change.
type Weekly struct {
	Days     []time.Weekday // none is every day
	At       time.Duration  // after midnight, by the clock
	For      time.Duration  // at most 24 h
	Location *time.Location // nil is UTC
}

func (w *Window) validate() error {
	if w.Name == "" || len(w.Name) > maxName {
		return fmt.Errorf("name: %q is empty or longer than %d", w.Name, maxName)
	}
	for _, p := range w.Gateways {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("gateways: %s: %q: %w", w.Name, p, err)
		}
	}
	if w.Weekly == nil {
		if !w.End.After(w.Start) {
			return fmt.Errorf("end: %s: %s is not after the start, %s", w.Name, w.End, w.Start)
		}
		return nil
	}
	if !w.Start.IsZero() || !w.End.IsZero() {
		return fmt.Errorf("weekly: %s: has a start or an end, too", w.Name)
	}
	if w.Weekly.At < 0 || w.Weekly.At >= 24*time.Hour {
		return fmt.Errorf("weekly.at: %s: %s is not in [0s, 24h)", w.Name, w.Weekly.At)
	}
	if w.Weekly.For <= 0 || w.Weekly.For > 24*time.Hour {
		return fmt.Errorf("weekly.for: %s: %s is not in (0s, 24h]", w.Name, w.Weekly.For)
	}
	return nil
}

// at tells whether the window is open.
func (w *Window) at(now time.Time) bool {
	if w.Weekly == nil {
		return !now.Before(w.Start) && now.Before(w.End)
	}
	location := w.Weekly.Location
	if location == nil {
		location = time.UTC
	}
	local := now.In(location)
	for days := range 2 { // one that began yesterday may last until now
		y, m, d := local.AddDate(0, 0, -days).Date()
		at := w.Weekly.At
		start := time.Date(y, m, d, int(at/time.Hour), int(at%time.Hour/time.Minute), int(at%time.Minute/time.Second), 0, location)
		day := len(w.Weekly.Days) == 0 || slices.Contains(w.Weekly.Days, start.Weekday())
		if day && !now.Before(start) && now.Before(start.Add(w.Weekly.For)) {
			return true
		}
	}
	return false
}

// windows are those of the configuration and those added since.
type windows struct {
	configured, added []Window
	open              []*Window // at this evaluation
}

func (ws *windows) update(now time.Time) {
	ws.added = slices.DeleteFunc(ws.added, func(w Window) bool { return w.Weekly == nil && !now.Before(w.End) })
	ws.open = ws.open[:0]
	for _, list := range [][]Window{ws.configured, ws.added} {
		for i := range list {
			if list[i].at(now) {
				ws.open = append(ws.open, &list[i])
			}
		}
	}
}

// active is the name of the window that is open for a gateway, or empty.
func (ws *windows) active(id string) string {
	for _, w := range ws.open {
		if covers(w.Gateways, id) {
			return w.Name
		}
	}
	return ""
}

// AddWindow announces maintenance while running; it replaces one added under the same
// name, takes effect with the next evaluation, is kept by [Engine.Save] and goes when
// it is over.
func (e *Engine) AddWindow(w Window) error {
	if err := w.validate(); err != nil {
		return fmt.Errorf("maintenance window: %w", err)
	}
	e.RemoveWindow(w.Name)
	if len(e.windows.added) >= maxWindows {
		return errors.New("maintenance window: there are too many, remove some")
	}
	e.windows.added = append(e.windows.added, w)
	return nil
}

// RemoveWindow ends one that was added, and tells whether there was one.
func (e *Engine) RemoveWindow(name string) bool {
	before := len(e.windows.added)
	e.windows.added = slices.DeleteFunc(e.windows.added, func(w Window) bool { return w.Name == name })
	return len(e.windows.added) < before
}
