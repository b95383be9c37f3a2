package line

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const message = "CTRL: Client 198.51.100.7 control connection started"

func TestEnvelopes(t *testing.T) {
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	cet := time.FixedZone("", 3600)
	for name, c := range map[string]struct {
		line     string
		host     string
		program  string
		pid      int32
		time     time.Time
		severity event.Severity
		text     string
	}{
		"RFC 3164": {
			line: "Jan 12 09:15:01 gw1 pptpd[2211]: " + message,
			host: "gw1", pid: 2211, time: time.Date(2025, 1, 12, 9, 15, 1, 0, cet),
		},
		"RFC 3164 on the wire": {
			line: "<30>Jan  2 09:15:01 gw1 pptpd[2211]: " + message + "\n",
			host: "gw1", pid: 2211, time: time.Date(2025, 1, 2, 9, 15, 1, 0, cet), severity: event.Info,
		},
		"no host": {
			line: "Feb  3 18:40:22 pptpd[1402]: " + message,
			pid:  1402, time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet),
		},
		"no host, no pid": {
			line: "Feb  3 18:40:22 pptpd: " + message,
			time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet),
		},
		"no pid, no colon": {
			line: "Feb  3 18:40:22 gw1 pptpd " + message,
			host: "gw1", time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet),
		},
		"host named as a program": {
			line: "Feb  3 18:40:22 pptpd pptpd[7]: " + message,
			host: "pptpd", pid: 7, time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet),
		},
		"last year": {
			line: "Dec 31 23:59:59 gw1 pptpd[7]: " + message,
			host: "gw1", pid: 7, time: time.Date(2024, 12, 31, 23, 59, 59, 0, cet),
		},
		"leap day": {
			line: "Feb 29 23:59:59 gw1 pptpd[7]: " + message,
			host: "gw1", pid: 7, time: time.Date(2024, 2, 29, 23, 59, 59, 0, cet),
		},
		"fast clock": {
			line: "May  2 08:00:00 gw1 pptpd[7]: " + message,
			host: "gw1", pid: 7, time: time.Date(2025, 5, 2, 8, 0, 0, 0, cet),
		},
		"logread": {
			line: "Sun Mar  2 07:30:10 2025 daemon.info pptpd[5120]: " + message,
			pid:  5120, time: time.Date(2025, 3, 2, 7, 30, 10, 0, cet), severity: event.Info,
		},
		"BusyBox": {
			line: "Mar  2 07:30:10 router daemon.debug pptpd[5120]: " + message,
			host: "router", pid: 5120, time: time.Date(2025, 3, 2, 7, 30, 10, 0, cet), severity: event.Debug,
		},
		"a host's name with points": {
			line: "Mar  2 07:30:10 gw1.example.info pptpd[5120]: " + message,
			host: "gw1.example.info", pid: 5120, time: time.Date(2025, 3, 2, 7, 30, 10, 0, cet),
		},
		"ISO 8601": {
			line: "2025-05-01T12:00:00.123456+02:00 gw1 pptpd[910]: " + message,
			host: "gw1", pid: 910, time: time.Date(2025, 5, 1, 10, 0, 0, 123456000, time.UTC),
		},
		"ISO 8601, Nepal": {
			line: "2025-05-01T12:00:00+0545 gw1 pptpd[910]: " + message,
			host: "gw1", pid: 910, time: time.Date(2025, 5, 1, 6, 15, 0, 0, time.UTC),
		},
		"ISO 8601 UTC": {
			line: "2025-05-01T12:00:00Z gw1 pptpd[910]: " + message,
			host: "gw1", pid: 910, time: time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC),
		},
		"no zone": {
			line: "2025-05-01 12:00:00 gw1 pptpd[910]: " + message,
			host: "gw1", pid: 910, time: time.Date(2025, 5, 1, 12, 0, 0, 0, cet),
		},
		"RFC 5424": {
			line: `<30>1 2025-03-01T08:00:00+00:00 gw1 pptpd 4100 - [meta sequenceId="12" x="\"]\\"][more a="b"] ` + "\ufeff" + message,
			host: "gw1", pid: 4100, time: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC), severity: event.Info,
		},
		"RFC 5424, nil values": {
			line:     "<27>1 - - pptpd - - - " + message,
			severity: event.Error,
		},
		"RFC 5424 in a file": {
			line: "1 2025-03-01T08:00:00+00:00 gw1 pptpd 4100 - - " + message,
			host: "gw1", pid: 4100, time: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC),
		},
		"bare":                 {line: "pptpd[812]: " + message, pid: 812},
		"bare, no pid":         {line: "pptpd: " + message},
		"bare, path":           {line: "/usr/sbin/pptpd[812]: " + message, pid: 812},
		"bare, colon missing":  {line: "localhost pptpd[600] " + message, host: "localhost", pid: 600},
		"nothing but the text": {line: message + "  \r\n"},
		"pppd's logfile":       {line: "Connect: ppp0 <--> /dev/pts/1", program: "pppd", text: "Connect: ppp0 <--> /dev/pts/1"},
		"pppd's first line":    {line: "pppd 2.4.9 started by root, uid 0", program: "pppd", text: "pppd 2.4.9 started by root, uid 0"},
		"kernel plugin's pppd": {
			line: "Feb  3 18:40:22 pptp[1402]: Connect: ppp10 <--> pptp (198.51.100.9)",
			pid:  1402, time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet), program: "pppd", text: "Connect: ppp10 <--> pptp (198.51.100.9)",
		},
		"space at the end": {
			line: "Feb  3 18:40:22 gw1 pppd[14]: LCP: timeout sending Config-Requests \n",
			host: "gw1", pid: 14, time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet), program: "pppd", text: "LCP: timeout sending Config-Requests",
		},
		"space in the text": {
			line: "Feb  3 18:40:22 gw1 pppd[14]: remote IP address 192.0.2.9",
			host: "gw1", pid: 14, time: time.Date(2025, 2, 3, 18, 40, 22, 0, cet), program: "pppd", text: "remote IP address 192.0.2.9",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(Config{Location: cet})
			require.NoError(t, err)
			var e event.Event
			require.True(t, p.Parse(&e, []byte(c.line), arrival))
			if c.program == "" {
				c.program, c.text = "pptpd", message
				assert.Equal(t, event.SessionOpen, e.Type)
				assert.Equal(t, "198.51.100.7", address(e.Peer))
			}
			assert.NotEqual(t, event.ClassUnclassified, e.Class)
			assert.Equal(t, c.host, e.Host)
			assert.Equal(t, c.program, e.Program)
			assert.Equal(t, c.pid, e.PID)
			assert.Equal(t, c.severity, e.Severity)
			assert.Equal(t, c.text, e.Text)
			assert.True(t, c.time.Equal(e.Time), "%s, want %s", e.Time, c.time)
			assert.Equal(t, arrival, e.Arrival)
			assert.Equal(t, uint32(1), e.Count)
		})
	}
}

func TestStampWithoutDate(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	parse := func(line string, arrival time.Time) time.Time {
		var e event.Event
		require.True(t, p.ParseString(&e, line, arrival))
		return e.Time
	}
	midnight := time.Date(2025, 5, 2, 0, 0, 5, 0, time.UTC)
	assert.Equal(t, time.Date(2025, 5, 1, 23, 59, 59, 0, time.UTC), parse("23:59:59 pptp,info TCP connection established from 198.51.100.62", midnight))
	assert.Equal(t, time.Date(2025, 5, 2, 0, 0, 4, 0, time.UTC), parse("00:00:04 pptp,info TCP connection established from 198.51.100.62", midnight))
	assert.Zero(t, parse("00:00:04 pptp,info TCP connection established from 198.51.100.62", time.Time{}))
	assert.Zero(t, parse("Jan 12 09:15:01 gw1 pptpd[1]: "+message, time.Time{}), "which year")
}

func TestNotOurs(t *testing.T) {
	p, err := New(Config{RefuseUntagged: true})
	require.NoError(t, err)
	lines := []string{
		"",
		" ",
		"<30>",
		"<999>Jan 12 09:15:01 gw1 x: y",
		"Jan 12 09:15:01",
		"Jan 12 09:15:01 gw1 sshd[11]: Accepted publickey for root",
		"Jan 12 09:15:01 gw1 xl2tpd[11]: Maximum retries exceeded for tunnel 1.  Closing.",
		"<30>1 2025-03-01T08:00:00+00:00 gw1 nginx 4100 - - started",
		message,
		"some text",
		strings.Repeat("x", 100),
	}
	for _, line := range lines {
		var e event.Event
		assert.False(t, p.ParseString(&e, line, time.Time{}), line)
	}
	assert.Equal(t, uint64(len(lines)), p.Stats().NotOurs)
	assert.Equal(t, uint64(len(lines)), p.Stats().Lines)
}

func TestParseMessage(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	stamp := time.Date(2025, 1, 12, 9, 15, 1, 0, time.UTC)
	arrival := stamp.Add(time.Second)
	h := Header{Host: "gw1", Program: "/usr/sbin/pptpd", PID: 2211, Time: stamp, Arrival: arrival, Severity: event.Info}
	var e event.Event
	require.True(t, p.ParseMessage(&e, h, message))
	assert.Equal(t, event.Event{
		Type: event.SessionOpen, Class: event.ClassSession, Severity: event.Info, Time: stamp, Arrival: arrival,
		Host: "gw1", Program: "pptpd", PID: 2211, Text: message, Count: 1, Peer: e.Peer,
	}, e)
	assert.Equal(t, "198.51.100.7", address(e.Peer))

	h.Program = "nginx"
	assert.False(t, p.ParseMessage(&e, h, message))

	h.Program = "%ASA-6-603105"
	require.True(t, p.ParseMessage(&e, h, "PPTP Tunnel deleted, tunnel_id = 8, remote_peer_ip = 198.51.100.7"))
	assert.Equal(t, "cisco-asa session_close host=gw1 pid=2211 peer=198.51.100.7 session=8 severity=info", short(&e))

	h.Program = "pptp,ppp,info"
	require.True(t, p.ParseMessage(&e, h, "<pptp-bob>: connected"))
	assert.Equal(t, "mikrotik ppp_connect host=gw1 pid=2211 user=bob session=pptp-bob severity=info", short(&e))

	h.Program = "pppd"
	require.True(t, p.ParseMessage(&e, h, "message repeated 4 times: [ Modem hangup]"))
	assert.Equal(t, uint32(4), e.Count)

	h.Program = ""
	require.True(t, p.ParseMessage(&e, h, message), "as in a file without envelopes")
	assert.Equal(t, event.SessionOpen, e.Type)
}

func TestRepeated(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	parse := func(line string) (e event.Event, ok bool) {
		ok = p.ParseString(&e, line, arrival)
		return e, ok
	}
	_, ok := parse("Jan 12 09:15:00 gw1 last message repeated 2 times")
	assert.False(t, ok, "no line before")

	first, ok := parse("Jan 12 09:15:01 gw1 pppd[7]: Peer bob failed CHAP authentication")
	require.True(t, ok)
	_, ok = parse("Jan 12 09:15:01 gw2 nginx[7]: hello")
	require.False(t, ok)
	again, ok := parse("Jan 12 09:15:31 gw1 last message repeated 3 times")
	require.True(t, ok)
	first.Count, first.Time = 3, time.Date(2025, 1, 12, 9, 15, 31, 0, time.UTC)
	assert.Equal(t, first, again)

	_, ok = parse("Jan 12 09:15:40 gw1 nginx[7]: hello")
	require.False(t, ok)
	_, ok = parse("Jan 12 09:15:41 gw1 last message repeated 3 times")
	assert.False(t, ok, "another program's message")

	e, ok := parse("Jan 12 09:15:31 gw1 pppd[7]: message repeated 4 times: [ Peer bob failed CHAP authentication]")
	require.True(t, ok)
	assert.Equal(t, event.AuthFail, e.Type)
	assert.Equal(t, uint32(4), e.Count)
	assert.Equal(t, "bob", e.User)

	e, ok = parse("pptpd[9]: " + message)
	require.True(t, ok)
	assert.Equal(t, uint32(1), e.Count)
	e, ok = parse("last message repeated 2 times")
	require.True(t, ok)
	assert.Equal(t, uint32(2), e.Count)
	assert.Equal(t, int32(9), e.PID)

	for _, bad := range []string{"last message repeated x times", "last message repeated 0 times", "last message repeated 99999999999 times"} {
		_, ok = parse("Jan 12 09:15:31 gw1 " + bad)
		assert.False(t, ok, bad)
	}
}

func TestLongLine(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	var e event.Event
	require.True(t, p.ParseString(&e, "pppd[1]: Peer "+strings.Repeat("x", 1<<20)+" failed CHAP authentication", time.Time{}))
	assert.Equal(t, event.Unclassified, e.Type, "its end is not known")
	assert.Len(t, e.Text, maxLine-len("pppd[1]: "))
	assert.Equal(t, uint64(1), p.Stats().Cut)
	assert.Equal(t, ProgramStats{Program: "pppd", Unclassified: 1}, p.Stats().Programs[p.library.books["pppd"].number])
}
