package evidence

import (
	"fmt"
	"strconv"
	"strings"
)

// comparison is a case that was read.
type comparison struct {
	op    byte // one of == != < <= > >= by its first letters, or e for else
	limit float64
	value string
}

const (
	opEqual = iota
	opUnequal
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opElse
)

// operators in the order in which they must be looked for.
var operators = []struct {
	text string
	op   byte
}{{"==", opEqual}, {"!=", opUnequal}, {"<=", opLessEqual}, {">=", opGreaterEqual}, {"<", opLess}, {">", opGreater}}

func parseComparison(c Case) (comparison, error) {
	text := strings.TrimSpace(c.Is)
	if text == "else" {
		return comparison{op: opElse, value: c.Value}, nil
	}
	for _, o := range operators {
		rest, ok := strings.CutPrefix(text, o.text)
		if !ok {
			continue
		}
		limit, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
		if err != nil || limit != limit {
			break
		}
		return comparison{op: o.op, limit: limit, value: c.Value}, nil
	}
	return comparison{}, fmt.Errorf("%q is no comparison; write one such as \"== 0\", \"> 0.9\", or \"else\"", c.Is)
}

// holds tells whether a number fits; not-a-number fits nothing.
func (c *comparison) holds(v float64) bool {
	switch c.op {
	case opEqual:
		return v == c.limit
	case opUnequal:
		return v == v && v != c.limit
	case opLess:
		return v < c.limit
	case opLessEqual:
		return v <= c.limit
	case opGreater:
		return v > c.limit
	case opGreaterEqual:
		return v >= c.limit
	}
	return v == v
}
