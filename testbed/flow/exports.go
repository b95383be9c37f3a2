package flow

import (
	"strings"
	"time"
)

// The time-outs that exporters are run with, as is good for routers, too.
const (
	Active   = 60 * time.Second
	Inactive = 15 * time.Second
)

// Export is what an exporter makes of a capture.
type Export struct {
	Name    string // the exporter, the version of the format (10 is IPFIX), and more; also of the file in testdata
	Capture string // of Captures
	// Sampling is one of how many packets the exporter looks at.
	Sampling int
}

// Captures are the captures that exporters read, by name.
func Captures() map[string][]Pair {
	return map[string][]Pair{"reference": Reference(), "busy": Busy()}
}

// Exports returns all exports. fprobe makes none: it reads no captures.
func Exports() []Export {
	return []Export{
		{"softflowd-v5", "reference", 1},
		{"softflowd-v9", "reference", 1},
		{"softflowd-v10", "reference", 1},
		{"softflowd-v10-biflow", "reference", 1},
		{"softflowd-v5-sampled", "reference", 100},
		{"softflowd-v9-sampled", "reference", 100},
		{"softflowd-v10-sampled", "reference", 100},
		{"softflowd-v10-sampled-busy", "busy", 100},
		{"pmacctd-v5", "reference", 1},
		{"pmacctd-v9", "reference", 1},
		{"pmacctd-v10", "reference", 1},
		{"pmacctd-sflow", "reference", 1},
		{"pmacctd-sflow-sampled", "reference", 100},
		{"pmacctd-sflow-sampled-busy", "busy", 100},
		{"nfpcapd-v5", "reference", 1},
		{"nfpcapd-v9", "reference", 1},
	}
}

// SFlow says that it is of packets, with their headers, and not of flows.
func (e Export) SFlow() bool { return strings.Contains(e.Name, "sflow") }

// Want is the state that the export shows of a pair at the end of the capture.
func (e Export) Want(p Pair) State {
	switch {
	case e.Sampling > 1:
		return Unknown // of the control connection, too few packets are sampled
	case p.Partial() && !e.SFlow():
		return Unknown // no Call IDs
	case p.Want == Stalled && strings.HasPrefix(e.Name, "nfpcapd"):
		return Unknown // nfreplay fills its datagrams, so that silence is proven later than the capture is long
	}
	return p.Want
}
