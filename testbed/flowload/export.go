//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

var gateway = netip.AddrFrom4([4]byte{203, 0, 113, 1})

// client is the nth.
func client(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// traffic makes datagrams in turn, of all pairs again and again.
type traffic struct {
	o        *options
	exporter flowexport.Exporter
	next     int // pair
	flows    []flowexport.Flow
	left     []flowexport.Flow
	buffer   []byte
}

func newTraffic(o *options, domain uint32, now time.Time) *traffic {
	return &traffic{o: o, exporter: flowexport.Exporter{Version: flow.Version(o.version), Domain: domain, Boot: now.Add(-time.Hour)}}
}

// template is empty for a version without.
func (t *traffic) template(now time.Time) []byte {
	if t.exporter.Version == flow.NetFlow5 {
		return nil
	}
	t.buffer = t.exporter.Template(t.buffer[:0], now)
	return t.buffer
}

// datagram is valid until the next one.
func (t *traffic) datagram(now time.Time) []byte {
	start := now.Add(-time.Minute)
	t.flows = t.flows[:0]
	for len(t.flows) < t.o.ours {
		if len(t.left) == 0 {
			u := flowexport.Tunnel{Client: client(t.next), Gateway: gateway, Port: 40000}
			t.next = (t.next + 1) % t.o.pairs
			t.left = u.Flows(t.left[:0], start, now)
		}
		n := min(t.o.ours-len(t.flows), len(t.left))
		t.flows, t.left = append(t.flows, t.left[:n]...), t.left[n:]
	}
	for len(t.flows) < t.o.records {
		t.flows = append(t.flows, flowexport.Flow{Src: client(1), Dst: gateway, Proto: 17, SrcPort: 5000, DstPort: 443, Packets: 9, Bytes: 900, Start: start, End: now})
	}
	t.buffer = t.exporter.Datagram(t.buffer[:0], now, t.flows)
	return t.buffer
}

// export sends at an even rate, in bursts of a millisecond.
func export(ctx context.Context, o *options, out io.Writer) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", o.to)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	begin := time.Now()
	t := newTraffic(o, 1, begin)
	if b := t.template(begin); b != nil {
		if _, err := conn.Write(b); err != nil {
			return err
		}
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	sent := 0
	for now := begin; now.Sub(begin) < o.length && ctx.Err() == nil; now = time.Now() {
		due := sent + 100
		if o.rate > 0 {
			<-tick.C
			due = int(time.Since(begin).Seconds() * float64(o.rate))
		}
		for ; sent < due; sent++ {
			if _, err := conn.Write(t.datagram(now)); err != nil {
				return fmt.Errorf("after %d datagrams: %w", sent, err)
			}
		}
	}
	_, err = fmt.Fprintln(out, sent)
	return err
}
