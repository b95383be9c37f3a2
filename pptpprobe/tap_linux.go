package pptpprobe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// tapSnap is how much of a packet is read: the longest IP header, and the GRE
// header up to the call id.
const tapSnap = 60 + greHeaderMin

// tapSocket is a packet socket that sees the GRE packets of all interfaces.
type tapSocket struct {
	file *os.File
	conn syscall.RawConn
	seen func(from, to netip.Addr, call uint16)
	done sync.WaitGroup
}

// openTap opens the socket and starts its reader.
func openTap(seen func(from, to netip.Addr, call uint16)) (io.Closer, error) {
	// Protocol 0 receives nothing until bind, when the filter is in place.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	if err := filterGRE(fd); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	ip := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP)) // in network order
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ip}); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("bind packet socket: %w", err)
	}
	file := os.NewFile(uintptr(fd), "wire")
	conn, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	t := &tapSocket{file: file, conn: conn, seen: seen}
	t.done.Go(t.read)
	return t, nil
}

// filterGRE lets only the heads of GRE packets through.
func filterGRE(fd int) error {
	raw, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 9, Size: 1}, // protocol; the link's header is not there
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protoGRE, SkipTrue: 1},
		bpf.RetConstant{Val: tapSnap},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return fmt.Errorf("filter of packet socket: %w", err)
	}
	prog := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		prog[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}); err != nil {
		return fmt.Errorf("filter of packet socket: %w", err)
	}
	return nil
}

// Close waits for the reader to end.
func (t *tapSocket) Close() error {
	err := t.file.Close()
	t.done.Wait()
	return err
}

func (t *tapSocket) read() {
	buf := make([]byte, tapSnap)
	for {
		closed := t.conn.Read(func(fd uintptr) bool {
			n, from, err := unix.Recvfrom(int(fd), buf, 0)
			if errors.Is(err, unix.EAGAIN) {
				return false
			}
			if l, ok := from.(*unix.SockaddrLinklayer); err == nil && ok && l.Pkttype != unix.PACKET_OUTGOING {
				t.packet(buf[:n])
			}
			return true
		})
		if closed != nil {
			return
		}
	}
}

func (t *tapSocket) packet(b []byte) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return
	}
	ihl := int(b[0]&0x0f) * 4
	if ihl < 20 || len(b) < ihl+greHeaderMin {
		return
	}
	t.seen(netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), binary.BigEndian.Uint16(b[ihl+greHeaderCallID:]))
}
