//go:build unix

package snmpppp

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// benchAgents makes the test's process serve agents, apart from what is measured.
const benchAgents = "SNMP_BENCH_AGENTS"

func TestMain(m *testing.M) {
	if n := os.Getenv(benchAgents); n != "" {
		serveBench(n)
		return
	}
	os.Exit(m.Run())
}

// benchRows are what a gateway with sessions in the columns of CISCO-VPDN-MGMT-MIB
// says: 8 columns a session; a bare walk reads the same.
func benchRows(sessions int) *agent.Rows {
	rows := &agent.Rows{}
	rows.Add("1.3.6.1.2.1.1.2.0", agent.OID, "1.3.6.1.4.1.9.1.222")
	rows.Add("1.3.6.1.2.1.1.3.0", agent.TimeTicks, 8_640_000)
	rows.Add("1.3.6.1.4.1.9.10.24.1.1.4.1.3.3", agent.Gauge32, sessions)
	for i := range sessions {
		index := fmt.Sprintf(".3.%d.%d", i/10+1, i+1)
		for _, c := range benchColumns {
			switch c {
			case 2:
				rows.Add(fmt.Sprintf("%s.%d%s", benchRoot, c, index), agent.String, fmt.Sprintf("user%d@example.net", i))
			case 3:
				rows.Add(fmt.Sprintf("%s.%d%s", benchRoot, c, index), agent.Integer, 16)
			case 4:
				rows.Add(fmt.Sprintf("%s.%d%s", benchRoot, c, index), agent.TimeTicks, 360_000+i)
			case 10:
				rows.Add(fmt.Sprintf("%s.%d%s", benchRoot, c, index), agent.String, "")
			default:
				rows.Add(fmt.Sprintf("%s.%d%s", benchRoot, c, index), agent.Counter32, i*100_000+c)
			}
		}
	}
	rows.Sort()
	return rows
}

const benchRoot = "1.3.6.1.4.1.9.10.24.1.3.2.1"

var benchColumns = []int{2, 3, 4, 5, 6, 7, 8, 10}

// serveBench serves until its standard input ends: "<agents> <sessions>".
func serveBench(what string) {
	var agents, sessions int
	if _, err := fmt.Sscan(what, &agents, &sessions); err != nil {
		panic(err)
	}
	rows := benchRows(sessions)
	for i := range agents {
		if _, err := agent.Start(rows, agent.Config{Address: fmt.Sprintf("127.0.96.%d:%d", 10+i/100, 20000+i%100)}); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1)) // its end is what is waited for
}

// startBench starts agents in a process of their own, and returns their targets.
func startBench(b *testing.B, agents, sessions int) []Target {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", benchAgents, agents, sessions))
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	cmd.Stderr = os.Stderr
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close() // ends it
		_ = cmd.Wait()
	})
	line := make([]byte, 6)
	_, err = out.Read(line)
	require.NoError(b, err)
	require.Equal(b, "ready", strings.TrimSpace(string(line)))
	targets := make([]Target, agents)
	for i := range targets {
		targets[i] = Target{
			ID: fmt.Sprint("gw-", i), Host: fmt.Sprintf("127.0.96.%d", 10+i/100), Port: uint16(20000 + i%100), Timeout: 10 * time.Second,
			Auth: Auth{Version: V2c, Community: "public"},
		}
	}
	return targets
}

// cpu is the time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bareWalk is what a user of gosnmp writes: one BulkWalk for each column, and the
// values kept.
func bareWalk(b *testing.B, t Target, repetitions uint32) int {
	g := &gosnmp.GoSNMP{
		Target: t.Host, Port: t.Port, Community: t.Auth.Community, Version: gosnmp.Version2c, Timeout: t.Timeout, MaxRepetitions: repetitions,
	}
	if err := g.Connect(); err != nil {
		b.Error(err)
		return 0
	}
	defer g.Close()
	cells := map[string]any{}
	for _, c := range benchColumns {
		err := g.BulkWalk(fmt.Sprintf("%s.%d", benchRoot, c), func(v gosnmp.SnmpPDU) error {
			cells[v.Name] = v.Value
			return nil
		})
		if err != nil {
			b.Error(err)
		}
	}
	return len(cells)
}

// BenchmarkGateway polls one gateway of 1,000 sessions, 8,000 cells.
func BenchmarkGateway(b *testing.B) {
	targets := startBench(b, 1, 1000)
	b.Run("poll", func(b *testing.B) {
		p := poller(b, targets[0])
		_, err := p.Poll(context.Background()) // finds out what there is
		require.NoError(b, err)
		b.ReportAllocs()
		start, requests := cpu(), 0
		for b.Loop() {
			s, err := p.Poll(context.Background())
			if err != nil || len(s.Sessions) != 1000 || !s.Complete() {
				b.Fatal(err)
			}
			requests = s.Stats.Requests
		}
		b.ReportMetric(float64(cpu()-start)/float64(b.N)/1e6, "cpu-ms/op")
		b.ReportMetric(float64(requests), "requests/op")
	})
	for _, repetitions := range []uint32{25, 50, 100} {
		b.Run(fmt.Sprintf("gosnmp.BulkWalk/%d", repetitions), func(b *testing.B) {
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				if n := bareWalk(b, targets[0], repetitions); n != 8000 {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(cpu()-start)/float64(b.N)/1e6, "cpu-ms/op")
		})
	}
}

// BenchmarkAgents polls 1,000 agents of 500 sessions each, 64 at a time: 4 million
// cells.
func BenchmarkAgents(b *testing.B) {
	targets := startBench(b, 1000, 500)
	each := func(f func(i int)) {
		slots := make(chan struct{}, DefaultWorkers)
		var wg sync.WaitGroup
		for i := range targets {
			slots <- struct{}{}
			wg.Go(func() {
				f(i)
				<-slots
			})
		}
		wg.Wait()
	}
	report := func(b *testing.B, start time.Duration) {
		b.ReportMetric(float64(cpu()-start)/float64(b.N)/1e6, "cpu-ms/op")
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/1e6, "heap-MB")
	}
	b.Run("poll", func(b *testing.B) {
		pollers := make([]*Poller, len(targets))
		one := func(i int) {
			s, err := pollers[i].Poll(context.Background())
			if err != nil || len(s.Sessions) != 500 {
				b.Error(err)
			}
		}
		for i := range pollers {
			pollers[i] = poller(b, targets[i])
		}
		each(one)
		b.ReportAllocs()
		start := cpu()
		for b.Loop() {
			each(one)
		}
		report(b, start)
		runtime.KeepAlive(pollers)
	})
	b.Run("gosnmp.BulkWalk", func(b *testing.B) {
		b.ReportAllocs()
		start := cpu()
		for b.Loop() {
			each(func(i int) {
				if n := bareWalk(b, targets[i], 25); n != 4000 {
					b.Error(n)
				}
			})
		}
		report(b, start)
	})
}
