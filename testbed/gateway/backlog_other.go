//go:build !unix

package gateway

import (
	"errors"
	"net"
)

// setBacklog fails: the fault TCPDrop needs Unix.
func setBacklog(*net.TCPListener, int) error {
	return errors.New("the length of the accept queue can be changed on Unix only")
}
