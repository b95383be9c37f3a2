package deploy

import (
	"regexp"
	"slices"
)

// Selector is a metric that a query uses, with the labels that it is selected by.
type Selector struct {
	Name   string
	Labels []string
}

var (
	quoted    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	brackets  = regexp.MustCompile(`\[[^\]]*\]`)
	grouping  = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	selector  = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{[^}]*\})?`)
	labelName = regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_]*`)
	keywords  = []string{"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan"}
	variable  = regexp.MustCompile(`\$(?:\{[^}]*\}|[a-zA-Z_]+)`)
	duration  = regexp.MustCompile(`\b[0-9]+(?:ms|[smhdwy])\b`)
)

// Selectors returns what a PromQL expression selects, and the labels that it groups or matches by. It reads the
// expression by its words, and does not check it: promtool and a real Prometheus do.
func Selectors(expr string) (selectors []Selector, groupedBy []string) {
	expr = quoted.ReplaceAllString(expr, `""`)
	expr = brackets.ReplaceAllString(expr, " ")
	expr = variable.ReplaceAllString(expr, " ")
	expr = duration.ReplaceAllString(expr, " ")
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		groupedBy = append(groupedBy, labelName.FindAllString(m[1], -1)...)
	}
	expr = grouping.ReplaceAllString(expr, " ")
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		if m[2] == "(" || slices.Contains(keywords, m[1]) {
			continue
		}
		selectors = append(selectors, Selector{Name: m[1], Labels: labelName.FindAllString(m[2], -1)})
	}
	return selectors, groupedBy
}
