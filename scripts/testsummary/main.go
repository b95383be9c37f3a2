// Testsummary reads the output of go test -json and prints what a person wants
// to know: a line for each package, why a test was skipped, all that a failed
// test said, and in the end how many tests there were.
//
//	go test -json ./... | testsummary
//
// With -v it prints a line for each finished top-level test as well. It ends
// with code 1 if anything failed.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	verbose := flag.Bool("v", false, "print a line for each finished test")
	flag.Parse()

	out := bufio.NewWriter(os.Stdout)
	s := newSummary(out, *verbose)
	err := s.read(os.Stdin)
	s.finish()
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	if s.failed() {
		os.Exit(1)
	}
}

// read handles events until r ends. What is no event, such as the words of a
// tool in front of go test, is passed through.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading test output: %w", err)
		}
		// Tests take seconds to minutes: show what is known when nothing more waits.
		if lines.Buffered() == 0 {
			if err := s.out.Flush(); err != nil {
				return fmt.Errorf("writing the summary: %w", err)
			}
		}
	}
}
