package profile

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// maxText bounds the text of a cell, in octets.
const maxText = 256

// Cell is a value in the form of its field.
type Cell struct {
	Field string
	Label string     // of the column
	Text  string     // of TypeText and TypeState
	Num   float64    // of TypeNumber and TypeSeconds, and scaled of TypeCounter
	Count uint64     // of TypeCounter, as it was sent
	Wraps bool       // of TypeCounter: it has 32 bits
	Addr  netip.Addr // of TypeAddress
}

// Decode translates a value of the agent. It is not ok if there is none, or if its type
// is not one that the field can be made of: then wrong is true.
func (col *Column) Decode(typ Type, v walk.Value) (c Cell, ok, wrong bool) {
	c.Field, c.Label = col.As, col.Label
	if v.Absent() {
		return c, false, false
	}
	switch typ {
	case TypeText, TypeState:
		return col.text(c, typ, v)
	case TypeAddress:
		c.Addr, ok = address(v)
		return c, ok, !ok
	case TypeCounter:
		if c.Count, ok = v.Uint(); !ok {
			return c, false, true
		}
		c.Wraps = v.Wraps()
		c.Num = scaled(float64(c.Count), col.Scale)
		return c, true, false
	}
	if c.Num, ok = number(v); !ok {
		return c, false, true
	}
	if typ == TypeSeconds && v.Type == walk.TypeTicks {
		c.Num /= 100
	}
	c.Num = scaled(c.Num, col.Scale)
	return c, true, false
}

func (col *Column) text(c Cell, typ Type, v walk.Value) (Cell, bool, bool) {
	s := v.String()
	if len(col.Values) > 0 {
		if n, ok := v.Int(); ok {
			s = strconv.FormatInt(n, 10)
		}
		t, ok := col.Values[s]
		if !ok {
			t, ok = col.Values["*"]
		}
		if !ok && typ == TypeState {
			t, ok = "unknown", true
		}
		if !ok {
			return c, false, false
		}
		s = t
	}
	c.Text = Clean(s)
	return c, c.Text != "", false
}

// Clean makes text of an agent fit to be shown: valid UTF-8 without control
// characters and blanks at the ends, at most 256 octets. Text in another encoding,
// which agents do not name, is taken for Latin-1.
func Clean(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if !plain {
		if !utf8.ValidString(s) {
			r := make([]rune, 0, len(s))
			for i := range len(s) {
				r = append(r, rune(s[i]))
			}
			s = string(r)
		}
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, s)
	}
	if s = strings.TrimSpace(s); len(s) > maxText {
		s = s[:maxText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

func scaled(n, scale float64) float64 {
	if scale != 0 {
		return n * scale
	}
	return n
}

func number(v walk.Value) (float64, bool) {
	if n, ok := v.Uint(); ok {
		return float64(n), true
	}
	if s, ok := v.Bytes(); ok { // such as laLoad of UCD-SNMP-MIB
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return n, err == nil && n >= 0 && n < 1<<63
	}
	return 0, false
}

// address takes an IpAddress, an OCTET STRING of 4 or 16 octets, or one with the text
// of an address. 0.0.0.0 and :: are none, without being wrong.
func address(v walk.Value) (netip.Addr, bool) {
	s := v.String()
	if v.Type == walk.TypeString && (len(s) == 4 || len(s) == 16) {
		a, _ := netip.AddrFromSlice([]byte(s))
		return known(a), true
	}
	if v.Type != walk.TypeString && v.Type != walk.TypeAddress {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(strings.Trim(s, " \x00"))
	return known(a), err == nil || s == ""
}

func known(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}
