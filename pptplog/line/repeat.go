package line

import (
	"hash/maphash"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const (
	lastHosts = 64   // hosts whose last line is kept
	lastBytes = 1024 // a longer line is not
)

// lastLine is the last line of a host, for "last message repeated 3 times".
type lastLine struct {
	host string
	line []byte
}

// repeated reads syslogd's and rsyslog's words for a message that came again.
func repeated(s string) (n uint32, text string, ok bool) {
	rest, last := strings.CutPrefix(s, "last message repeated ")
	if !last {
		if rest, ok = strings.CutPrefix(s, "message repeated "); !ok {
			return 0, "", false
		}
	}
	number, rest := cutWord(rest)
	count, ok := digits(number)
	if !ok || count < 1 {
		return 0, "", false
	}
	switch {
	case rest == "times" || rest == "time":
		return uint32(count), "", true
	case strings.HasPrefix(rest, "times: [") && rest[len(rest)-1] == ']':
		return uint32(count), strings.TrimLeft(rest[len("times: ["):len(rest)-1], " "), true
	}
	return 0, "", false
}

// slot is where a host's last line is kept. Hosts that share a slot take it from
// one another; the host is compared, so that only repeats are lost by that.
func (p *Parser) slot(host string) *lastLine {
	return &p.last[maphash.String(p.seed, host)%lastHosts]
}

// remember keeps a line that may be repeated, and forgets the host's last one.
func (p *Parser) remember(host, line string, ours bool) {
	s := p.slot(host)
	if !ours || len(line) > lastBytes {
		if s.host == host {
			s.line = s.line[:0]
		}
		return
	}
	if s.host != host {
		s.host = strings.Clone(host)
	}
	s.line = append(s.line[:0], line...)
}

// repeat makes the event of the host's last line again, n times.
func (p *Parser) repeat(dst *event.Event, h *Header, n uint32) bool {
	s := p.slot(h.Host)
	if s.host != h.Host || len(s.line) == 0 {
		p.stats.NotOurs++
		return false
	}
	stamp := p.envelope.stamp
	p.envelope = envelope{}
	p.envelope.open(string(s.line), p.known)
	again := Header{Host: h.Host, Program: p.envelope.tag, PID: p.envelope.pid, Arrival: h.Arrival, Severity: p.envelope.severity}
	p.envelope.stamp = stamp
	return p.message(dst, &again, n)
}
