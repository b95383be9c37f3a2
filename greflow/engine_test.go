package greflow

import (
	"bytes"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	router  = netip.MustParseAddrPort("192.0.2.1:50000")
	gateway = netip.MustParseAddr("203.0.113.1")
	client  = netip.MustParseAddr("198.51.100.1")
)

// config is for a gateway behind an exporter with short time-outs.
func config() Config {
	return Config{
		MaxChanges: 100,
		Detect: detect.Config{
			Gateways: []detect.Gateway{{ID: "gw-1", Addresses: []netip.Prefix{netip.PrefixFrom(gateway, 32)}}},
			Active:   time.Minute,
		},
	}
}

func newEngine(tb testing.TB, cfg Config) *Engine {
	tb.Helper()
	e, err := New(cfg)
	require.NoError(tb, err)
	return e
}

// feed gives the engine what an exporter says of the tunnels, a datagram a
// minute, and ticks each second between. It returns when it ended.
func feed(tb testing.TB, e *Engine, x *flowexport.Exporter, start time.Time, minutes int, tunnels ...*flowexport.Tunnel) time.Time {
	tb.Helper()
	now := start
	for range minutes {
		for range 60 {
			now = now.Add(time.Second)
			e.Tick(now)
		}
		var flows []flowexport.Flow
		for _, t := range tunnels {
			flows = t.Flows(flows, now.Add(-time.Minute), now)
		}
		x.Export(now, flows, func(b []byte) { require.NoError(tb, e.Ingest(router, now, b)) })
	}
	return now
}

func tunnel() *flowexport.Tunnel {
	return &flowexport.Tunnel{Client: client, Gateway: gateway, Port: 40000}
}

func TestFromDatagramsToAVerdict(t *testing.T) {
	for _, version := range []flow.Version{flow.NetFlow5, flow.NetFlow9, flow.IPFIX} {
		t.Run(version.String(), func(t *testing.T) {
			e := newEngine(t, config())
			x, u := &flowexport.Exporter{Version: version, Boot: noon.Add(-time.Hour)}, tunnel()
			if version != flow.NetFlow5 {
				require.NoError(t, e.Ingest(router, noon, x.Template(nil, noon)))
			}
			now := feed(t, e, x, noon, 10, u)
			states := func() (out []detect.State) {
				for _, c := range e.Changes(nil) {
					if !c.OfGateway() {
						assert.Equal(t, client, c.Client)
						assert.Equal(t, "gw-1", c.Gateway.ID)
						out = append(out, c.To)
					}
				}
				return out
			}
			assert.Equal(t, []detect.State{detect.Healthy}, states())

			u.NoOutbound = true
			now = feed(t, e, x, now, 8, u)
			assert.Equal(t, []detect.State{detect.InboundOnly}, states())
			g := e.Gateways(nil)
			require.Len(t, g, 1)
			assert.Equal(t, 1, g[0].Pairs[detect.InboundOnly])
			assert.InDelta(t, 1, g[0].Share, 1e-3)
			assert.Equal(t, uint64(18*60), g[0].Packets[detect.ToGateway])

			u.NoOutbound = false
			feed(t, e, x, now, 3, u)
			assert.Equal(t, []detect.State{detect.Healthy}, states())
			assert.Zero(t, e.Stats().ChangesLost)
		})
	}
}

func TestDispatch(t *testing.T) {
	v9 := (&flowexport.Exporter{Version: flow.NetFlow9, Boot: noon.Add(-time.Hour)}).Template(nil, noon)
	sflow5 := []byte{
		0, 0, 0, 5, 0, 0, 0, 1, 192, 0, 2, 1, // version, agent
		0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, // sub-agent, sequence, uptime, no samples
	}
	tests := []struct {
		name     string
		from     string
		datagram []byte
		reason   string // empty: taken
	}{
		{"v9", "192.0.2.1:1", v9, ""},
		{"sflow", "192.0.2.1:1", sflow5, ""},
		{"address of an IPv4-mapped socket", "[::ffff:192.0.2.1]:1", v9, ""},
		{"in a prefix", "198.51.100.200:1", v9, ""},
		{"link-local, with a zone", "[fe80::1%eth0]:1", v9, ""},
		{"stranger", "192.0.2.2:1", v9, "not_allowed"},
		{"empty", "192.0.2.1:1", nil, "version"},
		{"three bytes", "192.0.2.1:1", v9[:3], "version"},
		{"v1", "192.0.2.1:1", []byte{0, 1, 0, 1, 0}, "version"},
		{"sflow 4", "192.0.2.1:1", []byte{0, 0, 0, 4}, "version"},
		{"v9 cut off", "192.0.2.1:1", v9[:10], "short"},
		{"sflow cut off", "192.0.2.1:1", sflow5[:6], "short"},
	}
	cfg := config()
	cfg.Exporters = []netip.Prefix{
		netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("fe80::/10"),
	}
	e := newEngine(t, cfg)
	refused := map[string]uint64{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := e.Ingest(netip.MustParseAddrPort(tt.from), noon, tt.datagram)
			if tt.reason == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, tt.reason, Reason(err))
			refused[tt.reason]++
		})
	}
	s := e.Stats()
	assert.Equal(t, uint64(len(tests)), s.Datagrams)
	assert.Equal(t, refused["not_allowed"], s.NotAllowed)
	assert.Equal(t, refused["version"], s.Unknown)
	assert.Equal(t, uint64(2), s.SFlow.Datagrams, "one of them too short")
	assert.Equal(t, "other", Reason(assert.AnError))
}

func TestConfigIsValidated(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"exporter", func(c *Config) { c.Exporters = []netip.Prefix{{}} }, "exporters[0]: "},
		{"mapped exporter", func(c *Config) {
			c.Exporters = []netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.1/128")}
		}, "exporters[0]: "},
		{"changes", func(c *Config) { c.MaxChanges = -1 }, "max_changes: -1 is negative"},
		{"detector", func(c *Config) { c.Detect.Passes = 9 }, "passes: 9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config()
			tt.change(&cfg)
			_, err := New(cfg)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestHooksSeeWhatTheDetectorSees(t *testing.T) {
	cfg := config()
	var (
		protocols []uint8
		notes     []flow.NoteKind
	)
	cfg.OnRecord = func(r *flow.Record) { protocols = append(protocols, r.Proto) }
	cfg.OnNote = func(n flow.Note) { notes = append(notes, n.Kind) }
	e := newEngine(t, cfg)
	x := &flowexport.Exporter{Version: flow.NetFlow9, Boot: noon.Add(-time.Hour)}
	_ = x.Template(nil, noon) // never gets here
	data := x.Datagram(nil, noon, tunnel().Flows(nil, noon.Add(-time.Minute), noon))
	require.NoError(t, e.Ingest(router, noon, data))
	assert.Empty(t, protocols)
	assert.Contains(t, notes, flow.NoteTemplateMissing)
	require.NoError(t, e.Ingest(router, noon, x.Template(nil, noon)))
	assert.Equal(t, []uint8{6, 6, 47, 47}, protocols, "what waited for its template is not lost")
	assert.Contains(t, notes, flow.NoteTemplateArrived)
	assert.Equal(t, uint64(4), e.Stats().Detect.Records)
}

func TestTemplatesOutliveTheEngine(t *testing.T) {
	x := &flowexport.Exporter{Version: flow.IPFIX, Boot: noon.Add(-time.Hour)}
	first := newEngine(t, config())
	require.NoError(t, first.Ingest(router, noon, x.Template(nil, noon)))
	var saved bytes.Buffer
	require.NoError(t, first.Save(&saved))

	second := newEngine(t, config())
	require.NoError(t, second.Load(bytes.NewReader(saved.Bytes()), noon.Add(time.Minute)))
	feed(t, second, x, noon.Add(time.Minute), 1, tunnel())
	s := second.Stats()
	assert.Equal(t, uint64(4), s.Detect.Records)
	assert.Zero(t, s.NetFlow.TemplateMisses)

	require.ErrorContains(t, second.Load(strings.NewReader("of something else"), noon), "loading templates: ")
	require.ErrorIs(t, first.Save(failing{}), assert.AnError)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, assert.AnError }

func TestManySocketsAtOnce(t *testing.T) {
	e := newEngine(t, config())
	const sockets, rounds = 4, 200
	var wg sync.WaitGroup
	for i := range sockets {
		wg.Go(func() {
			x := &flowexport.Exporter{Version: flow.NetFlow9, Domain: uint32(i), Boot: noon.Add(-time.Hour)}
			from := netip.AddrPortFrom(router.Addr(), uint16(i))
			_ = e.Ingest(from, noon, x.Template(nil, noon))
			for range rounds {
				_ = e.Ingest(from, noon, x.Datagram(nil, noon, tunnel().Flows(nil, noon.Add(-time.Minute), noon)))
			}
		})
	}
	wg.Go(func() {
		for i := range rounds {
			e.Tick(noon.Add(time.Duration(i) * time.Second))
			_, _, _ = e.Changes(nil), e.Gateways(nil), e.Stats()
		}
	})
	wg.Wait()
	assert.Equal(t, uint64(4*sockets*rounds), e.Stats().NetFlow.V9.Delivered)
}

func TestForgetsWhatHasAged(t *testing.T) {
	e := newEngine(t, config())
	x := &flowexport.Exporter{Version: flow.NetFlow9, Boot: noon.Add(-time.Hour)}
	require.NoError(t, e.Ingest(router, noon, x.Template(nil, noon)))
	e.Tick(noon.Add(time.Hour))
	assert.Equal(t, 1, e.Stats().NetFlow.Templates)
	e.Tick(noon.Add(25 * time.Hour))
	assert.Zero(t, e.Stats().NetFlow.Templates)
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	e := newEngine(t, config())
	datagrams := stream(t, e, flow.NetFlow9, 22, 22)
	i := 0
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		if err := e.Ingest(router, noon, datagrams[i%len(datagrams)]); err != nil {
			t.Fatal(err)
		}
		i++
	}))
	bad := []byte{0, 9, 0, 0, 1}
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		if e.Ingest(router, noon, bad) == nil {
			t.Fatal("taken")
		}
	}))
}
