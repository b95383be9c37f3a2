//go:build unix

package gateway

import (
	"net"
	"syscall"
)

// setBacklog changes the length of the accept queue.
func setBacklog(tcp *net.TCPListener, n int) error {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), n) }); err != nil {
		return err
	}
	return failed
}
