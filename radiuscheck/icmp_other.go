//go:build !linux

package radiuscheck

import (
	"net"
	"syscall"
	"time"
)

// wantICMP does nothing: what the system tells by itself must do.
func wantICMP(string, string, syscall.RawConn) error { return nil }

// readNow reads a datagram that is already there, or comes within a moment.
func readNow(c *net.UDPConn, buf []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	return c.Read(buf)
}

// describe says what an error of the socket means.
func describe(_ *net.UDPConn, cause error) string { return cause.Error() }
