package line

import (
	"fmt"
	"hash/maphash"
	"strings"
	"time"
	"unsafe"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// maxLine bounds what is read of a line; what is behind it is cut off, and no
// pattern that minds the end matches then.
const maxLine = 64 << 10

// Config of a Parser. The zero value is ready to use.
type Config struct {
	// Location of stamps without a zone; UTC if nil.
	Location *time.Location
	// Patterns adds to those that are built in, in the form that the package's
	// documentation shows. They are asked before those built in that begin with the
	// same word. Their examples are tried by New.
	Patterns []byte
	// RefuseUntagged: lines that name no program are not of interest. They are
	// matched with pptpd's and pppd's patterns otherwise, since pppd's `logfile`
	// holds messages only.
	RefuseUntagged bool
}

// Header is what a collector knows already of a message: the envelope that a
// syslog receiver has parsed, or fields of journald.
type Header struct {
	Host     string
	Program  string // the tag, APP-NAME or provider
	PID      int32
	Time     time.Time
	Arrival  time.Time
	Severity event.Severity
}

// configured is the source of the patterns of a Config.
const configured = "patterns"

// Parser reads lines. It is not safe for concurrent use, but any number of
// Parsers are.
type Parser struct {
	library  *library
	location *time.Location
	untagged []*book
	stats    Stats
	got      [maxFields]string
	envelope envelope
	last     [lastHosts]lastLine
	seed     maphash.Seed
}

// New makes a Parser. An error names the line of Config.Patterns.
func New(c Config) (*Parser, error) {
	l, err := builtin()
	if err != nil {
		return nil, err
	}
	if len(c.Patterns) > 0 {
		l = l.clone()
		if err := l.load(configured, c.Patterns); err != nil {
			return nil, fmt.Errorf("patterns: %w", err)
		}
	}
	p := &Parser{library: l, location: c.Location, seed: maphash.MakeSeed()}
	if len(c.Patterns) > 0 {
		if err := p.examples(configured); err != nil {
			return nil, fmt.Errorf("patterns: %w", err)
		}
	}
	if p.location == nil {
		p.location = time.UTC
	}
	if !c.RefuseUntagged {
		p.untagged = []*book{l.books[programPoptop], l.books[programPPPD]}
	}
	for _, b := range l.order {
		p.stats.Programs = append(p.stats.Programs, ProgramStats{Program: b.name})
	}
	return p, nil
}

// Parse reads a line with its envelope. It returns false for a line of a program
// that is not of interest, with dst undefined; else dst is the line's event, which
// may be noise, or unclassified. The event's strings point into the line: they are
// good until its bytes change. Arrival is when the line was read; it gives the
// year to stamps without one, which are no time if it is zero.
func (p *Parser) Parse(dst *event.Event, line []byte, arrival time.Time) bool {
	return p.ParseString(dst, unsafe.String(unsafe.SliceData(line), len(line)), arrival)
}

// ParseString is Parse for a string.
func (p *Parser) ParseString(dst *event.Event, line string, arrival time.Time) bool {
	p.stats.Lines++
	if len(line) > maxLine {
		p.stats.Cut++
		line = line[:maxLine]
	}
	line = trimEnd(line)
	e := &p.envelope
	*e = envelope{}
	e.open(line, p.known)
	h := Header{Host: e.host, Program: e.tag, PID: e.pid, Arrival: arrival, Severity: e.severity}
	if n, text, ok := repeated(e.text); ok {
		if text != "" { // rsyslog gives the message again
			e.text = text
			return p.message(dst, &h, n)
		}
		return p.repeat(dst, &h, n)
	}
	ok := p.message(dst, &h, 1)
	p.remember(h.Host, line, ok)
	return ok
}

// ParseMessage reads a message whose envelope has been parsed before, as Parse
// does. Without a program it is a line without a tag.
func (p *Parser) ParseMessage(dst *event.Event, h Header, msg string) bool {
	p.stats.Lines++
	if len(msg) > maxLine {
		p.stats.Cut++
		msg = msg[:maxLine]
	}
	p.envelope = envelope{host: h.Host, tag: program(h.Program), pid: h.PID, severity: h.Severity, text: trimEnd(msg)}
	if strings.HasPrefix(h.Program, "%") { // %ASA-6-603105
		p.envelope.cisco(h.Program + ": " + p.envelope.text)
	}
	count := uint32(1)
	if n, text, ok := repeated(p.envelope.text); ok && text != "" {
		count, p.envelope.text = n, text
	}
	return p.message(dst, &h, count)
}

// message finds the program of the open envelope, and the event in its text.
func (p *Parser) message(dst *event.Event, h *Header, count uint32) bool {
	e := &p.envelope
	books, tagged := p.untagged, e.tag != ""
	if tagged {
		books = p.library.byTag[e.key()]
	}
	for _, b := range books {
		p.base(dst, h)
		dst.Count = count
		dst.Text = e.text
		if b.prefix != nil && !b.prefix(e, dst) {
			continue
		}
		dst.Program = b.name
		if p.find(b, dst) != nil || tagged {
			return p.count(b, dst)
		}
	}
	p.stats.NotOurs++
	return false
}

// base makes an event of what the envelope tells.
func (p *Parser) base(dst *event.Event, h *Header) {
	*dst = event.Event{Host: h.Host, PID: h.PID, Severity: h.Severity, Time: h.Time, Arrival: h.Arrival, Count: 1}
	if h.Time.IsZero() {
		dst.Time = p.envelope.stamp.at(h.Arrival, p.location)
	}
}

// find fills the event by the pattern of its text, and returns that. Patterns
// that begin with a field go first: it holds a name that may read as any other
// message, and the pattern is known by its end.
func (p *Parser) find(b *book, dst *event.Event) *pattern {
	for _, c := range b.open {
		if c.match(dst.Text, &p.got) && p.take(c, dst) {
			return c
		}
	}
	word, _ := cutWord(dst.Text)
	for _, c := range b.byWord[word] {
		if c.match(dst.Text, &p.got) && p.take(c, dst) {
			return c
		}
	}
	return nil
}

// take fills the event from a pattern that matched, or leaves it as it was.
func (p *Parser) take(c *pattern, dst *event.Event) bool {
	before := *dst
	if !c.fill(dst, &p.got) {
		*dst = before
		return false
	}
	if c.secret {
		p.redact(c, dst)
	}
	return true
}

func (p *Parser) known(tag string) bool { return p.library.byTag[tag] != nil }
