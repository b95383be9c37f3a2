package radiuscheck

import (
	"context"
	"fmt"
	"io"
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Statistics asks for the statistics of FreeRADIUS, of the same address as the round before
// it if the host is the same. An error is that of ctx, a [*StatisticsError] if there was no
// answer, or says what is wrong with the answer.
func (c *Checker) Statistics(ctx context.Context) (*freeradius.Statistics, error) {
	n, err := c.find(ctx, c.cfg.StatusHost)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &StatisticsError{*unresolved(c.cfg.StatusHost, err)}
	}
	if err := c.stats.open(netip.AddrPortFrom(n.addrs[0], c.cfg.StatusPort)); err != nil {
		n.silent(1)
		return nil, &StatisticsError{*failure(Unreachable, "No socket to the server: "+err.Error()+".")}
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
		if !r.heard() {
			n.silent(1)
		}
		return nil, &StatisticsError{*r.Failure}
	}
	n.answered(0)
	return freeradius.Decode(ex.Reply)
}

// StatisticsError is a request for statistics without an answer.
type StatisticsError struct{ Failure }

func (e *StatisticsError) Error() string { return string(e.Cause) + ": " + e.Detail }
