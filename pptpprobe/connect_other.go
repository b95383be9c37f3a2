//go:build !linux

package pptpprobe

import (
	"net"
	"syscall"
)

type connectWatch struct{}

func (connectWatch) control(_, _ string, _ syscall.RawConn) error { return nil }

func (connectWatch) finish(net.Conn) *ICMPError { return nil }

func tcpAcked(net.Conn) (uint64, bool) { return 0, false }
