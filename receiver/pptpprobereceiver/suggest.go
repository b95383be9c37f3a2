package pptpprobereceiver

import (
	"fmt"
	"strings"
)

// oneOf lists the valid values, and the one that was probably meant.
func oneOf(value string, valid []string) string {
	s := "use one of " + strings.Join(valid, ", ")
	best, distance := "", len(value)/2+1
	for _, v := range valid {
		if d := editDistance(strings.ToLower(value), v); d < distance {
			best, distance = v, d
		}
	}
	if best != "" && value != "" {
		s += fmt.Sprintf(" (did you mean %q?)", best)
	}
	return s
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
