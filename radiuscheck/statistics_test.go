package radiuscheck

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

func TestStatistics(t *testing.T) {
	var empty atomic.Bool
	s := newServer(t, func(s *server) {
		s.secret = "statistics-secret"
		s.reply = func(p packet.Packet) packet.Packet {
			if v, ok := p.LookupVendor(freeradius.Vendor, 127); !ok || v[3] != freeradius.All {
				return nil
			}
			b := packet.NewReply(packet.AccessAccept, p)
			if !empty.Load() {
				b.VendorAttribute(freeradius.Vendor, 128, []byte{0, 0, 0, 42})
			}
			r, _ := b.Reply(s.key)
			return r
		}
	})
	c := newChecker(t, s, func(c *Config) {
		patient(c)
		c.Methods, c.StatusHost, c.StatusPort, c.StatusSecret = nil, "127.0.0.1", s.port(), "statistics-secret"
	})
	got, err := c.Statistics(t.Context())
	require.NoError(t, err)
	var totals freeradius.Totals
	totals.Add(got)
	n, _ := totals.Total(freeradius.Counters()[0])
	assert.Equal(t, uint64(42), n)

	empty.Store(true)
	_, err = c.Statistics(t.Context())
	require.ErrorContains(t, err, "no statistics")

	c.cfg.Timeout = 10 * time.Millisecond
	s.stop()
	_, err = c.Statistics(t.Context())
	var silent *StatisticsError
	require.ErrorAs(t, err, &silent)
	assert.Equal(t, Unreachable, silent.Cause)

	clear(c.names)
	c.resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("boom") }
	_, err = c.Statistics(t.Context())
	require.ErrorAs(t, err, &silent, "a server without address is not one without statistics")
	assert.Equal(t, Unreachable, silent.Cause)
	assert.Equal(t, "The name 127.0.0.1 cannot be resolved: boom.", silent.Detail)
	assert.Equal(t, noAddress, silent.Hint)
}
