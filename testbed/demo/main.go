// Command demo shows the collector at work without any network: it runs a
// simulated PPTP gateway on loopback, starts the collector with
// examples/demo.yaml as a child process, and prints each session that the
// collector reports over OTLP.
//
// It is what `make run` starts. All settings are environment variables:
//
//	COLLECTOR   the collector's binary (bin/otelcol-pptp)
//	CONFIG      its configuration (examples/demo.yaml)
//	FAULT       what to break in the gateway; see `bin/pptpgw -list-faults`
//	SESSIONS    end after that many sessions; without it, run until interrupted
//	OTEL_EXPORTER_OTLP_ENDPOINT  where else to send everything, as OTLP over HTTP
package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

const (
	gatewayAddr    = "127.0.0.2:1723"
	prometheusAddr = "127.0.0.1:9464"
	user, password = "probe", "demo-password"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type settings struct {
	collector, config, fault, otlp string
	sessions                       int
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
	gw, err := startGateway(ctx, set.fault)
	if err != nil {
		return err
	}
	defer func() { _ = gw.Close() }()

	view := &view{out: os.Stdout, limit: set.sessions}
	sink, err := listenOTLP(view)
	if err != nil {
		return err
	}
	defer sink.Close()
	col, err := startCollector(set, sink.URL())
	if err != nil {
		return err
	}
	view.header(set)
	select {
	case <-ctx.Done():
	case <-view.finished():
	case <-col.Done(): // Stop says why
	}
	return col.Stop(15 * time.Second)
}

func startCollector(set settings, sinkURL string) (*collector.Process, error) {
	args := []string{"--config", set.config}
	if set.otlp != "" {
		args = append(args, "--config", filepath.Join(filepath.Dir(set.config), "demo-otlp.yaml"))
	}
	return collector.Start(collector.Options{Binary: set.collector, Args: args, Env: []string{
		"DEMO_GATEWAY=" + gatewayAddr, "DEMO_USER=" + user, "DEMO_PASSWORD=" + password,
		"DEMO_PROMETHEUS=" + prometheusAddr, "DEMO_SINK=" + sinkURL, "DEMO_OTLP=" + set.otlp,
	}})
}

func startGateway(ctx context.Context, fault string) (*gateway.Gateway, error) {
	cfg := gateway.Config{
		Listen: netip.MustParseAddrPort(gatewayAddr),
		Users:  map[string]string{user: password},
		MPPE:   gateway.MPPEConfig{Mode: gateway.MPPERequire},
	}
	if fault != "" {
		f, ok := gateway.FaultByName(fault)
		if !ok {
			return nil, fmt.Errorf("FAULT=%q is unknown; there are: %v", fault, gateway.FaultNames())
		}
		cfg.Faults = f
	}
	gw, err := gateway.Start(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("start the simulated gateway: %w", err)
	}
	return gw, nil
}
