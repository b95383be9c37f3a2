package line

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// examples tries the examples of a source's patterns.
func (p *Parser) examples(source string) error {
	var errs []error
	for _, b := range p.library.order {
		for _, r := range b.rules {
			if r.source != source {
				continue
			}
			for _, ex := range r.examples {
				if err := p.try(b, r, ex); err != nil {
					errs = append(errs, fmt.Errorf("%s:%d: example %q %w", r.source, r.line, ex.line, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// try demands that an example matches its own rule, and gives what it wants.
func (p *Parser) try(b *book, r *rule, ex example) error {
	e := event.Event{Text: ex.line}
	c := p.find(b, &e)
	if c == nil {
		return errors.New("matches no pattern")
	}
	if !slices.Contains(r.texts, c) {
		return fmt.Errorf("matches another pattern: %s", b.written(c))
	}
	for f, name := range fieldNames {
		want, ok := ex.want[name]
		if got := field(f).text(&e); ok && got != want {
			return fmt.Errorf("gives %s %q, not %q", name, got, want)
		}
	}
	return nil
}

// written is a compiled pattern as its source has it.
func (b *book) written(c *pattern) string {
	for _, r := range b.rules {
		if i := slices.Index(r.texts, c); i >= 0 {
			return fmt.Sprintf("%q of %s:%d", r.written[i], r.source, r.line)
		}
	}
	return "none"
}

// text is a field of an event as an example writes it.
func (f field) text(e *event.Event) string {
	switch f {
	case fieldPeer:
		if e.Peer.IsValid() {
			return e.Peer.String()
		}
	case fieldIP:
		if e.IP.IsValid() {
			return e.IP.String()
		}
	case fieldUser:
		return e.User
	case fieldInterface:
		return e.Interface
	case fieldSession:
		return e.Session
	case fieldPort:
		return e.Port
	case fieldServer:
		return e.Server
	case fieldReason:
		return e.Reason
	case fieldErrno:
		return e.Errno
	case fieldChildPID:
		return strconv.FormatInt(int64(e.ChildPID), 10)
	case fieldTx:
		return strconv.FormatUint(e.Tx, 10)
	case fieldRx:
		return strconv.FormatUint(e.Rx, 10)
	case fieldDuration:
		return e.Duration.String()
	case fieldCapacity:
		return strconv.FormatInt(e.Capacity, 10)
	case fieldValue:
		return strconv.FormatInt(e.Value, 10)
	}
	return ""
}
