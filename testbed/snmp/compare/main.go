//go:build linux

// Compare polls one gateway of 1,000 sessions, whose agent it is itself, and says what that costs with snmpppp, with
// the walk that a user of gosnmp writes, and with the SNMP exporter of Prometheus from Debian (see setup.sh), all for the
// same eight columns of CISCO-VPDN-MGMT-MIB:
//
//	compare -exporter ~/.cache/otelcol-pptp/snmp/usr/bin/prometheus-snmp-exporter -polls 50
//
// Each is a process of its own, so that its CPU and memory are its own.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// options are the flags.
type options struct {
	exporter    string
	sessions    int
	polls       int
	repetitions int
	worker      string // what this process is to be: a poller of this kind
	target      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.StringVar(&o.exporter, "exporter", "", "path of prometheus-snmp-exporter; empty: without it")
	f.IntVar(&o.sessions, "sessions", 1000, "of the gateway")
	f.IntVar(&o.polls, "polls", 50, "of each")
	f.IntVar(&o.repetitions, "repetitions", 25, "max-repetitions of the walk and of the exporter, whose default it is")
	f.StringVar(&o.worker, "worker", "", "used by itself")
	f.StringVar(&o.target, "target", "", "used by itself")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.sessions < 1 || o.polls < 1 || o.repetitions < 1 {
		return errors.New("-sessions, -polls and -repetitions are 1 at least")
	}
	if o.worker != "" {
		return work(ctx, &o)
	}
	return compare(ctx, &o, out)
}

// traffic is what the agent has seen.
type traffic struct {
	requests, octets, packets atomic.Int64 // octets of the answers; packets of both, of 1500 octets at most
}

// answered counts an answer.
func (t *traffic) answered(_ *agent.Request, b []byte) []byte {
	const header, mtu = 8, 1480 // of UDP, and what a packet of IPv4 carries
	t.requests.Add(1)
	t.octets.Add(int64(len(b)))
	t.packets.Add(1 + int64(len(b)+header+mtu-1)/mtu)
	return b
}

// cost is what polls take.
type cost struct {
	cpu    time.Duration
	memory int64 // resident at most, in octets
}

func compare(ctx context.Context, o *options, out io.Writer) error {
	var seen traffic
	a, err := agent.Start(rows(o.sessions), agent.Config{Raw: seen.answered})
	if err != nil {
		return err
	}
	defer a.Close()
	o.target = a.Addr().String()

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\tCPU ms/poll\trequests/poll\tpackets/poll\tKiB/poll\tresident MiB\t\n")
	for _, way := range []struct {
		name string
		poll func(context.Context, *options, func()) (cost, error)
	}{
		{"snmpppp", child("snmpppp")},
		{"gosnmp BulkWalk", child("walk")},
		{"prometheus-snmp-exporter", scrape},
	} {
		if way.name == "prometheus-snmp-exporter" && o.exporter == "" {
			continue
		}
		c, err := way.poll(ctx, o, func() {
			seen.requests.Store(0)
			seen.octets.Store(0)
			seen.packets.Store(0)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		n := float64(o.polls)
		fmt.Fprintf(table, "%s\t%.1f\t%.0f\t%.0f\t%.0f\t%.1f\t\n", way.name, c.cpu.Seconds()*1000/n, float64(seen.requests.Load())/n,
			float64(seen.packets.Load())/n, float64(seen.octets.Load())/n/1024, float64(c.memory)/(1<<20))
	}
	return cmp.Or(table.Flush(), ctx.Err())
}

const root = "1.3.6.1.4.1.9.10.24.1.3.2.1"

var columns = []int{2, 3, 4, 5, 6, 7, 8, 10}

// rows are those of a gateway with so many sessions.
func rows(sessions int) *agent.Rows {
	r := &agent.Rows{}
	r.Add("1.3.6.1.2.1.1.2.0", agent.OID, "1.3.6.1.4.1.9.1.222")
	r.Add("1.3.6.1.2.1.1.3.0", agent.TimeTicks, 8_640_000)
	r.Add("1.3.6.1.4.1.9.10.24.1.1.4.1.3.3", agent.Gauge32, sessions)
	for i := range sessions {
		for _, c := range columns {
			oid := fmt.Sprintf("%s.%d.3.%d.%d", root, c, i/10+1, i+1)
			switch c {
			case 2:
				r.Add(oid, agent.String, fmt.Sprintf("user%d@example.net", i))
			case 3:
				r.Add(oid, agent.Integer, 16)
			case 4:
				r.Add(oid, agent.TimeTicks, 360_000+i)
			case 10:
				r.Add(oid, agent.String, "")
			default:
				r.Add(oid, agent.Counter32, i*100_000+c)
			}
		}
	}
	r.Sort()
	return r
}
