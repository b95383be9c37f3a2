// Package suggest finds the name that was probably meant, for errors about
// unknown ones.
package suggest

import (
	"fmt"
	"strings"
)

// OneOf lists the valid values, and the one that was probably meant: "use one
// of a, b (did you mean \"a\"?)".
func OneOf(value string, valid []string) string {
	s := "use one of " + strings.Join(valid, ", ")
	if best := Nearest(value, valid); best != "" {
		s += fmt.Sprintf(" (did you mean %q?)", best)
	}
	return s
}

// Nearest returns the value, in lower case, that was probably meant, or the
// empty string if none is near.
func Nearest(value string, valid []string) string {
	best, distance := "", len(value)/2+1
	if value == "" {
		return ""
	}
	for _, v := range valid {
		if d := editDistance(strings.ToLower(value), v); d < distance {
			best, distance = v, d
		}
	}
	return best
}

// editDistance is how many letters to insert, remove or replace to get from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
