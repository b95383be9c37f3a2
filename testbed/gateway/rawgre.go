package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
)

const protoGRE = 47

// ErrNoPermission is wrapped by the error of [Start] when the process may not
// open a raw GRE socket; the error's text has the command that grants it.
var ErrNoPermission = errors.New("no permission to open a raw GRE socket")

// greSocket is a raw GRE socket bound to the gateway's address.
type greSocket interface {
	// start begins to receive, once.
	start(receive greReceive)
	// send sends a GRE packet to a client; from is the address to send it from.
	send(packet []byte, from, to netip.Addr) error
	// sendICMP sends an ICMP error about a received packet to its sender.
	sendICMP(message []byte, from, to netip.Addr) error
	close() error
}

// greReceive takes what arrives: the whole IPv4 packet, valid during the call.
type greReceive func(packet []byte)

// privilegeHint is the one command that lets this executable open raw sockets.
func privilegeHint() string {
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	return "sudo setcap cap_net_raw+ep " + exe
}

// permission explains an error that is about permissions.
func permission(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("%w: run as root, or once: %s", ErrNoPermission, privilegeHint())
	}
	return err
}
