package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// isTerminal says whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := getTermios(f)
	return err == nil
}

// openTTY opens the terminal this process is controlled from, whatever stdin is.
func openTTY() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }

// readSecret asks at a terminal and reads one line without showing it. When ctx
// ends, the terminal is as it was.
func readSecret(ctx context.Context, tty *os.File, question string) (string, error) {
	before, err := getTermios(tty)
	if err != nil {
		return "", err
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	// TCSETSF drops what was typed before the question, and may have been meant for the shell.
	if err := setTermios(tty, unix.TCSETSF, &silent); err != nil {
		return "", err
	}
	defer func() {
		_ = setTermios(tty, unix.TCSETS, before)
		fmt.Fprintln(tty)
	}()
	fmt.Fprint(tty, question)
	stop := context.AfterFunc(ctx, func() { _ = tty.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := bufio.NewReader(io.LimitReader(tty, maxPassword)).ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// getTermios and setTermios leave f non-blocking, so that a read of it can be ended.
func getTermios(f *os.File) (t *unix.Termios, err error) {
	err = control(f, func(fd int) (e error) {
		t, e = unix.IoctlGetTermios(fd, unix.TCGETS)
		return e
	})
	return t, err
}

func setTermios(f *os.File, request uint, t *unix.Termios) error {
	return control(f, func(fd int) error { return unix.IoctlSetTermios(fd, request, t) })
}

func control(f *os.File, do func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// canOpenGRE says whether this process may open a raw GRE socket.
func canOpenGRE() bool {
	const protoGRE = 47
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protoGRE)
	if err == nil {
		_ = unix.Close(fd)
	}
	return !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES)
}
