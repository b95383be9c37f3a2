package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// event is one line of go test -json; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64 // seconds
	Output  string
}

// key names a test, or with an empty test a package.
type key struct{ pkg, test string }

type summary struct {
	out     *bufio.Writer
	verbose bool

	said map[key][]string // output of what has not finished yet
	open map[string][]string

	passed, subtests, skipped, nfailed int // all but subtests and skipped count top-level tests
	ok, untested                       int
	failedTests, failedPackages        []string
}

func newSummary(out *bufio.Writer, verbose bool) *summary {
	return &summary{out: out, verbose: verbose, said: map[key][]string{}, open: map[string][]string{}}
}

func (s *summary) failed() bool { return len(s.failedTests)+len(s.failedPackages) > 0 }

func (s *summary) line(b []byte) {
	var e event
	if json.Unmarshal(b, &e) != nil || e.Action == "" {
		s.out.Write(b)
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		s.out.WriteString(e.Output)
	case "run":
		s.open[e.Package] = append(s.open[e.Package], e.Test)
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			s.said[k] = append(s.said[k], e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.packageDone(e)
		} else {
			s.testDone(e)
		}
		delete(s.said, k)
	}
}

func (s *summary) testDone(e event) {
	name := short(e.Package) + "." + e.Test
	sub := strings.Contains(e.Test, "/")
	switch {
	case e.Action == "fail":
		s.failedTests = append(s.failedTests, name)
		if !sub {
			s.nfailed++
		}
		s.print(key{e.Package, e.Test})
	case e.Action == "skip":
		s.skipped++
		fmt.Fprintf(s.out, "skip  %s: %s\n", name, reason(s.said[key{e.Package, e.Test}]))
	case sub:
		s.subtests++
	default:
		s.passed++
	}
	if s.verbose && !sub && e.Action != "skip" {
		fmt.Fprintf(s.out, "%s  %s  %s\n", e.Action, name, seconds(e.Elapsed))
	}
}

func (s *summary) packageDone(e event) {
	said := s.said[key{pkg: e.Package}]
	switch e.Action {
	case "skip":
		s.untested++
	case "pass":
		s.ok++
		took := seconds(e.Elapsed)
		if strings.Contains(strings.Join(said, ""), "(cached)") {
			took = "cached"
		}
		fmt.Fprintf(s.out, "ok    %s  %s\n", short(e.Package), took)
	case "fail":
		s.failedPackages = append(s.failedPackages, short(e.Package))
		// A test that panicked or ran out of time has no end of its own.
		for _, test := range s.open[e.Package] {
			s.print(key{e.Package, test})
		}
		s.print(key{pkg: e.Package})
		fmt.Fprintf(s.out, "FAIL  %s  %s\n", short(e.Package), seconds(e.Elapsed))
	}
	delete(s.open, e.Package)
}

// print writes what k said, once.
func (s *summary) print(k key) {
	for _, l := range s.said[k] {
		if l != "FAIL\n" && l != "PASS\n" {
			s.out.WriteString(l)
		}
	}
	delete(s.said, k)
}

func (s *summary) finish() {
	fmt.Fprintf(s.out, "\n%d tests passed (with %d subtests), %d failed, %d skipped; %d packages ok, %d failed, %d without tests\n",
		s.passed, s.subtests, s.nfailed, s.skipped, s.ok, len(s.failedPackages), s.untested)
	for _, name := range s.failedTests {
		fmt.Fprintln(s.out, "failed:", name)
	}
	for _, name := range s.failedPackages {
		fmt.Fprintln(s.out, "failed:", name)
	}
}

// reason is the last thing a skipped test said, without the place it said it at.
func reason(said []string) string {
	for i := len(said) - 1; i >= 0; i-- {
		l := strings.TrimSpace(said[i])
		if l == "" || strings.HasPrefix(l, "--- SKIP") {
			continue
		}
		if _, after, found := strings.Cut(l, ".go:"); found {
			if _, text, found := strings.Cut(after, ": "); found {
				return text
			}
		}
		return l
	}
	return "no reason given"
}

// short leaves the module's path out of a package's.
func short(pkg string) string {
	return strings.TrimPrefix(pkg, "github.com/otelcol-pptp/otelcol-pptp/")
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond).String()
}
