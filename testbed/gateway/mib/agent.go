package mib

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// Refresh is how old what the agent tells may be.
const Refresh = time.Second

// Config is how an agent works.
type Config struct {
	Address   netip.AddrPort // where it listens
	Community string
	LocalIP   netip.Addr // the gateway's end of the tunnels
}

// Agent is an SNMP agent that shows a gateway.
type Agent struct {
	gw      *gateway.Gateway
	cfg     Config
	agent   *agent.Agent
	began   time.Time
	units   units
	stop    chan struct{}
	close   func()
	running sync.WaitGroup
}

// Start starts an agent, which must be closed.
func Start(gw *gateway.Gateway, cfg Config) (*Agent, error) {
	a := &Agent{gw: gw, cfg: cfg, began: time.Now().Add(-daemonsUp), units: units{}, stop: make(chan struct{})}
	var err error
	a.agent, err = agent.Start(a.rows(), agent.Config{Address: cfg.Address.String(), Community: cfg.Community})
	if err != nil {
		return nil, fmt.Errorf("start the SNMP agent: %w", err)
	}
	a.running.Go(a.run)
	a.close = sync.OnceFunc(func() {
		close(a.stop)
		a.running.Wait()
		a.agent.Close()
	})
	return a, nil
}

func (a *Agent) rows() *agent.Rows {
	f := a.gw.Faults()
	return build(&state{
		sessions: a.gw.Sessions(), listens: !f.TCPRefuse, gateway: gateway.Config{Listen: a.gw.Addr(), LocalIP: a.cfg.LocalIP},
		uptime: time.Since(a.began), units: a.units,
	})
}

func (a *Agent) run() {
	ticker := time.NewTicker(Refresh)
	defer ticker.Stop()
	for {
		select {
		case <-a.stop:
			return
		case <-ticker.C:
			a.agent.Set(a.rows())
		}
	}
}

// Addr is where the agent listens.
func (a *Agent) Addr() netip.AddrPort { return a.agent.Addr() }

// Close stops the agent. It may be called again.
func (a *Agent) Close() { a.close() }
