package greflowreceiver

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/listen"
)

// sockets are those of all listeners. It is not changed once open.
type sockets struct {
	listeners  []*listen.Listener
	endpoints  []string // of each, as configured
	readErrors uint64   // that have been reported
}

// open binds all ports, or none.
func (s *sockets) open(ctx context.Context, r *flowReceiver) error {
	for i := range r.cfg.Listeners {
		c := &r.cfg.Listeners[i]
		// Strangers are refused by the engine, and not here, so that the log tells who they are.
		l, err := listen.Open(ctx, listen.Config{
			Addresses: []string{c.Endpoint}, Sockets: c.Sockets, ReceiveBuffer: c.ReceiveBuffer,
		}, r.ingest)
		if err != nil {
			return errors.Join(fmt.Errorf("listeners[%d]::endpoint: %w", i, err), s.close())
		}
		s.listeners, s.endpoints = append(s.listeners, l), append(s.endpoints, c.Endpoint)
		s.tell(r, c, l.Sockets())
	}
	return nil
}

// tell logs what has been opened, and what there is to be done about it.
func (s *sockets) tell(r *flowReceiver, c *ListenerConfig, opened []listen.Socket) {
	address := opened[0].Address
	r.logger.Info("Listening for flow exports", zap.Stringer("address", address), zap.Int("sockets", len(opened)))
	if got := opened[0].ReceiveBuffer; got < c.ReceiveBuffer {
		r.logger.Warn("The kernel grants a smaller receive buffer than asked for, and bursts may be lost: raise net.core.rmem_max, or ask for less",
			zap.String("endpoint", c.Endpoint), zap.Int("asked", c.ReceiveBuffer), zap.Int("granted", got))
	}
	if len(r.cfg.Exporters) == 0 && !address.Addr().IsLoopback() {
		r.logger.Warn("Flow exports are taken from anyone: list your routers in exporters", zap.String("endpoint", c.Endpoint))
	}
}

// close ends all reading. It may be called again.
func (s *sockets) close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// check returns an error if reading has failed since it was last called. It is
// for one goroutine.
func (s *sockets) check() error {
	var errs uint64
	for _, l := range s.listeners {
		errs += l.Stats().ReadErrors
	}
	failed := errs - s.readErrors
	s.readErrors = errs
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("reading flow exports has failed %d times within %s", failed, tickInterval)
}

// points makes one for each endpoint.
func (s *sockets) points(value func(*listen.Listener) int64) []point {
	out := make([]point, 0, len(s.listeners))
	for i, l := range s.listeners {
		out = append(out, point{"endpoint", s.endpoints[i], value(l)})
	}
	return out
}

func (s *sockets) kernelDrops() []point {
	return s.points(func(l *listen.Listener) int64 { return int64(l.Stats().KernelDrops) })
}

func (s *sockets) receiveBuffers() []point {
	return s.points(func(l *listen.Listener) int64 { return int64(l.Sockets()[0].ReceiveBuffer) })
}
