package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway/flows"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway/mib"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway/poptop"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway/radius"
)

// Where everything is. examples/demo.yaml has the same addresses.
var (
	gatewayAddr    = netip.MustParseAddrPort("127.0.0.2:1723")
	agentAddr      = netip.MustParseAddrPort("127.0.0.2:16161")
	radiusAddr     = netip.MustParseAddrPort("127.0.0.3:18120")
	tunnelAddr     = netip.MustParseAddr("10.99.0.1")
	flowAddr       = "127.0.0.1:20550"
	accountingAddr = "127.0.0.1:18130"
)

const (
	gatewayName    = "demo-gateway"
	user, password = "probe", "demo-password"
	// interim is how often the gateway accounts for sessions that go on.
	interim = 10 * time.Second
	// echoEvery is how often the gateway and its users ask each other whether they are still
	// there. Both give up after some unanswered ones, as real ones do: not at once.
	echoEvery = 15 * time.Second
)

// site is the gateway, all that there is around it, and its users.
type site struct {
	gw     *gateway.Gateway
	fault  gateway.Faults
	broken atomic.Bool // the fault has begun
	log    *os.File
	dir    string // of the log

	running sync.WaitGroup
	closers []func() error // in the order of their start
}

// startSite starts a site that works. The first thing that cannot be started ends it.
func startSite(ctx context.Context, fault string) (s *site, err error) {
	s = &site{}
	if fault != "" {
		f, ok := gateway.FaultByName(fault)
		if !ok {
			return nil, fmt.Errorf("FAULT=%q is unknown; `bin/pptpgw -list-faults` lists them", fault)
		}
		s.fault = f
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *site) start(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	s.closers = append(s.closers, func() error { cancel(); s.running.Wait(); return nil })

	var err error
	if s.dir, err = os.MkdirTemp("", "pptp-demo-"); err != nil {
		return fmt.Errorf("make a folder for the gateway's log: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(s.dir) })
	if s.log, err = os.Create(s.logFile()); err != nil {
		return fmt.Errorf("make the gateway's log: %w", err)
	}
	s.closers = append(s.closers, s.log.Close)
	syslog := poptop.New(s.log, poptop.Config{
		Host: gatewayName, LocalIP: tunnelAddr,
		Started: time.Now().Add(-time.Hour), // one of just now would be evidence of a crash
		Faults:  s.faults,
	})

	exporter, err := flows.Start(ctx, flows.Config{Collector: flowAddr, Active: 2 * time.Second, Idle: time.Second})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, exporter.Close)
	accounting, err := radius.StartAccounting(ctx, radius.AccountingConfig{
		Server: accountingAddr, Secret: password, NAS: gatewayName, Interim: interim,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, accounting.Close)

	s.gw, err = gateway.Start(ctx, gateway.Config{
		Listen: gatewayAddr, Users: accounts(), LocalIP: tunnelAddr, LCPEchoInterval: echoEvery,
		MPPE:    gateway.MPPEConfig{Mode: gateway.MPPERequire},
		Tap:     exporter.Observe,
		Observe: func(e gateway.Event) { syslog.Observe(e); accounting.Observe(e) },
	})
	if err != nil {
		return fmt.Errorf("start the simulated gateway: %w", err)
	}
	s.closers = append(s.closers, s.gw.Close)
	s.running.Go(func() { accounting.Run(ctx, s.gw.Sessions) })

	agent, err := mib.Start(s.gw, mib.Config{Address: agentAddr, Community: password, LocalIP: tunnelAddr})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { agent.Close(); return nil })
	server, err := radius.Start(radius.Config{Address: radiusAddr, Secret: password, Users: accounts(), Faults: s.faults})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, server.Close)
	s.running.Go(func() { comeAndStay(ctx) })
	return nil
}

// logFile is where the gateway logs to.
func (s *site) logFile() string { return filepath.Join(s.dir, "pptpd.log") }

// breakIt begins the fault.
func (s *site) breakIt() {
	s.broken.Store(true)
	s.gw.SetFaults(s.fault)
}

// faults are those of now.
func (s *site) faults() gateway.Faults {
	if s.broken.Load() {
		return s.fault
	}
	return gateway.Faults{}
}

// Close ends the users first, and then everything else from the last to the first.
func (s *site) Close() error {
	if len(s.closers) == 0 {
		return nil
	}
	errs := []error{s.closers[0]()}
	for i := len(s.closers) - 1; i > 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}
