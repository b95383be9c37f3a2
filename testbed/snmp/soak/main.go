//go:build unix

// Command soak polls simulated agents for a long time, some of which fail or are slow,
// and prints every minute what it costs and whether the interval holds:
//
//	go run ./testbed/snmp/soak -agents 1000 -for 30m
//
// The agents are in a process of their own, so that the figures are those of polling.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

var (
	agents   = flag.Int("agents", 1000, "simulated agents, at most 10,000")
	sessions = flag.Int("sessions", 100, "sessions of each")
	interval = flag.Duration("interval", time.Minute, "time between two polls of an agent")
	duration = flag.Duration("for", 30*time.Minute, "how long")
	failing  = flag.Int("failing", 5, "percent of the agents that do not answer")
	slow     = flag.Int("slow", 5, "percent of the agents that take 50 ms for each answer")
	serving  = flag.Bool("serve", false, "be the agents (the command starts itself with it)")
)

func main() {
	flag.Parse()
	err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if *serving {
		return serve()
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, append([]string{"-serve"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = in.Close() // ends it
		_ = cmd.Wait()
	}()
	if _, err := out.Read(make([]byte, 8)); err != nil {
		return fmt.Errorf("the agents did not start: %w", err)
	}
	return poll()
}

func address(i int) (host string, port uint16) {
	return "127.0.96." + strconv.Itoa(100+i/100), uint16(20000 + i%100)
}

// serve is the agents, until standard input ends. Sessions come and go: every 10 s
// another one is missing.
func serve() error {
	generations := make([]*agent.Rows, 8)
	for n := range generations {
		generations[n] = rows(n)
	}
	var all []*agent.Agent
	for i := range *agents {
		host, port := address(i)
		cfg := agent.Config{Address: fmt.Sprintf("%s:%d", host, port)}
		switch {
		case i%100 < *failing:
			cfg.Drop = func(*agent.Request) bool { return true }
		case i%100 < *failing+*slow:
			cfg.Delay = func(*agent.Request) time.Duration { return 50 * time.Millisecond }
		}
		a, err := agent.Start(generations[0], cfg)
		if err != nil {
			return err
		}
		all = append(all, a)
	}
	go func() {
		for n := range time.Tick(10 * time.Second) {
			for _, a := range all {
				a.Set(generations[n.Unix()/10%int64(len(generations))])
			}
		}
	}()
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1)) // its end is what is waited for
	return nil
}

func rows(missing int) *agent.Rows {
	r := &agent.Rows{}
	r.Add("1.3.6.1.2.1.1.2.0", agent.OID, "1.3.6.1.4.1.9.1.222")
	r.Add("1.3.6.1.2.1.1.3.0", agent.TimeTicks, 8_640_000)
	n := 0
	for i := range *sessions {
		if i == missing {
			continue
		}
		n++
		for c, tag := range map[int]byte{2: agent.String, 3: agent.Integer, 4: agent.TimeTicks, 5: agent.Counter32, 6: agent.Counter32, 7: agent.Counter32, 8: agent.Counter32} {
			var v any = i*1000 + c
			switch c {
			case 2:
				v = fmt.Sprint("user", i)
			case 3:
				v = 16
			}
			r.Add(fmt.Sprintf("1.3.6.1.4.1.9.10.24.1.3.2.1.%d.3.1.%d", c, i+1), tag, v)
		}
	}
	r.Add("1.3.6.1.4.1.9.10.24.1.1.4.1.3.3", agent.Gauge32, n)
	r.Sort()
	return r
}

// tally is what happened in a minute.
type tally struct {
	mu                             sync.Mutex
	polls, failed, partial, events int
	requests, retries, varbinds    int
	late, longest                  time.Duration
}

func poll() error {
	var targets []snmpppp.Target
	for i := range *agents {
		host, port := address(i)
		targets = append(targets, snmpppp.Target{
			ID: fmt.Sprint("gw-", i), Host: host, Port: port, Interval: *interval, Timeout: 2 * time.Second, Retries: 1,
			Auth: snmpppp.Auth{Version: snmpppp.V2c, Community: "public"},
		})
	}
	t := &tally{}
	f, err := snmpppp.NewFleet(targets, 0, snapshot.Tracking{}, t.add)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *duration)
	defer cancel()
	go func() {
		before := cpu()
		for now := range time.Tick(*interval) {
			t.print(now, cpu()-before)
			before = cpu()
		}
	}()
	f.Run(ctx)
	return nil
}

func (t *tally) add(r snmpppp.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.polls++
	t.late, t.longest = max(t.late, r.Late), max(t.longest, r.Duration)
	if r.Err != nil {
		t.failed++
		return
	}
	t.events += len(r.Delta.Events)
	if !r.Snapshot.Complete() {
		t.partial++
	}
	t.requests += r.Snapshot.Stats.Requests
	t.retries += r.Snapshot.Stats.Retries
	t.varbinds += r.Snapshot.Stats.Varbinds
}

func (t *tally) print(now time.Time, used time.Duration) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Printf("%s polls %d failed %d partial %d events %d requests %d retries %d varbinds %d late %s longest %s cpu %s heap %d MB rss %d MB goroutines %d\n",
		now.Format(time.TimeOnly), t.polls, t.failed, t.partial, t.events, t.requests, t.retries, t.varbinds,
		t.late.Round(time.Millisecond), t.longest.Round(time.Millisecond), used.Round(time.Millisecond), m.HeapAlloc>>20, rss(), runtime.NumGoroutine())
	t.polls, t.failed, t.partial, t.events, t.requests, t.retries, t.varbinds, t.late, t.longest = 0, 0, 0, 0, 0, 0, 0, 0, 0
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rss is the resident memory of this process in MB; 0: not known.
func rss() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize() >> 20
}
