// Command runbook writes docs/runbook: a page for each cause of the codebook, one for alerts that are about no cause,
// and one for the signals. What the codebook knows is taken from it; the rest, what to look at and what to do, is in
// pages/*.yaml and alerts.yaml. It is run by `go generate`.
package main

//go:generate go run . ../..

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := write(root); err != nil {
		fmt.Fprintln(os.Stderr, "runbook:", err)
		os.Exit(1)
	}
}

// write makes docs/runbook what it should be, below the root of the repository: files that are no longer made go.
func write(root string) error {
	files, err := generate(filepath.Join(root, "deploy", "prometheus", "rules"))
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "docs", "runbook")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, path := range old {
		if _, ok := files[filepath.Base(path)]; !ok {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("remove a page that is no longer made: %w", err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if was, err := os.ReadFile(path); err == nil && bytes.Equal(was, files[name]) {
			continue
		}
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			return fmt.Errorf("write a page: %w", err)
		}
	}
	return nil
}
