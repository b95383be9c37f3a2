//go:build !linux

package pptpprobe

import (
	"errors"
	"io"
	"net/netip"
)

var errUnsupported = errors.New("sessions deeper than control need Linux: the raw GRE socket is not implemented for this system")

func openRaw(func([]byte, netip.Addr, netip.Addr), func(greError)) (greSocket, error) {
	return nil, errUnsupported
}

func openTap(func(netip.Addr, netip.Addr, uint16)) (io.Closer, error) { return nil, errUnsupported }

func noPermission(err error) bool { return errors.Is(err, errUnsupported) }

// PrivilegeHint says what would let this executable open the raw GRE socket.
func PrivilegeHint() string { return "run the probe on Linux" }
