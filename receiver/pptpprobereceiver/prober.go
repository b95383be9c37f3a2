package pptpprobereceiver

import (
	"context"
	"sync"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// prober runs sessions; *pptpprobe.Probe is one.
type prober interface {
	// Run runs one session to the end of its teardown. The result is never nil.
	Run(ctx context.Context, t pptpprobe.Target) *pptpprobe.Result
	// RunAll runs a session with each address of the target's name, at least one.
	RunAll(ctx context.Context, t pptpprobe.Target) []*pptpprobe.Result
	// Stats tells of the GRE socket.
	Stats() pptpprobe.ProbeStats
	// Close releases the socket, after all calls of Run have returned.
	Close() error
}

func newProbe() prober { return pptpprobe.New(pptpprobe.Options{}) }

// probePool hands one prober to all its users: created for the first, closed
// after the last. It is safe for concurrent use.
type probePool struct {
	create func() prober

	mu    sync.Mutex
	users int
	probe prober
}

func newProbePool(create func() prober) *probePool { return &probePool{create: create} }

// acquire returns the prober, and the function that gives it back, which must
// be called once.
func (p *probePool) acquire() (prober, func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 {
		p.probe = p.create()
	}
	p.users++
	return p.probe, p.release
}

func (p *probePool) release() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users--
	if p.users > 0 {
		return nil
	}
	probe := p.probe
	p.probe = nil
	return probe.Close()
}
