package line

import "time"

// stamp is a time as written. It becomes a time.Time only for lines of
// interest: that takes longer than all the rest of a line that is not.
type stamp struct {
	year, month, day, hour, minute, second, nano int
	offset                                       int // seconds east of UTC
	zone                                         bool
}

// future is how far a clock may be ahead of ours before a stamp without a year
// is taken for last year's.
const future = 24 * time.Hour

// at gives the time, near arrival if the stamp has no year. Zero if it cannot be
// told.
func (st stamp) at(arrival time.Time, local *time.Location) time.Time {
	if st.day == 0 && st.hour == 0 && st.minute == 0 && st.second == 0 && st.nano == 0 && st.year == 0 {
		return time.Time{}
	}
	loc := local
	if st.zone {
		loc = zone(st.offset)
	}
	if st.year != 0 {
		return st.date(st.year, loc)
	}
	if arrival.IsZero() {
		return time.Time{}
	}
	arrival = arrival.In(loc)
	if st.day == 0 { // a time of day only
		st.month, st.day = int(arrival.Month()), arrival.Day()
		if t := st.date(arrival.Year(), loc); t.Sub(arrival) <= future/2 {
			return t
		}
		return st.date(arrival.Year(), loc).AddDate(0, 0, -1)
	}
	// Eight years hold a 29 February, even around 2100.
	for year := arrival.Year() + 1; year > arrival.Year()-8; year-- {
		t := st.date(year, loc)
		if t.Day() == st.day && t.Sub(arrival) <= future {
			return t
		}
	}
	return time.Time{}
}

func (st stamp) date(year int, loc *time.Location) time.Time {
	return time.Date(year, time.Month(st.month), st.day, st.hour, st.minute, st.second, st.nano, loc)
}

// zones are made before: time.FixedZone allocates. Offsets are multiples of a
// quarter of an hour everywhere.
var zones = func() (z [2*zoneSpan + 1]*time.Location) {
	for i := range z {
		z[i] = time.FixedZone("", (i-zoneSpan)*zoneStep)
	}
	z[zoneSpan] = time.UTC
	return z
}()

const zoneSpan, zoneStep = 14 * 4, 15 * 60

func zone(offset int) *time.Location {
	if i := offset / zoneStep; offset%zoneStep == 0 && -zoneSpan <= i && i <= zoneSpan {
		return zones[i+zoneSpan]
	}
	return time.FixedZone("", offset)
}

// cutStamp takes a time off the start of a line, and the space after it.
func cutStamp(s string) (st stamp, rest string, ok bool) {
	if len(s) < len("15:04:05") {
		return st, s, false
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9':
		if s[2] == ':' {
			rest, ok = st.clock(s)
		} else {
			rest, ok = st.iso(s)
		}
	case monthOf(s) != 0:
		if s[3] == '/' {
			rest, ok = st.routerOS(s)
		} else {
			rest, ok = st.bsd(s)
		}
	case weekday(s) && monthOf(s[4:]) != 0:
		if rest, ok = st.bsd(s[4:]); ok && st.year == 0 {
			rest, ok = st.yearOf(rest)
		}
	}
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != ':' && rest[0] != ']' {
		return stamp{}, s, false
	}
	if rest != "" && rest[0] == ' ' {
		rest = rest[1:]
	}
	return st, rest, true
}

// iso is RFC 3339 with T or a space, and with or without a zone.
func (st *stamp) iso(s string) (rest string, ok bool) {
	if len(s) < len("2006-01-02T15:04:05") || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' {
		return s, false
	}
	var y, m, d bool
	st.year, y = digits(s[:4])
	st.month, m = digits(s[5:7])
	st.day, d = digits(s[8:10])
	rest, ok = st.clock(s[11:])
	if !y || !m || !d || !ok || st.month < 1 || st.month > 12 || st.day < 1 || st.day > 31 {
		return s, false
	}
	if rest == "" {
		return rest, true
	}
	switch c := rest[0]; {
	case c == 'Z':
		st.zone = true
		return rest[1:], true
	case (c == '+' || c == '-') && len(rest) >= 5:
		minutes := rest[3:]
		if minutes[0] == ':' {
			minutes = minutes[1:]
		}
		if len(minutes) < 2 {
			return s, false
		}
		h, hok := digits(rest[1:3])
		m, mok := digits(minutes[:2])
		if !hok || !mok {
			return s, false
		}
		st.zone, st.offset = true, h*3600+m*60
		if c == '-' {
			st.offset = -st.offset
		}
		return minutes[2:], true
	}
	return rest, true
}

// bsd is RFC 3164's stamp, and Cisco's with a year before the time.
func (st *stamp) bsd(s string) (rest string, ok bool) {
	if len(s) < len("Jan 2 15:04:05") || s[3] != ' ' {
		return s, false
	}
	st.month = monthOf(s)
	d := s[4:]
	if d[0] == ' ' {
		d = d[1:]
	}
	n := 1
	if d[1] != ' ' {
		n = 2
	}
	if st.day, ok = digits(d[:n]); !ok || st.day < 1 || st.day > 31 || d[n] != ' ' {
		return s, false
	}
	d = d[n+1:]
	if len(d) > 5 && d[4] == ' ' {
		if st.year, ok = digits(d[:4]); !ok {
			return s, false
		}
		d = d[5:]
	}
	return st.clock(d)
}

// yearOf is the year that stands after the time.
func (st *stamp) yearOf(s string) (rest string, ok bool) {
	if len(s) < len(" 2006") || s[0] != ' ' {
		return s, false
	}
	st.year, ok = digits(s[1:5])
	return s[5:], ok
}

// routerOS is jan/02/2006 15:04:05, or without the year.
func (st *stamp) routerOS(s string) (rest string, ok bool) {
	if len(s) < len("jan/02 15:04:05") {
		return s, false
	}
	st.month = monthOf(s)
	if st.day, ok = digits(s[4:6]); !ok || st.day < 1 || st.day > 31 {
		return s, false
	}
	rest = s[6:]
	if rest[0] == '/' {
		if st.year, ok = digits(rest[1:5]); !ok {
			return s, false
		}
		rest = rest[5:]
	}
	if rest == "" || rest[0] != ' ' {
		return s, false
	}
	return st.clock(rest[1:])
}

// clock is 15:04:05 with an optional fraction.
func (st *stamp) clock(s string) (rest string, ok bool) {
	if len(s) < len("15:04:05") || s[2] != ':' || s[5] != ':' {
		return s, false
	}
	var h, m, sec bool
	st.hour, h = digits(s[:2])
	st.minute, m = digits(s[3:5])
	st.second, sec = digits(s[6:8])
	if !h || !m || !sec || st.hour > 23 || st.minute > 59 || st.second > 60 {
		return s, false
	}
	rest = s[8:]
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && rest[1] >= '0' && rest[1] <= '9' {
		unit := int(time.Second)
		for rest = rest[1:]; rest != "" && rest[0] >= '0' && rest[0] <= '9'; rest = rest[1:] {
			unit /= 10
			st.nano += unit * int(rest[0]-'0')
		}
	}
	return rest, true
}

// digits reads a number of at most nine digits, or digits after spaces.
func digits(s string) (n int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// monthOf is the number of the month that begins s, or 0.
func monthOf(s string) int {
	if len(s) < 4 {
		return 0
	}
	c := [3]byte{s[0] &^ 0x20, s[1] | 0x20, s[2] | 0x20}
	for i := range months {
		if months[i] == c {
			return i + 1
		}
	}
	return 0
}

var months = [12][3]byte{
	{'J', 'a', 'n'}, {'F', 'e', 'b'}, {'M', 'a', 'r'}, {'A', 'p', 'r'}, {'M', 'a', 'y'}, {'J', 'u', 'n'},
	{'J', 'u', 'l'}, {'A', 'u', 'g'}, {'S', 'e', 'p'}, {'O', 'c', 't'}, {'N', 'o', 'v'}, {'D', 'e', 'c'},
}

func weekday(s string) bool {
	if len(s) < 8 || s[3] != ' ' {
		return false
	}
	switch s[:3] {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}
