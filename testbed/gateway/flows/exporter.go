// Package flows exports what the simulated gateway's network interface sees as IPFIX, as
// the router in front of a gateway does.
package flows

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// Config is how an [Exporter] works. Collector is all it needs.
type Config struct {
	// Collector is where the datagrams go, host:port.
	Collector string
	// Active is how long a flow that goes on is kept until it is exported (default 5 s), Idle
	// how long one that is silent is (default 2 s). Routers have 30 min and 15 s.
	Active, Idle time.Duration
}

// cacheSize bounds the flows that are kept: more are exported at once.
const cacheSize = 4096

// templateEvery is how many exports pass until the template is sent again.
const templateEvery = 10

const finOrReset = 0x01 | 0x04

// key is what makes a flow.
type key struct {
	src, dst netip.AddrPort
	proto    uint8
}

// cache is the flow cache, without clock and socket.
type cache struct {
	active, idle time.Duration
	flows        map[key]*flowexport.Flow
	done         []flowexport.Flow
}

func (c *cache) packet(p *gateway.Packet) {
	k := key{p.Gateway, p.Client, p.Protocol}
	if p.In {
		k.src, k.dst = k.dst, k.src
	}
	f := c.flows[k]
	if f == nil {
		if len(c.flows) >= cacheSize {
			c.expire(p.At.Add(c.active))
		}
		f = &flowexport.Flow{
			Src: k.src.Addr(), Dst: k.dst.Addr(), Proto: k.proto, SrcPort: k.src.Port(), DstPort: k.dst.Port(), Start: p.At,
		}
		c.flows[k] = f
	}
	f.Flags |= p.Flags
	f.Packets++
	f.Bytes += uint32(p.Bytes)
	f.End = p.At
	if p.Flags&finOrReset != 0 { // the end of a connection is exported at once
		c.take(k, f)
	}
}

func (c *cache) take(k key, f *flowexport.Flow) {
	c.done = append(c.done, *f)
	delete(c.flows, k)
}

// expire takes the flows whose time is over.
func (c *cache) expire(now time.Time) {
	for k, f := range c.flows {
		if now.Sub(f.Start) >= c.active || now.Sub(f.End) >= c.idle {
			c.take(k, f)
		}
	}
}

// Exporter keeps flows and sends them. It is safe for concurrent use.
type Exporter struct {
	conn  net.Conn
	mu    sync.Mutex
	cache cache
	ipfix flowexport.Exporter
	sent  int
	close func() error
}

// Start starts an exporter, which must be closed.
func Start(ctx context.Context, c Config) (*Exporter, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", c.Collector)
	if err != nil {
		return nil, fmt.Errorf("export flows: %w", err)
	}
	if c.Active <= 0 {
		c.Active = 5 * time.Second
	}
	if c.Idle <= 0 {
		c.Idle = 2 * time.Second
	}
	x := &Exporter{
		conn:  conn,
		cache: cache{active: c.Active, idle: c.Idle, flows: make(map[key]*flowexport.Flow)},
		ipfix: flowexport.Exporter{Version: flow.IPFIX, Domain: 1, Boot: time.Now()},
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { x.run(stop) })
	x.close = sync.OnceValue(func() error {
		close(stop)
		running.Wait()
		return conn.Close()
	})
	return x, nil
}

// Observe takes a packet; it is made for [gateway.Config].Tap.
func (x *Exporter) Observe(p gateway.Packet) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cache.packet(&p)
}

func (x *Exporter) run(stop chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			x.export(now)
		}
	}
}

func (x *Exporter) export(now time.Time) {
	x.mu.Lock()
	x.cache.expire(now)
	flows := x.cache.done
	x.cache.done = nil
	x.mu.Unlock()
	// Datagrams may be lost: nobody may listen yet.
	if x.sent%templateEvery == 0 {
		_, _ = x.conn.Write(x.ipfix.Template(nil, now))
	}
	x.sent++
	x.ipfix.Export(now, flows, func(b []byte) { _, _ = x.conn.Write(b) })
}

// Close ends it. It may be called again.
func (x *Exporter) Close() error { return x.close() }
