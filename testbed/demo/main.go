// Command demo shows the collector at work without any network: it runs a
// simulated PPTP gateway with users, an SNMP agent, a flow exporter, a log and a
// RADIUS server on loopback, starts the collector with examples/demo.yaml as a
// child process, and prints each session of the probe and each verdict that the
// collector reports over OTLP.
//
// It is what `make run` starts. All settings are environment variables:
//
//	COLLECTOR   the collector's binary (bin/otelcol-pptp)
//	CONFIG      its configuration (examples/demo.yaml)
//	FAULT       what to break in the gateway; see `bin/pptpgw -list-faults`
//	FAULT_AFTER how long it works before that (15s)
//	SESSIONS    end after that many sessions; without it, run until interrupted
//	OTEL_EXPORTER_OTLP_ENDPOINT  where else to send everything, as OTLP over HTTP
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
)

const prometheusAddr = "127.0.0.1:9464"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type settings struct {
	collector, config, fault, otlp string
	sessions                       int
	faultAfter                     time.Duration
}

func fromEnvironment() (settings, error) {
	s := settings{
		collector: envOr("COLLECTOR", "bin/otelcol-pptp"),
		config:    envOr("CONFIG", "examples/demo.yaml"),
		fault:     os.Getenv("FAULT"),
		otlp:      os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"),
	}
	if v := os.Getenv("SESSIONS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return s, fmt.Errorf("SESSIONS=%q: give a number of at least 1, or leave it out", v)
		}
		s.sessions = n
	}
	var err error
	if s.faultAfter, err = time.ParseDuration(envOr("FAULT_AFTER", "15s")); err != nil {
		return s, fmt.Errorf("FAULT_AFTER: give a time such as 15s: %w", err)
	}
	return s, nil
}

func envOr(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

func run() error {
	set, err := fromEnvironment()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := checkPrivilege(set.collector); err != nil {
		return err
	}
	return show(ctx, set, os.Stdout)
}

// show runs the site and the collector, and prints what is told, until the context ends.
func show(ctx context.Context, set settings, out io.Writer) error {
	site, err := startSite(ctx, set.fault)
	if err != nil {
		return err
	}
	defer func() { _ = site.Close() }()

	view := &view{out: out, limit: set.sessions}
	sink, err := listenOTLP(view)
	if err != nil {
		return err
	}
	defer sink.Close()
	col, err := startCollector(set, sink.URL(), site.logFile())
	if err != nil {
		return err
	}
	view.header(set)
	var begin <-chan time.Time
	if set.fault != "" {
		begin = time.After(set.faultAfter)
	}
	for {
		select {
		case <-begin:
			view.say("the fault %s begins", set.fault)
			site.breakIt()
			continue
		case <-ctx.Done():
		case <-view.finished():
		case <-col.Done(): // Stop says why
		}
		return col.Stop(15 * time.Second)
	}
}

func startCollector(set settings, sinkURL, logFile string) (*collector.Process, error) {
	args := []string{"--config", set.config}
	if set.otlp != "" {
		args = append(args, "--config", filepath.Join(filepath.Dir(set.config), "demo-otlp.yaml"))
	}
	return collector.Start(collector.Options{Binary: set.collector, Args: args, Env: []string{
		"DEMO_GATEWAY=" + gatewayAddr.String(), "DEMO_LOG=" + logFile, "DEMO_USER=" + user, "DEMO_PASSWORD=" + password,
		"DEMO_PROMETHEUS=" + prometheusAddr, "DEMO_SINK=" + sinkURL, "DEMO_OTLP=" + set.otlp,
	}})
}
