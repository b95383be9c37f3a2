package accounting

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSocketErrorsHaveReasons(t *testing.T) {
	for want, err := range map[string]error{
		"other":         errors.New("boom"),
		"no_buffer":     &net.OpError{Op: "read", Err: os.NewSyscallError("recvfrom", syscall.ENOBUFS)},
		"not_permitted": fmt.Errorf("send: %w", syscall.EPERM),
		"no_route":      syscall.EHOSTUNREACH,
		"port_closed":   syscall.ECONNREFUSED,
	} {
		var c errorCounts
		c.add(err)
		for r, n := range c.load() {
			assert.Equal(t, Reason(r).String() == want, n == 1, "%s %s", want, Reason(r))
		}
	}
	var c errorCounts
	c.add(syscall.EINTR)
	assert.Equal(t, uint64(1), c.load()[OtherReason], "an error number that nobody expects")
}

// A socket that could not be read is read again.
func TestReadErrorsAreCounted(t *testing.T) {
	s, conn := serve(t, nil, Config{})
	require.NoError(t, s.conn.SetReadDeadline(time.Unix(1, 0)))
	require.Eventually(t, func() bool { return s.Stats().ReadErrors[OtherReason] > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, s.conn.SetReadDeadline(time.Time{}))
	assert.Empty(t, ask(t, conn))
}

func TestWriteErrorsAreCounted(t *testing.T) {
	s, _ := serve(t, nil, Config{})
	require.NoError(t, s.Close())
	s.respond(netip.MustParseAddrPort("127.0.0.1:9"), request(1, attr(attrStatus, 1), attr(attrSession, "a")), secret)
	assert.Equal(t, uint64(1), s.Stats().WriteErrors[OtherReason])
	assert.Zero(t, s.Stats().Answered)
}
