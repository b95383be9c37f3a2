package listen

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

const canShare = true

// sharePort lets several sockets have the same port, each with its part of the senders.
func sharePort(_, _ string, raw syscall.RawConn) error {
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); err != nil {
		return err
	}
	return failed
}

// prepare sets the receive buffer, if one is asked for, has drops told, and
// returns the buffer that there is.
func prepare(conn *net.UDPConn, buffer int) (got int, err error) {
	err = control(conn, func(fd uintptr) error {
		if buffer > 0 && unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
			// Without CAP_NET_ADMIN net.core.rmem_max applies.
			if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, buffer); err != nil {
				return err
			}
		}
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1); err != nil {
			return err
		}
		doubled, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		got = doubled / 2 // the kernel doubles what is set, for its bookkeeping, and tells that (socket(7))
		return err
	})
	return got, err
}
