package tunnel

import (
	"errors"
	"net"
	"os"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// socketError is the error of package net that says what the stack says, so
// that callers can use errors.Is with the same values as for a kernel socket.
func socketError(call string, err tcpip.Error) error {
	if _, ok := err.(*tcpip.ErrAborted); ok {
		// The stack aborts a connection only when the tunnel closes.
		return net.ErrClosed
	}
	if n, ok := errno(err); ok {
		return os.NewSyscallError(call, n)
	}
	return errors.New(call + ": " + err.String())
}

func errno(err tcpip.Error) (syscall.Errno, bool) {
	switch err.(type) {
	case *tcpip.ErrConnectionRefused:
		return syscall.ECONNREFUSED, true
	case *tcpip.ErrConnectionReset:
		return syscall.ECONNRESET, true
	case *tcpip.ErrConnectionAborted:
		return syscall.ECONNABORTED, true
	case *tcpip.ErrTimeout:
		return syscall.ETIMEDOUT, true
	case *tcpip.ErrHostUnreachable, *tcpip.ErrHostDown, *tcpip.ErrNoNet, *tcpip.ErrNotSupported:
		// "Source host isolated", "source route failed" and the like arrive
		// as these: no way to the host, whatever the router called it.
		return syscall.EHOSTUNREACH, true
	case *tcpip.ErrNetworkUnreachable:
		return syscall.ENETUNREACH, true
	case *tcpip.ErrUnknownProtocolOption:
		// What the stack makes of "protocol unreachable".
		return syscall.ECONNREFUSED, true
	case *tcpip.ErrClosedForSend:
		return syscall.EPIPE, true
	case *tcpip.ErrMessageTooLong:
		return syscall.EMSGSIZE, true
	case *tcpip.ErrNoBufferSpace:
		return syscall.ENOBUFS, true
	case *tcpip.ErrPortInUse, *tcpip.ErrNoPortAvailable:
		return syscall.EADDRINUSE, true
	case *tcpip.ErrBadLocalAddress:
		return syscall.EADDRNOTAVAIL, true
	case *tcpip.ErrNotConnected, *tcpip.ErrDestinationRequired:
		return syscall.ENOTCONN, true
	default:
		return 0, false
	}
}

func wouldBlock(err tcpip.Error) bool {
	_, ok := err.(*tcpip.ErrWouldBlock)
	return ok
}
