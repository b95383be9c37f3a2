package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// checkPrivilege says which one command is missing, before anything starts.
// Both the collector and this program, which is the gateway, speak raw GRE.
func checkPrivilege(collector string) error {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	if abs, err := filepath.Abs(collector); err == nil {
		collector = abs
	}
	if os.Geteuid() == 0 || canOpenRaw() && hasFileCapability(collector) {
		return nil
	}
	return fmt.Errorf("raw GRE needs the capability CAP_NET_RAW; grant it to these two programs with one command, then run again:\n\n    sudo setcap cap_net_raw+ep %s cap_net_raw+ep %s\n\n(a rebuild removes it; as root it is not needed)", collector, self)
}

func canOpenRaw() bool {
	const protoGRE = 47
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protoGRE)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}

// hasFileCapability says whether the file carries capabilities at all, or this
// process passes its own on to children.
func hasFileCapability(path string) bool {
	if n, err := unix.Getxattr(path, "security.capability", nil); err == nil && n > 0 {
		return true
	}
	ok, err := unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, unix.CAP_NET_RAW, 0, 0)
	return err == nil && ok == 1
}
