package accounting

import (
	"errors"
	"sync/atomic"
	"syscall"
)

// Reason is why the system did not read or send a datagram.
type Reason uint8

// The reasons.
const (
	OtherReason   Reason = iota
	NoBuffer             // the system has no memory for it
	NotPermitted         // a firewall of this host, most often
	NoRoute              // to the NAS
	PortClosed           // the NAS has closed its port
	socketReasons        // how many there are
)

var reasonNames = [socketReasons]string{"other", "no_buffer", "not_permitted", "no_route", "port_closed"}

func (r Reason) String() string { return reasonNames[r] }

// reasons are the error numbers that have one.
var reasons = map[syscall.Errno]Reason{
	syscall.ENOBUFS: NoBuffer, syscall.ENOMEM: NoBuffer, syscall.EPERM: NotPermitted, syscall.EACCES: NotPermitted,
	syscall.ENETUNREACH: NoRoute, syscall.EHOSTUNREACH: NoRoute, syscall.ENETDOWN: NoRoute, syscall.ECONNREFUSED: PortClosed,
}

// SocketErrors are errors by [Reason].
type SocketErrors [socketReasons]uint64

// errorCounts are counted while they are read.
type errorCounts [socketReasons]atomic.Uint64

func (c *errorCounts) add(err error) {
	var errno syscall.Errno
	_ = errors.As(err, &errno) // 0 has no reason
	c[reasons[errno]].Add(1)
}

func (c *errorCounts) load() (out SocketErrors) {
	for i := range c {
		out[i] = c[i].Load()
	}
	return out
}
