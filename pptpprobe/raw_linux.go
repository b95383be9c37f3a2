package pptpprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	protoGRE = 47
	// rawReceiveBuffer is what we ask for; a burst of many sessions lives in it
	// while the reader is not scheduled.
	rawReceiveBuffer = 4 << 20
)

// rawSocket is the one raw GRE socket of a Probe. The kernel copies each GRE
// packet to every raw GRE socket of the host, so one per session would cost the
// square of their number.
type rawSocket struct {
	file    *os.File
	conn    syscall.RawConn
	deliver func(packet []byte, from, to netip.Addr)
	failed  func(greError)
	done    sync.WaitGroup
}

// openRaw opens the socket and starts its reader.
func openRaw(deliver func([]byte, netip.Addr, netip.Addr), failed func(greError)) (greSocket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protoGRE)
	if err != nil {
		return nil, fmt.Errorf("open raw GRE socket: %w", err)
	}
	for _, o := range []struct {
		name       string
		level, opt int
		value      int
	}{
		{"IP_RECVERR", unix.SOL_IP, unix.IP_RECVERR, 1},
		// Raw sockets set DF by default; a tunnel must let routers fragment.
		{"IP_MTU_DISCOVER", unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.opt, o.value); err != nil {
			_ = unix.Close(fd)
			return nil, fmt.Errorf("set %s on raw GRE socket: %w", o.name, err)
		}
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, rawReceiveBuffer) != nil {
		// Without CAP_NET_ADMIN the system's limit applies; that is enough for most.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, rawReceiveBuffer)
	}
	file := os.NewFile(uintptr(fd), "gre")
	conn, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("raw GRE socket: %w", err)
	}
	r := &rawSocket{file: file, conn: conn, deliver: deliver, failed: failed}
	r.done.Go(r.read)
	return r, nil
}

// Send implements greSocket. The source address is given with each packet: the
// server looks calls up by it, and it must be that of the control connection.
func (r *rawSocket) Send(packet []byte, from, to netip.Addr) error {
	dst := unix.SockaddrInet4{Addr: to.As4()}
	var oob [64]byte
	n := putPktInfo(oob[:], from)
	var sent error
	err := r.conn.Write(func(fd uintptr) bool {
		for range 4 { // an error of an earlier packet is reported once and must not cost this one
			_, sent = unix.SendmsgN(int(fd), packet, oob[:n], &dst, 0)
			if !isQueuedError(sent) {
				break
			}
		}
		return !errors.Is(sent, unix.EAGAIN)
	})
	if err != nil {
		return err
	}
	return sent
}

// isQueuedError says whether err may be the echo of an ICMP error for an
// earlier packet, which the error queue reports in full.
func isQueuedError(err error) bool {
	return errors.Is(err, unix.ENOPROTOOPT) || errors.Is(err, unix.ECONNREFUSED) ||
		errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.EHOSTDOWN)
}

// putPktInfo writes an IP_PKTINFO control message that sets the source address.
func putPktInfo(b []byte, src netip.Addr) int {
	const data = unix.SizeofInet4Pktinfo
	n := unix.CmsgSpace(data)
	binary.NativeEndian.PutUint64(b[0:], uint64(unix.CmsgLen(data)))
	binary.NativeEndian.PutUint32(b[8:], unix.SOL_IP)
	binary.NativeEndian.PutUint32(b[12:], unix.IP_PKTINFO)
	a := src.As4()
	copy(b[unix.CmsgLen(0)+4:], a[:]) // ipi_spec_dst
	return n
}

// Close implements greSocket; it waits for the reader to end.
func (r *rawSocket) Close() error {
	err := r.file.Close()
	r.done.Wait()
	return err
}

func (r *rawSocket) read() {
	buf := make([]byte, 65536)
	oob := make([]byte, 512)
	for {
		closed := r.conn.Read(func(fd uintptr) bool {
			return !r.drain(int(fd), buf, oob)
		})
		if closed != nil {
			return
		}
	}
}

// drain reads what is there, packets and errors, and returns true when it is
// time to wait. The two queues have one readiness, so both are looked at.
func (r *rawSocket) drain(fd int, buf, oob []byte) bool {
	for range 256 { // then let Close have a chance
		n, _, _, _, err := unix.Recvmsg(fd, buf, nil, 0)
		switch {
		case err == nil:
			r.packet(buf[:n])
		case errors.Is(err, unix.EAGAIN):
			return !r.drainErrors(fd, buf, oob)
		case errors.Is(err, unix.EINTR):
		default:
			r.drainErrors(fd, buf, oob)
		}
	}
	return false
}

// packet strips the IP header, which raw sockets deliver too.
func (r *rawSocket) packet(b []byte) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return
	}
	ihl := int(b[0]&0x0f) * 4
	if ihl < 20 || len(b) < ihl {
		return
	}
	from := netip.AddrFrom4([4]byte(b[12:16]))
	to := netip.AddrFrom4([4]byte(b[16:20]))
	r.deliver(b[ihl:], from, to)
}

// drainErrors reads the queue of ICMP errors and says whether there were any.
func (r *rawSocket) drainErrors(fd int, buf, oob []byte) bool {
	found := false
	for range 256 {
		n, oobn, _, name, err := unix.Recvmsg(fd, buf, oob, unix.MSG_ERRQUEUE)
		if err != nil {
			return found
		}
		found = true
		if to, ok := name.(*unix.SockaddrInet4); ok {
			e := greError{To: netip.AddrFrom4(to.Addr)}
			if !parseICMPError(oob[:oobn], &e.ICMPError) {
				continue
			}
			if n >= greHeaderMin {
				e.CallID, e.HasCallID = binary.BigEndian.Uint16(buf[greHeaderCallID:]), true
			}
			r.failed(e)
		}
	}
	return found
}

// parseICMPError reads a sock_extended_err control message; false if it holds
// no ICMP error.
func parseICMPError(oob []byte, e *ICMPError) bool {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for _, m := range msgs {
		// struct sock_extended_err, followed by the sockaddr_in of who sent the error
		if m.Header.Level != unix.SOL_IP || m.Header.Type != unix.IP_RECVERR || len(m.Data) < 16 {
			continue
		}
		if m.Data[4] != unix.SO_EE_ORIGIN_ICMP {
			continue
		}
		e.Type, e.Code = m.Data[5], m.Data[6]
		if e.Type == icmpUnreachable && e.Code == icmpFragNeeded {
			e.MTU = int(binary.NativeEndian.Uint32(m.Data[8:]))
		}
		if len(m.Data) >= 24 && binary.NativeEndian.Uint16(m.Data[16:]) == unix.AF_INET {
			e.From = netip.AddrFrom4([4]byte(m.Data[20:24]))
		}
		e.At = time.Now()
		return true
	}
	return false
}

func noPermission(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)
}

// PrivilegeHint returns the one command that lets this executable open the raw
// GRE socket.
func PrivilegeHint() string {
	exe, err := os.Executable()
	if err != nil {
		exe = "<the collector's executable>"
	}
	return "sudo setcap cap_net_raw+ep " + exe
}
