package accounting

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Client is who may send, and the secret shared with it.
type Client struct {
	Prefix netip.Prefix
	Secret []byte
}

// ServerConfig is how a [Server] works.
type ServerConfig struct {
	// Address is host:port to listen on; a port of 0 takes a free one. RADIUS accounting's is 1813.
	Address string
	// Clients are who may send. The longest prefix that has the sender's address counts.
	Clients []Client
	// Silent is for the target of a tee or a replicator: nothing is ever answered.
	Silent bool
	// ReceiveBuffer of the socket, in bytes; 0 leaves that of the system.
	ReceiveBuffer int
	// Tick is how often the tracker looks for what has not come. Default 10 s.
	Tick time.Duration
}

// maxClients keep the search for a sender short.
const maxClients = 10_000

// Validate says what is wrong with the configuration.
func (c *ServerConfig) Validate() error {
	switch {
	case c.Address == "":
		return errors.New("address: none given; use for example 0.0.0.0:1813")
	case len(c.Clients) == 0:
		return errors.New("clients: none given; without a client and its secret nothing can be accepted")
	case len(c.Clients) > maxClients:
		return fmt.Errorf("clients: %d are more than %d; use wider prefixes", len(c.Clients), maxClients)
	case c.ReceiveBuffer < 0:
		return fmt.Errorf("receive_buffer: %d is negative; use bytes, or 0 for the system's default", c.ReceiveBuffer)
	case c.Tick < 0:
		return fmt.Errorf("tick: %s is negative; use 0 for the default", c.Tick)
	}
	seen := make(map[netip.Prefix]bool, len(c.Clients))
	for i, client := range c.Clients {
		switch {
		case !client.Prefix.IsValid() || client.Prefix.Addr().Is4In6():
			return fmt.Errorf("clients[%d].prefix: %s is not an IPv4 or IPv6 prefix; use for example 192.0.2.0/24", i, client.Prefix)
		case len(client.Secret) == 0:
			return fmt.Errorf("clients[%d].secret: is empty; RADIUS has no other protection", i)
		case seen[client.Prefix.Masked()]:
			return fmt.Errorf("clients[%d].prefix: %s is there twice", i, client.Prefix)
		}
		seen[client.Prefix.Masked()] = true
	}
	return nil
}
