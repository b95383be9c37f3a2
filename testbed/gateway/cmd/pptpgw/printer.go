package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// printer prints one line for each event.
type printer struct {
	mu sync.Mutex
	w  io.Writer
}

func newPrinter(w io.Writer) *printer { return &printer{w: w} }

func (p *printer) line(format string, a ...any) { p.print(time.Now(), fmt.Sprintf(format, a...)) }

func (p *printer) print(at time.Time, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.w, "%s %s\n", at.Format("15:04:05.000"), text)
}

// event is the gateway's Observe.
func (p *printer) event(e gateway.Event) {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d %s %s", e.Session, e.Client, e.Kind)
	if e.Kind == gateway.EventCallUp {
		fmt.Fprintf(&b, " (%d, client's %d)", e.CallID, e.PeerID)
	}
	if e.Kind == gateway.EventEstablished {
		fmt.Fprintf(&b, " user %q has %s", e.User, e.Address)
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Kind == gateway.EventClosed {
		b.WriteString(" (" + teardown(e.Teardown) + ")")
	}
	p.print(e.At, b.String())
}

// teardown says in words how a session ended.
func teardown(t gateway.Teardown) string {
	switch {
	case t.ByGateway:
		return "by the gateway"
	case t.Clean():
		return "cleanly"
	}
	missing := make([]string, 0, 3)
	for _, m := range []struct {
		was  bool
		name string
	}{{t.Terminated, "LCP Terminate-Request"}, {t.Cleared, "Call-Clear-Request"}, {t.Stopped, "Stop-Control-Connection-Request"}} {
		if !m.was {
			missing = append(missing, m.name)
		}
	}
	return "without " + strings.Join(missing, ", ")
}
