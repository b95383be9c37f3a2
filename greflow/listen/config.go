package listen

import (
	"errors"
	"fmt"
)

// Config says where to listen, and to whom.
type Config struct {
	// Addresses are what to listen on, as host:port; without host, on all addresses.
	Addresses []string
	// Sockets is how many sockets each address has, 1 to 64; default 1. The kernel gives
	// one exporter always the same of them (SO_REUSEPORT); each has buffers of 1 MiB, of
	// which datagrams of usual size touch little. Linux only: elsewhere it is 1.
	Sockets int
	// ReceiveBuffer is the receive buffer of each socket to ask for, in bytes; 0 leaves
	// that of the system. With CAP_NET_ADMIN it may be more than net.core.rmem_max.
	ReceiveBuffer int
}

const maxSockets = 64

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if len(c.Addresses) == 0 {
		return errors.New("addresses: none given: name at least one host:port, such as 0.0.0.0:2055")
	}
	if c.Sockets < 0 || c.Sockets > maxSockets {
		return fmt.Errorf("sockets: %d is not within 1 to %d", c.Sockets, maxSockets)
	}
	if c.ReceiveBuffer < 0 {
		return fmt.Errorf("receive buffer: %d is negative: give bytes, or 0 for the system's default", c.ReceiveBuffer)
	}
	return nil
}
