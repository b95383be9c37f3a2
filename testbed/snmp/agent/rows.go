package agent

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Tags of values (RFC 3416 section 3).
const (
	Integer   = 0x02
	String    = 0x04
	OID       = 0x06
	Address   = 0x40
	Counter32 = 0x41
	Gauge32   = 0x42
	TimeTicks = 0x43
	Counter64 = 0x46
)

// Rows are the objects of an agent, in the order of their OIDs.
type Rows struct {
	oids   [][]uint32
	values [][]byte // the whole variable, encoded
}

// Len returns how many objects there are.
func (r *Rows) Len() int { return len(r.oids) }

// Add adds an object; a value of a type that does not fit is an error of the test, and
// panics. Sort must be called before the rows are used.
func (r *Rows) Add(oid string, tag byte, value any) {
	o, err := parseOID(oid)
	if err != nil {
		panic(err)
	}
	r.oids = append(r.oids, o)
	r.values = append(r.values, variable(o, encode(tag, value)))
}

// Sort puts the objects in order; of several with one OID the last one counts.
func (r *Rows) Sort() {
	order := make([]int, len(r.oids))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return slices.Compare(r.oids[order[i]], r.oids[order[j]]) < 0 })
	sorted := Rows{}
	for _, i := range order {
		if n := len(sorted.oids); n > 0 && slices.Equal(sorted.oids[n-1], r.oids[i]) {
			sorted.values[n-1] = r.values[i]
			continue
		}
		sorted.oids = append(sorted.oids, r.oids[i])
		sorted.values = append(sorted.values, r.values[i])
	}
	*r = sorted
}

// after returns the position of the first object after o.
func (r *Rows) after(o []uint32) int {
	return sort.Search(len(r.oids), func(i int) bool { return slices.Compare(r.oids[i], o) > 0 })
}

// Load reads rows: one a line, "OID|tag|value". The tag is a number in decimal, as
// above, with an x behind it if the value is hexadecimal. Empty lines and those that
// begin with # are left out.
func Load(in io.Reader) (*Rows, error) {
	r := &Rows{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.SplitN(line, "|", 3)
		if len(f) != 3 {
			return nil, fmt.Errorf("line %d: write OID|tag|value", n)
		}
		if _, err := parseOID(f[0]); err != nil {
			return nil, fmt.Errorf("line %d: oid: %w", n, err)
		}
		value, err := parseValue(&f[1], f[2])
		if err != nil {
			return nil, fmt.Errorf("line %d: value: %w", n, err)
		}
		tag, err := strconv.ParseUint(f[1], 10, 8)
		if err != nil {
			return nil, fmt.Errorf("line %d: tag: %w", n, err)
		}
		r.Add(f[0], byte(tag), value)
	}
	r.Sort()
	return r, lines.Err()
}

func parseValue(tag *string, value string) (any, error) {
	if t, ok := strings.CutSuffix(*tag, "x"); ok {
		*tag = t
		b, err := hex.DecodeString(value)
		return string(b), err
	}
	switch *tag {
	case "4", "6", "64":
		return value, nil
	case "70":
		return strconv.ParseUint(value, 10, 64)
	}
	return strconv.ParseInt(value, 10, 64)
}

func variable(o []uint32, value []byte) []byte {
	return appendTLV(nil, 0x30, append(appendOID(nil, o), value...))
}

func encode(tag byte, value any) []byte {
	switch v := value.(type) {
	case string:
		switch tag {
		case OID:
			o, err := parseOID(v)
			if err != nil {
				panic(err)
			}
			return appendOID(nil, o)
		case Address:
			a := netip.MustParseAddr(v).As4()
			return appendTLV(nil, tag, a[:])
		}
		return appendTLV(nil, tag, []byte(v))
	case int:
		return appendInteger(nil, tag, int64(v))
	case int64:
		return appendInteger(nil, tag, v)
	case uint64:
		return appendUnsigned(nil, tag, v)
	}
	panic(fmt.Sprintf("agent: no value of type %T", value))
}
