//go:build linux

package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what this process takes.
type usage struct {
	CPU        time.Duration // user and system
	RSS        uint64        // bytes, as the kernel counts them
	Heap       uint64        // bytes of live and not yet collected objects
	Stacks     uint64        // bytes of goroutine stacks
	Goroutines int
	Threads    int
	Files      int // descriptors: sockets, and a few others
}

func readUsage() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		CPU: cpuTime(), RSS: status("VmRSS") << 10, Heap: m.HeapAlloc, Stacks: m.StackInuse,
		Goroutines: runtime.NumGoroutine(), Threads: int(status("Threads")), Files: openFiles(),
	}
}

// live is readUsage after the garbage has been collected, so that Heap is what
// is in use.
func live() usage {
	runtime.GC()
	runtime.GC() // what sync.Pools hold survives one
	return readUsage()
}

func cpuTime() time.Duration {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// status reads a number of /proc/self/status; 0 where it is not there.
func status(key string) uint64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == key+":" {
			n, _ := strconv.ParseUint(string(f[1]), 10, 64)
			return n
		}
	}
	return 0
}

func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// raiseFiles raises the limit of open files as far as it may, and returns it.
func raiseFiles() uint64 {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	for _, want := range []uint64{max(l.Max, 1<<16), l.Max} { // root may raise the hard limit as well
		raised := unix.Rlimit{Cur: want, Max: want}
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) == nil {
			return want
		}
	}
	return l.Cur
}
