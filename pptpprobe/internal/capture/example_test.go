package capture_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe/internal/capture"
)

func Example() {
	dir, err := os.MkdirTemp("", "captures")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := capture.NewStore(capture.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := store.Session(capture.Meta{Target: "vpn", Host: "vpn.example.com"})
	r.ControlOpened(netip.MustParseAddrPort("192.0.2.100:40000"), netip.MustParseAddrPort("192.0.2.1:1723"), now, now)
	r.ControlSent(now, []byte("..."))
	r.ControlClosed(now, true)
	path, err := r.Save(now, capture.Reason{Stage: "control", Cause: "control.closed_before_sccrp"})
	fmt.Println(filepath.Base(path), err)
	// Output: 20260102T030405.000000Z_vpn_control.closed_before_sccrp.pcapng <nil>
}
