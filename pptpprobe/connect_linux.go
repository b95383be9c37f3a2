package pptpprobe

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// connectWatch learns which router or host refused a TCP connection: it keeps a
// second descriptor of the connecting socket, whose error queue can still be
// read when the dialer has closed its own.
type connectWatch struct{ fd int }

// control is the Control hook of a net.Dialer.
func (w *connectWatch) control(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_RECVERR, 1)
		if d, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3); err == nil {
			w.fd = d
		}
	})
}

// finish releases the descriptor and returns the ICMP error that ended the
// attempt, nil if there was none or it succeeded.
func (w *connectWatch) finish(c net.Conn) *ICMPError {
	if w.fd == 0 {
		return nil
	}
	defer func() { _ = unix.Close(w.fd) }()
	if c != nil {
		// With the option set, a stray ICMP error would end the connection.
		_ = unix.SetsockoptInt(w.fd, unix.SOL_IP, unix.IP_RECVERR, 0)
		return nil
	}
	var buf [512]byte
	var oob [512]byte
	_, n, _, _, err := unix.Recvmsg(w.fd, buf[:], oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return nil
	}
	var e ICMPError
	if !parseICMPError(oob[:n], &e) {
		return nil
	}
	return &e
}

// tcpAcked returns how many bytes we sent the server's kernel has acknowledged.
func tcpAcked(c net.Conn) (uint64, bool) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, false
	}
	var info *unix.TCPInfo
	if raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }) != nil || err != nil {
		return 0, false
	}
	return info.Bytes_acked, true
}
