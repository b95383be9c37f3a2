package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// openAddress opens the sockets of an address. On failure it returns those it has.
func openAddress(ctx context.Context, address string, cfg *Config) (sockets []*socket, err error) {
	network := "udp"
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().Is4() {
		network = "udp4" // else 0.0.0.0 is taken for all addresses of IPv6 too
	}
	count := max(cfg.Sockets, 1)
	if !canShare {
		count = 1
	}
	if count > 1 {
		// Sockets that share a port share it with those of any other process of the same user,
		// each of which gets a part of the datagrams: one that does not share finds out.
		alone, err := bind(ctx, network, address, false)
		if err != nil {
			return nil, err
		}
		address = alone.LocalAddr().String()
		if err := alone.Close(); err != nil {
			return nil, err
		}
	}
	for range count {
		conn, err := bind(ctx, network, address, count > 1)
		if err != nil {
			return sockets, err
		}
		s := &socket{conn: conn}
		sockets = append(sockets, s)
		if s.buffer, err = prepare(conn, cfg.ReceiveBuffer); err != nil {
			return sockets, fmt.Errorf("set socket options: %w", err)
		}
		if s.batch, err = newBatch(conn); err != nil {
			return sockets, err
		}
	}
	return sockets, nil
}

func bind(ctx context.Context, network, address string, share bool) (*net.UDPConn, error) {
	var lc net.ListenConfig
	if share {
		lc.Control = sharePort
	}
	conn, err := lc.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// explain says what to do about an address that cannot be listened on.
func explain(address string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = ": another process listens there: end it, or take another port"
	case errors.Is(err, syscall.EACCES):
		hint = ": ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or take a port from 1024 on"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = ": no interface of this host has the address: take one that has, or leave the host out to listen on all"
	}
	return fmt.Errorf("address %q: %w%s", address, err, hint)
}

// control runs f on the descriptor of a connection.
func control(conn syscall.Conn, f func(fd uintptr) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(fd) }); err != nil {
		return err
	}
	return failed
}
