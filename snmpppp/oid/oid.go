// Package oid handles object identifiers in their dotted form without a leading
// dot ("1.3.6.1.2.1.1.3.0"): order, subtrees, the typed parts of a table's index
// (RFC 2578 section 7.7), and the subtrees that must never be asked for.
//
// An OID stays the string in which the agent's answer arrived. Its functions
// allocate nothing, and are safe for concurrent use.
package oid

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// MaxLen bounds the text of an OID: 128 arcs (RFC 2578 section 3.5) of at most
// ten digits, with the dots between them.
const MaxLen = 128*11 - 1

// Check returns an error if s is not the dotted form of an OID: arcs of 0 to
// 2^32-1 without leading zeros, at least two of them and at most 128.
func Check(s string) error {
	switch {
	case strings.HasPrefix(s, "."):
		return fmt.Errorf("oid %q: write it without the leading dot", s)
	case len(s) > MaxLen:
		return fmt.Errorf("oid of %d characters: at most 128 arcs are possible (RFC 2578 section 3.5)", len(s))
	}
	arcs := 0
	for rest := s; ; arcs++ {
		_, tail, err := Arc(rest)
		if err != nil {
			return fmt.Errorf("oid %q: %w", s, err)
		}
		if tail == "" {
			break
		}
		rest = tail
	}
	if arcs++; arcs < 2 || arcs > 128 {
		return fmt.Errorf("oid %q: has %d arcs: use 2 to 128, like 1.3.6.1.2.1.1.1", s, arcs)
	}
	return nil
}

var errArc = errors.New("an arc is a number from 0 to 4294967295 without leading zeros, and dots are between arcs only")

// Arc takes the first arc off s. The tail is empty after the last one.
func Arc(s string) (arc uint32, tail string, err error) {
	var n uint64
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			if i == 0 || i == len(s)-1 {
				return 0, "", errArc
			}
			return uint32(n), s[i+1:], nil
		}
		if c < '0' || c > '9' || i == 1 && s[0] == '0' {
			return 0, "", errArc
		}
		if n = n*10 + uint64(c-'0'); n > math.MaxUint32 {
			return 0, "", errArc
		}
	}
	if s == "" {
		return 0, "", errArc
	}
	return uint32(n), "", nil
}

// Compare orders two OIDs as agents do: arc by arc by number, a subtree's root
// before what is below it.
func Compare(a, b string) int {
	// What is equal up to the arc in which they differ needs no numbers.
	n, start := min(len(a), len(b)), 0
	i := 0
	for i < n && a[i] == b[i] {
		if a[i] == '.' {
			start = i + 1
		}
		i++
	}
	switch {
	case i == len(a) && i == len(b):
		return 0
	case i == len(a) && b[i] == '.':
		return -1
	case i == len(b) && a[i] == '.':
		return 1
	}
	x, y := arcEnd(a, start), arcEnd(b, start)
	if x-start != y-start { // no leading zeros: more digits are a greater number
		return x - y
	}
	return strings.Compare(a[start:x], b[start:y])
}

func arcEnd(s string, from int) int {
	for from < len(s) && s[from] != '.' {
		from++
	}
	return from
}

// Under says whether s is root or below it.
func Under(s, root string) bool {
	return strings.HasPrefix(s, root) && (len(s) == len(root) || s[len(root)] == '.' || root == "")
}

// Index returns what follows root in s, without the dot between them: the index
// of the row, if root is a column. It is empty if s is not below root.
func Index(s, root string) string {
	if len(s) <= len(root) || !Under(s, root) {
		return ""
	}
	return s[len(root)+1:]
}

// Join puts an index, or the empty string, below root.
func Join(root, index string) string {
	if index == "" {
		return root
	}
	return root + "." + index
}
