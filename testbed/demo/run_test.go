//go:build distribution && linux

package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// text is what was printed so far.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (t *text) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(b)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// The collector with examples/demo.yaml finds a gateway healthy, and then out what was done to it.
func TestVerdictArrives(t *testing.T) {
	privilege.RawGRE(t)
	set := settings{collector: "../../bin/otelcol-pptp", config: "../../examples/demo.yaml", fault: "gre_blackhole", faultAfter: 15 * time.Second}
	if c := os.Getenv("COLLECTOR"); c != "" {
		set.collector = c
	}
	var out text
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- show(ctx, set, &out) }()
	wait := func(what string) {
		t.Helper()
		said := func() bool { return strings.Contains(out.String(), what) }
		if !assert.Eventually(t, func() bool { return said() || len(ended) > 0 }, 2*time.Minute, 100*time.Millisecond) || !said() {
			cancel()
			t.Fatalf("%s did not come; ended with %v\n%s", what, <-ended, out.String())
		}
	}
	wait("demo-gateway is HEALTHY\n")
	wait("demo-gateway is DOWN: ")
	cancel()
	require.NoError(t, <-ended)

	t.Log(out.String())
	_, verdict, _ := strings.Cut(out.String(), "demo-gateway is DOWN: ")
	verdict, _, _ = strings.Cut(verdict, "what to do")
	assert.Contains(t, verdict, "gre_blackhole_server_to_client, severity critical, confidence ")
	assert.Contains(t, verdict, "+ probe.gre_rx: none (probe)")
	assert.Contains(t, verdict, "+ netflow.gre: inbound_only (netflow)")
}
