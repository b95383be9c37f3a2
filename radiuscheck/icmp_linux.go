package radiuscheck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wantICMP makes the kernel tell a datagram socket of all ICMP errors, not just of
// closed ports, and keep the message (ip(7), IP_RECVERR).
func wantICMP(network, _ string, c syscall.RawConn) error {
	var err error
	ctlErr := c.Control(func(fd uintptr) {
		if strings.HasSuffix(network, "6") {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
		} else {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		}
	})
	return errors.Join(ctlErr, err)
}

// readNow reads a datagram that is already there.
func readNow(c *net.UDPConn, buf []byte) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	ctlErr := raw.Control(func(fd uintptr) { n, _, err = unix.Recvfrom(int(fd), buf, unix.MSG_DONTWAIT) })
	return n, errors.Join(ctlErr, err)
}

// describe says what an error of the socket means, with the ICMP message behind it.
func describe(c *net.UDPConn, cause error) string {
	text := cause.Error()
	var errno syscall.Errno
	if errors.As(cause, &errno) {
		text = errno.Error()
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return text
	}
	var icmp string
	_ = raw.Control(func(fd uintptr) { // of a socket that is open
		buf, oob := make([]byte, 1), make([]byte, 512)
		for range 64 { // the queue is emptied, so that an old message is never taken for a new one
			_, n, _, _, err := unix.Recvmsg(int(fd), buf, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return
			}
			if t := icmpText(oob[:n]); t != "" {
				icmp = t
			}
		}
	})
	if icmp != "" {
		return text + ", " + icmp
	}
	return text
}

// icmpText reads struct sock_extended_err, which the address of the offender follows.
func icmpText(oob []byte) string {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return ""
	}
	const size = int(unsafe.Sizeof(unix.SockExtendedErr{}))
	for _, m := range list {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if !v4 && !v6 || len(m.Data) < size {
			continue
		}
		origin, typ, code := m.Data[4], m.Data[5], m.Data[6]
		if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 {
			continue // this host itself, which the error has said
		}
		return fmt.Sprintf("ICMP type %d code %d%s", typ, code, from(m.Data[size:]))
	}
	return ""
}

// from names the address in a struct sockaddr.
func from(sa []byte) string {
	if len(sa) < 8 {
		return ""
	}
	switch family := binary.NativeEndian.Uint16(sa); {
	case family == unix.AF_INET:
		return " from " + netip.AddrFrom4([4]byte(sa[4:8])).String()
	case family == unix.AF_INET6 && len(sa) >= 24:
		return " from " + netip.AddrFrom16([16]byte(sa[8:24])).String()
	}
	return ""
}
