package line

import (
	"slices"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// Stats counts lines. A line of interest is in one count of its program.
type Stats struct {
	Lines   uint64
	NotOurs uint64 // of other programs
	Cut     uint64 // longer than 64 KiB
	// Programs are those that there are patterns for, whatever the lines say.
	Programs []ProgramStats
}

// ProgramStats counts the lines of a program by class.
type ProgramStats struct {
	Program                              string
	Session, Daemon, Noise, Unclassified uint64
}

// Stats returns a copy of the counts since New.
func (p *Parser) Stats() Stats {
	s := p.stats
	s.Programs = slices.Clone(s.Programs)
	return s
}

func (p *Parser) count(b *book, e *event.Event) bool {
	s := &p.stats.Programs[b.number]
	switch e.Class {
	case event.ClassSession:
		s.Session++
	case event.ClassDaemon:
		s.Daemon++
	case event.ClassNoise:
		s.Noise++
	default:
		s.Unclassified++
	}
	return true
}
