package line

import (
	"strings"
	"testing"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// FuzzParse reads any bytes as a line, as a message of each program and as a
// Windows event.
func FuzzParse(f *testing.F) {
	for _, line := range wholeLines {
		f.Add([]byte(line.text))
	}
	for _, line := range []string{
		"", "<", "<30>", "<30>1 ", "<30>1 - - - - - [", `<30>1 - h pppd 1 - [a b="\`, "[", "[2025-01-02 10:00:00]: ", "\x1b[", "\x1b[0m\x1b[", "Jan", "Jan  ",
		"Jan  2 10:00:0", "jan/02/", "Sun Jan  2 10:00:00 ", "2025-01-02T10:00:00+", "2025-01-02T10:00:00+0:", "1 2", "%", "%ASA-", "pptpd[", "pptpd[]:", "pptpd[99999999999]: x",
		"message repeated 9 times: [", "last message repeated 9 times", "pppd: Peer \\ failed CHAP authentication", "pppd: Peer \\x failed CHAP authentication",
		"pptp,ppp,info <", "pptp,ppp,info <pptp-x>: ", "radiusd: Login OK: [a/b] (from client x port 0 cli 1)", "pppd: Sent 99999999999999999999 bytes, received 1 bytes.",
	} {
		f.Add([]byte(line))
	}
	p, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, line []byte) {
		before := string(line)
		var e event.Event
		check := func(ok bool, longest int) {
			switch {
			case !ok:
			case e.Program == "", e.Count == 0, e.Arrival != arrival:
				t.Fatalf("%q: an event without a program, count or arrival: %+v", before, e)
			case len(e.Text) > longest+len("/<redacted>"):
				t.Fatalf("%q: text %q is longer", before, e.Text)
			case e.Time.After(arrival.Add(future)) && e.Time.Year() == arrival.Year()+1 && !strings.Contains(before, e.Time.Format("2006")):
				t.Fatalf("%q: a year of its own: %s", before, e.Time)
			}
		}
		check(p.Parse(&e, line, arrival), len(line))
		if string(line) != before {
			t.Fatalf("%q became %q", before, line)
		}
		check(p.Parse(&e, []byte("last message repeated 2 times"), arrival), lastBytes)
		for _, b := range p.library.order {
			for _, tag := range b.tags {
				check(p.ParseMessage(&e, Header{Program: tag, Arrival: arrival}, before), len(line))
			}
		}
		check(p.ParseWindows(&e, Header{Arrival: arrival}, 20272, strings.Split(before, "|")), 0)
		check(p.ParseWindows(&e, Header{Arrival: arrival}, len(line), strings.Split(before, "|")), 0)
	})
}

// FuzzPatterns reads any bytes as a user's patterns.
func FuzzPatterns(f *testing.F) {
	f.Add([]byte("program: pppd\npatterns:\n  - {event: auth_ok, text: '{user:quoted} is in'}\n"))
	f.Add([]byte("program: mine\nprefix: mpd5\nrole: client\ntags: [a, b]\npatterns:\n  - noise: true\n    text: [a, '{_}b']\n    examples: [{line: a}]\n---\nprogram: rras\npatterns: [{event: auth_ok, id: 7, data: [user]}]\n"))
	f.Add([]byte("patterns: 1"))
	f.Add([]byte("- {"))
	f.Add([]byte("program: x\npatterns: [{text: '{'}, {text: '{{{a:b}}}'}, 7]"))
	f.Fuzz(func(t *testing.T, source []byte) {
		p, err := New(Config{Patterns: source})
		if (p == nil) == (err == nil) {
			t.Fatalf("%q: parser %v, error %v", source, p, err)
		}
		if p == nil {
			return
		}
		var e event.Event
		p.ParseString(&e, "Jan 12 09:15:01 gw1 pppd[7]: Peer bob failed CHAP authentication", time.Time{})
	})
}
