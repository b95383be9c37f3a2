package pptpprobe

import (
	_ "embed"
	"encoding/csv"
	"strings"
	"sync"
)

// Cause is one error.type of the closed list: "stage.cause", such as
// "gre.no_reply". [Causes] describes each.
type Cause string

// Severity is what a cause means for the session.
type Severity string

// The severities. Where policy decides, a cause is SeverityFailOrWarn.
const (
	SeverityFail       Severity = "fail"
	SeverityWarn       Severity = "warn"
	SeverityInfo       Severity = "info"
	SeverityFailOrWarn Severity = "fail/warn"
)

// CauseInfo explains a [Cause].
type CauseInfo struct {
	Cause    Cause
	Severity Severity
	// Observable is what the probe sees on the wire.
	Observable string
	// RootCause is what usually lies behind it.
	RootCause string
	// Hint is what to do; text after "D:" is a test that tells the candidates apart.
	Hint string
}

//go:embed causes.csv
var causesCSV string

var causeTable = sync.OnceValue(func() map[Cause]CauseInfo {
	m := make(map[Cause]CauseInfo)
	for _, c := range Causes() {
		m[c.Cause] = c
	}
	return m
})

// Causes returns the closed list, in the order of the stages. The slice is the
// caller's. It panics if the embedded table is broken, which a test excludes.
func Causes() []CauseInfo {
	rows, err := csv.NewReader(strings.NewReader(causesCSV)).ReadAll()
	if err != nil {
		panic("pptpprobe: causes.csv: " + err.Error())
	}
	list := make([]CauseInfo, 0, len(rows)-1)
	for _, r := range rows[1:] {
		list = append(list, CauseInfo{
			Cause: Cause(r[1]), Severity: Severity(r[2]), Observable: r[3], RootCause: r[4], Hint: r[5],
		})
	}
	return list
}

// Info returns the row of c, and false for a cause that is not in the list.
func (c Cause) Info() (CauseInfo, bool) {
	i, ok := causeTable()[c]
	return i, ok
}

// Hint returns what to do about c, empty if the list has no advice.
func (c Cause) Hint() string { return causeTable()[c].Hint }
