package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// greBuffer is the receive buffer asked for: a burst of many sessions lives in
// it while the reader is not scheduled.
const greBuffer = 4 << 20

type rawGRE struct {
	file    *os.File
	conn    syscall.RawConn
	receive greReceive
	reader  sync.WaitGroup
}

// openGRE opens the socket.
func openGRE(local netip.Addr) (greSocket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protoGRE)
	if err != nil {
		return nil, permission(fmt.Errorf("open raw GRE socket: %w", err))
	}
	file := os.NewFile(uintptr(fd), "gre")
	fail := func(what string, err error) (greSocket, error) {
		_ = file.Close()
		return nil, fmt.Errorf("raw GRE socket: %s: %w", what, err)
	}
	// Bound, so that several gateways on addresses of one host do not see each other's packets.
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: local.As4()}); err != nil {
		return fail("bind to "+local.String(), err)
	}
	// Raw sockets set DF by default; a tunnel must let routers fragment.
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT); err != nil {
		return fail("clear DF", err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, greBuffer) != nil {
		// Without CAP_NET_ADMIN the system's limit applies; that is enough for most.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, greBuffer)
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return fail("poll", err)
	}
	return &rawGRE{file: file, conn: conn}, nil
}

// start implements greSocket.
func (g *rawGRE) start(receive greReceive) {
	g.receive = receive
	g.reader.Go(g.read)
}

func (g *rawGRE) read() {
	buf := make([]byte, 0xFFFF)
	for {
		n := 0
		var got error
		err := g.conn.Read(func(fd uintptr) bool {
			n, _, got = unix.Recvfrom(int(fd), buf, 0)
			return !errors.Is(got, unix.EAGAIN)
		})
		if err != nil {
			return // closed
		}
		if got == nil {
			g.receive(buf[:n])
		}
	}
}

// send implements greSocket.
func (g *rawGRE) send(packet []byte, from, to netip.Addr) error {
	dst := unix.SockaddrInet4{Addr: to.As4()}
	var space [64]byte
	oob := space[:packetInfo(space[:], from)]
	var sent error
	err := g.conn.Write(func(fd uintptr) bool {
		_, sent = unix.SendmsgN(int(fd), packet, oob, &dst, 0)
		return !errors.Is(sent, unix.EAGAIN)
	})
	if err == nil {
		err = sent
	}
	if err != nil {
		return fmt.Errorf("send GRE to %s: %w", to, err)
	}
	return nil
}

// packetInfo writes an IP_PKTINFO control message that sets the source address.
func packetInfo(b []byte, src netip.Addr) int {
	n := unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(unix.SizeofInet4Pktinfo)))
	binary.NativeEndian.PutUint32(b[8:], unix.SOL_IP)
	binary.NativeEndian.PutUint32(b[12:], unix.IP_PKTINFO)
	a := src.As4()
	copy(b[unix.CmsgLen(0)+4:], a[:]) // ipi_spec_dst
	return n
}

// sendICMP implements greSocket. The socket for it lives only this long: it would
// have to be read as well.
func (g *rawGRE) sendICMP(message []byte, from, to netip.Addr) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return permission(fmt.Errorf("open raw ICMP socket: %w", err))
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: from.As4()}); err != nil {
		return fmt.Errorf("send ICMP from %s: %w", from, err)
	}
	if err := unix.Sendto(fd, message, 0, &unix.SockaddrInet4{Addr: to.As4()}); err != nil {
		return fmt.Errorf("send ICMP to %s: %w", to, err)
	}
	return nil
}

// close implements greSocket; it waits for the reader.
func (g *rawGRE) close() error {
	err := g.file.Close()
	g.reader.Wait()
	return err
}
