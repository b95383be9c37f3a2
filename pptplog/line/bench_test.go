package line

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// kinds are lines by what they cost.
var kinds = []struct {
	name, line string
	ours       bool
	allocs     float64
}{
	{"other program", "Jan 12 09:15:01 gw1 sshd[11231]: Accepted publickey for root from 192.0.2.9 port 41022 ssh2: ED25519 SHA256:0123456789", false, 0},
	{"other program RFC 5424", "<30>1 2025-03-01T08:00:00+00:00 gw1 nginx 4100 - [meta sequenceId=\"12\"] 192.0.2.9 GET / 200", false, 0},
	{"no envelope", `192.0.2.1 - - [12/Jan/2025:09:15:01 +0000] "GET / HTTP/1.1" 200 1 "-" "curl/8"`, false, 0},
	{"noise", "2025-05-01T12:00:00.123456+02:00 gw1 pppd[910]: sent [IPCP ConfAck id=0x5 <addr 192.0.2.10> <ms-dns1 192.0.2.1> <ms-dns2 192.0.2.1>]", true, 0},
	{"secret", "2025-05-01T12:00:00.123456+02:00 gw1 pppd[910]: rcvd [CHAP Response id=0x47 <e58b75da>, name = \"bob\"]", true, 0},
	{"unclassified", "Jan 12 09:15:01 gw1 pppd[910]: a line that nobody knows of", true, 0},
	{"session", "Jan 12 09:15:01 gw1 pptpd[2211]: CTRL: Client 198.51.100.7 control connection started", true, 0},
	{"session with a name", "Jan 12 09:15:01 gw1 pppd[2211]: Peer bob failed CHAP authentication", true, 0},
	{"session with escapes", "Jan 12 09:15:01 gw1 pppd[2211]: Peer CORP\\\\bob failed CHAP authentication", true, 1},
	{"password", "Wed Mar 26 12:54:17 2014 : Auth: (7) Login OK: [bob/hunter2] (from client gw1 port 0 cli 198.51.100.7)", true, 1},
}

func TestAllocs(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range kinds {
		line := []byte(c.line)
		var e event.Event
		require.Equal(t, c.ours, p.Parse(&e, line, arrival), c.name) // remembers the host
		assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { p.Parse(&e, line, arrival) }), c.allocs, c.name)
	}
}

func BenchmarkParse(b *testing.B) {
	p, err := New(Config{})
	require.NoError(b, err)
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range kinds {
		b.Run(c.name, func(b *testing.B) {
			line := []byte(c.line)
			var e event.Event
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				p.Parse(&e, line, arrival)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
