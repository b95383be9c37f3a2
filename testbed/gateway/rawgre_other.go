//go:build !linux

package gateway

import (
	"errors"
	"net/netip"
)

// openGRE fails: raw GRE needs Linux. Config.NoGRE works everywhere.
func openGRE(netip.Addr) (greSocket, error) {
	return nil, errors.New("raw GRE sockets are implemented for Linux only; set NoGRE to have control connections")
}
