package radiuscheck

import (
	"context"
	"fmt"
	"io"
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Statistics asks for the statistics of FreeRADIUS. An error says what went wrong with
// the request, as [*StatisticsError] if there was no answer, or with the answer.
func (c *Checker) Statistics(ctx context.Context) (*freeradius.Statistics, error) {
	addr, err := c.lookup(ctx, c.cfg.StatusHost)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", c.cfg.StatusHost, err)
	}
	if err := c.stats.open(netip.AddrPortFrom(addr, c.cfg.StatusPort)); err != nil {
		return nil, fmt.Errorf("opening a socket: %w", err)
	}
	ex, err := c.stats.run(ctx, c.cfg.exchange(true), func(id uint8) (packet.Packet, error) {
		var auth packet.Authenticator
		if _, err := io.ReadFull(c.random, auth[:]); err != nil {
			return nil, fmt.Errorf("making a Request Authenticator: %w", err)
		}
		b := packet.NewRequest(packet.StatusServer, id, auth)
		b.Sign()
		freeradius.Ask(b, freeradius.All)
		return b.Request(c.stats.key)
	})
	if err != nil {
		return nil, err
	}
	if ex.Reply == nil {
		r := &Result{Method: Status}
		c.cfg.judgeSilence(r, ex)
		return nil, &StatisticsError{*r.Failure}
	}
	return freeradius.Decode(ex.Reply)
}

// StatisticsError is a request for statistics without an answer.
type StatisticsError struct{ Failure }

func (e *StatisticsError) Error() string { return string(e.Cause) + ": " + e.Detail }
