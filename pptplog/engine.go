package pptplog

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// Config is how an [Engine] works. Its zero value is ready to use, and tells nothing.
type Config struct {
	Line    line.Config
	Session session.Config
	// OnEvent, if set, is called with every line of interest, before what it means for a
	// session is. It must not keep the event, but may change its Host: lines of one host
	// belong together, and pids are those of a host.
	OnEvent func(*event.Event)
}

// Engine turns lines into sessions. It is not safe for concurrent use.
type Engine struct {
	parser  *line.Parser
	tracker *session.Tracker
	onEvent func(*event.Event)
	e       event.Event
}

// New makes an Engine.
func New(cfg Config) (*Engine, error) {
	p, err := line.New(cfg.Line)
	if err != nil {
		return nil, err
	}
	t, err := session.New(cfg.Session)
	if err != nil {
		return nil, err
	}
	return &Engine{parser: p, tracker: t, onEvent: cfg.OnEvent}, nil
}

// Line takes in a line with its envelope, read at now. host is where it is from, if
// the line itself does not say. It returns false if the line is none of a program that
// has to do with PPTP. The line is not kept.
func (g *Engine) Line(now time.Time, host string, text []byte) bool {
	return g.take(now, host, g.parser.Parse(&g.e, text, now))
}

// LineString is Line for a string.
func (g *Engine) LineString(now time.Time, host, text string) bool {
	return g.take(now, host, g.parser.ParseString(&g.e, text, now))
}

// Message takes in a message whose envelope has been read before.
func (g *Engine) Message(now time.Time, h line.Header, text string) bool {
	return g.take(now, h.Host, g.parser.ParseMessage(&g.e, h, text))
}

// Windows takes in an event of Windows' event log, by its id and its data.
func (g *Engine) Windows(now time.Time, h line.Header, id int, data []string) bool {
	return g.take(now, h.Host, g.parser.ParseWindows(&g.e, h, id, data))
}

func (g *Engine) take(now time.Time, host string, ours bool) bool {
	if !ours {
		return false
	}
	if g.e.Host == "" {
		g.e.Host = host
	}
	if g.onEvent != nil {
		g.onEvent(&g.e)
	}
	g.tracker.Observe(now, &g.e)
	return true
}

// Tick lets time pass. It is to be called about once a second.
func (g *Engine) Tick(now time.Time) { g.tracker.Tick(now) }

// Flush ends the sessions whose end has been read, without waiting for more.
func (g *Engine) Flush() { g.tracker.Flush() }

// Forget gives up all sessions of a host. It must not be called by a callback but OnEvent.
func (g *Engine) Forget(host string) { g.tracker.Forget(host) }

// Stats counts what an [Engine] has done.
type Stats struct {
	Lines    line.Stats
	Sessions session.Stats
}

// Stats returns the counts since New.
func (g *Engine) Stats() Stats { return Stats{g.parser.Stats(), g.tracker.Stats()} }
