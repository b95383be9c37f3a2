package health

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzExtend reads codebooks that somebody wrote. What is taken must be usable.
func FuzzExtend(f *testing.F) {
	f.Add([]byte("causes: {slow: {state: down, required: [{probe.tcp: timeout}], explains: [gre_*]}}"))
	f.Add([]byte("version: 1\nsignals:\n  log.x: {values: [a, b], rate: 0.5, peers: 2, ttl: 1m}\ncauses:\n  y:\n    required:\n      - any: [{log.x: a}, {probe.tcp: [partial, bad]}]\n        weight: 0.3\n"))
	f.Add([]byte("causes: {gre_rejected_icmp: {disabled: true}, unknown: {severity: info}}"))
	f.Add([]byte("signals: {probe.tcp: {after: probe.lcp}}"))
	f.Add([]byte("signals: {fleet.dns: {share: dns, from: [{probe.tcp: bad}]}}\ncauses: {d: {shared: fleet.dns, required: [{fleet.dns: bad}]}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("causes: {a: {required: [{self.coverage: low}], severity_when: [{probe.tcp: any_ok, severity: critical}]}}"))
	base := DefaultCodebook()
	f.Fuzz(func(t *testing.T, data []byte) {
		book, err := base.Extend("f.yaml", data)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "f.yaml"), err.Error())
			return
		}
		e, err := New(Config{Codebook: book, Gateways: []Gateway{{ID: "gw", Shares: map[string][]string{"radius": {"a"}}}, {ID: "2"}}})
		require.NoError(t, err)
		for _, s := range book.Signals() {
			for _, v := range append(s.Values, "ok", "bad") {
				e.Observe(start, &Evidence{Gateway: "gw", Signal: s.Name, Value: v, At: start})
			}
		}
		e.Evaluate(start)
		checkVerdicts(t, e)
		book.Causes()
	})
}

// FuzzEvidence sends evidence of all sorts, with a clock that jumps. Each command is
// eight bytes: what, gateway, signal, value, vantage, peer, time, counts.
func FuzzEvidence(f *testing.F) {
	f.Add([]byte{0, 0, 0, 4, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 10, 0})
	f.Add([]byte{0, 1, 30, 4, 0, 7, 0, 0, 0, 2, 30, 4, 0, 8, 0, 0, 1, 0, 0, 0, 0, 0, 200, 0, 2, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 31, 2, 0, 0, 128, 9, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 129, 0, 4, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := Config{
			Gateways: []Gateway{{ID: "a", Shares: map[string][]string{"radius": {"r"}}}, {ID: "b", Shares: map[string][]string{"radius": {"r"}}}},
			Learn:    true, MaxGateways: 5, MaxItems: 16, MaxVantages: 3,
		}
		open := make(map[string]string) // subject -> incident
		c.OnEvent = func(ev *Event) {
			switch ev.Kind {
			case IncidentOpened:
				require.Empty(t, open[ev.Incident.Subject])
				open[ev.Incident.Subject] = ev.Incident.ID
			case IncidentClosed:
				require.Equal(t, open[ev.Incident.Subject], ev.Incident.ID)
				delete(open, ev.Incident.Subject)
			case IncidentUpdated:
				require.Equal(t, open[ev.Incident.Subject], ev.Incident.ID)
			default:
			}
		}
		e, err := New(c)
		require.NoError(t, err)
		now := start
		for ; len(data) >= 8; data = data[8:] {
			now = fuzzStep(t, &e, c, now, data[:8])
		}
		e.Evaluate(now)
		checkVerdicts(t, e)
		require.Len(t, e.Incidents(), len(open))
	})
}

func fuzzStep(t *testing.T, e **Engine, c Config, now time.Time, b []byte) time.Time {
	switch b[0] % 5 {
	case 1:
		now = now.Add(time.Duration(int8(b[6])) * time.Second * time.Duration(1+int(b[7])*int(b[7])))
		(*e).Evaluate(now)
	case 2:
		checkVerdicts(t, *e)
	case 3: // a restart
		var snapshot bytes.Buffer
		require.NoError(t, (*e).Save(&snapshot))
		next, err := New(c)
		require.NoError(t, err)
		require.NoError(t, next.Load(&snapshot, now))
		*e = next
	case 4:
		(*e).RemoveWindow("w")
		require.NoError(t, (*e).AddWindow(Window{Name: "w", Gateways: []string{string('a' + rune(b[1]%6))}, Start: now, End: now.Add(time.Minute)}))
	default:
		s := &(*e).book.signals[int(b[2])%len((*e).book.signals)]
		ev := Evidence{
			Gateway: string('a' + rune(b[1]%8)), Signal: s.name, Value: s.kinds[int(b[3])%len(s.kinds)],
			Vantage: string('0' + rune(b[4]%6)), Peer: string('p' + rune(b[5]%4)), At: now.Add(time.Duration(int8(b[6])) * time.Second),
			Total: uint32(b[7]), Bad: uint32(b[7]) * uint32(b[5]) / 255, Strength: float64(b[4]) / 200,
		}
		binary.BigEndian.PutUint16(ev.TraceID[:], uint16(b[6]))
		(*e).Observe(now, &ev)
	}
	return now
}

// FuzzLoad reads snapshots that are not ours.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"schema":1,"gateways":[{"id":"a","state":3,"below":3,"cause":"gateway_unreachable","incident":{"ID":"x","Subject":"a"}}]}`))
	f.Add([]byte(`{"schema":0}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := New(Config{Gateways: []Gateway{{ID: "a"}}, Learn: true, MaxGateways: 4})
		require.NoError(t, err)
		if e.Load(bytes.NewReader(data), start) != nil {
			require.Len(t, e.order, 1)
		}
		for i := range 3 {
			e.Evaluate(start.Add(time.Duration(i) * time.Minute))
		}
		checkVerdicts(t, e)
		require.NoError(t, e.Save(&bytes.Buffer{}))
	})
}

// checkVerdicts is what must be true of every verdict and table.
func checkVerdicts(t *testing.T, e *Engine) {
	t.Helper()
	for v := range e.Verdicts {
		for _, x := range []float64{v.Confidence, v.Probability, v.Coverage} {
			require.True(t, x >= 0 && x <= 1, "%+v", v)
		}
		require.LessOrEqual(t, v.State, Maintenance)
		require.LessOrEqual(t, v.Below, Down)
		if v.State == Maintenance {
			require.Equal(t, None, v.Severity)
		}
	}
	s := e.Stats()
	require.LessOrEqual(t, s.Gateways, s.MaxGateways)
	require.LessOrEqual(t, s.Items, s.Gateways*s.MaxItems)
	require.LessOrEqual(t, s.Vantages, s.MaxVantages)
	for _, g := range e.order {
		for i := range g.items {
			require.True(t, i == 0 || g.items[i-1].key < g.items[i].key)
			require.Positive(t, g.items[i].count)
		}
	}
}
