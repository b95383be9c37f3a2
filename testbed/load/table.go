//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// table is what a measurement prints.
type table struct{ w *tabwriter.Writer }

func newTable(out io.Writer) table { return table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)} }

func (t table) row(what, value string) { _, _ = fmt.Fprintf(t.w, "%s\t%s\n", what, value) }

// times prints the distribution of d.
func (t table) times(what string, d []time.Duration) {
	if len(d) == 0 {
		return
	}
	slices.Sort(d)
	at := func(share float64) time.Duration {
		return d[int(share*float64(len(d)-1))].Round(10 * time.Microsecond)
	}
	t.row(what, fmt.Sprintf("median %s, 99 %% %s, longest %s", at(0.5), at(0.99), at(1)))
}

// result prints what came of the sessions.
func (t table) result(y *tally, s pptpprobe.ProbeStats) {
	t.row("sessions ok, failed", fmt.Sprintf("%d, %d", y.ok, len(y.failed)))
	t.row("requests sent again", fmt.Sprint(y.retries))
	t.row("pings and echoes lost", fmt.Sprint(y.lost))
	t.row("warnings", fmt.Sprint(y.warnings))
	t.row("GRE packets received", fmt.Sprintf("%d, of no session %d, dropped %d", s.GREPackets, s.GREUnknown, s.GREQueueDrops))
}

func (t table) flush() error { return t.w.Flush() }
