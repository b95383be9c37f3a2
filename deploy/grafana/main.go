// Command grafana writes the dashboards of deploy/grafana/dashboards. Each is a function in a file of its own; the
// layout, and what panels have in common, is in builder.go. It is run by `go generate`.
package main

//go:generate go run . dashboards

import (
	"encoding/json"
	"fmt"
	"os"
)

// dashboards by the name of their file.
func dashboards() map[string]*board {
	return map[string]*board{
		"fleet.json":   fleet(),
		"gateway.json": oneGateway(),
		"session.json": sessions(),
		"flow.json":    flows(),
		"self.json":    self(),
	}
}

func main() {
	if err := write(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, "grafana:", err)
		os.Exit(1)
	}
}

// write writes the dashboards into a folder.
func write(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	for name, b := range dashboards() {
		text, err := render(b)
		if err != nil {
			return err
		}
		if err := root.WriteFile(name, text, 0o600); err != nil {
			return fmt.Errorf("write a dashboard: %w", err)
		}
	}
	return nil
}

func render(b *board) ([]byte, error) {
	text, err := json.MarshalIndent(&b.dashboard, "", " ")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.UID, err)
	}
	return append(text, '\n'), nil
}
