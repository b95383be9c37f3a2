package accounting

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"layeh.com/radius"
)

// serve starts a server on loopback, and a socket that sends to it.
func serve(t *testing.T, change func(*ServerConfig), c Config) (*Server, *net.UDPConn) {
	t.Helper()
	tracker, err := New(c)
	require.NoError(t, err)
	cfg := ServerConfig{
		Address: "127.0.0.1:0", ReceiveBuffer: 1 << 16, Tick: time.Millisecond,
		Clients: []Client{{netip.MustParsePrefix("127.0.0.0/8"), []byte("wide")}, {netip.MustParsePrefix("127.0.0.1/32"), secret}},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := Listen(context.Background(), cfg, tracker)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.Addr()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return s, conn
}

// ask sends a packet and then a good one: the first answer says whether the packet had one.
func ask(t *testing.T, conn *net.UDPConn, packets ...[]byte) [][]byte {
	t.Helper()
	last := request(255, attr(attrStatus, 1), attr(attrSession, "last"))
	var answers [][]byte
	for _, p := range append(packets, last) {
		_, err := conn.Write(p)
		require.NoError(t, err)
	}
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	for {
		buf := make([]byte, MaxPacket)
		n, err := conn.Read(buf)
		require.NoError(t, err)
		if buf[1] == 255 {
			assert.True(t, radius.IsAuthenticResponse(buf[:n], last, secret))
			return answers
		}
		answers = append(answers, buf[:n])
	}
}

func TestServerAnswersOnlyWhatIsVerified(t *testing.T) {
	good := request(1, attr(attrStatus, 1), attr(attrSession, "a"))
	forged := append([]byte(nil), good...)
	forged[len(forged)-1] = 'b'
	access := append([]byte(nil), good...)
	access[0] = 1
	incomplete := request(1, attr(attrSession, "a"))
	for name, test := range map[string]struct {
		packet   []byte
		answered bool
		count    func(ServerStats) uint64
	}{
		"a Start":                         {good, true, func(s ServerStats) uint64 { return s.Answered }},
		"an Accounting-On":                {request(2, attr(attrStatus, 7)), true, func(s ServerStats) uint64 { return s.Answered }},
		"a status that is not known":      {request(2, attr(attrStatus, 99)), true, func(s ServerStats) uint64 { return s.Answered }},
		"a Status-Server":                 {statusServer(3, string(secret)), true, func(s ServerStats) uint64 { return s.StatusServer }},
		"a forged one":                    {forged, false, func(s ServerStats) uint64 { return s.BadAuthenticator }},
		"a Status-Server, another secret": {statusServer(3, "other"), false, func(s ServerStats) uint64 { return s.BadAuthenticator }},
		"cut off":                         {good[:len(good)-1], false, func(s ServerStats) uint64 { return s.Malformed }},
		"too long":                        {append(good, make([]byte, MaxPacket)...), false, func(s ServerStats) uint64 { return s.Malformed }},
		"no status":                       {incomplete, false, func(s ServerStats) uint64 { return s.Malformed }},
		"an Access-Request":               {access, false, func(s ServerStats) uint64 { return s.Unsupported }},
	} {
		t.Run(name, func(t *testing.T) {
			s, conn := serve(t, nil, Config{})
			answers := ask(t, conn, test.packet)
			assert.Equal(t, test.answered, len(answers) == 1)
			assert.Positive(t, test.count(s.Stats()))
			assert.Equal(t, uint64(2), s.Stats().Packets)
			for _, a := range answers {
				assert.LessOrEqual(t, len(a), len(test.packet), "no amplification")
				assert.True(t, radius.IsAuthenticResponse(a, test.packet, secret))
			}
		})
	}
}

func TestServerRefuses(t *testing.T) {
	s, conn := serve(t, nil, Config{MaxNAS: 1})
	other := request(1, attr(attrStatus, 1), attr(attrSession, "a"), attr(attrNASIdentifier, "gw2"))
	assert.Empty(t, ask(t, conn))
	assert.Empty(t, ask(t, conn, other), "what is not recorded is not acknowledged")
	assert.Equal(t, uint64(1), s.Stats().Refused)
}

func TestServerUnknownClient(t *testing.T) {
	s, conn := serve(t, func(c *ServerConfig) { c.Clients[1].Prefix = netip.MustParsePrefix("127.0.0.2/32") }, Config{})
	from, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, net.UDPAddrFromAddrPort(s.Addr()))
	require.NoError(t, err)
	defer from.Close()
	_, err = conn.Write(request(1, attr(attrStatus, 1), attr(attrSession, "a")))
	require.NoError(t, err)
	assert.Empty(t, ask(t, from))
	assert.Equal(t, uint64(1), s.Stats().BadAuthenticator, "127.0.0.1 has another secret by now")

	s, conn = serve(t, func(c *ServerConfig) { c.Clients = []Client{{netip.MustParsePrefix("192.0.2.0/24"), secret}} }, Config{})
	_, err = conn.Write(request(1, attr(attrStatus, 1), attr(attrSession, "a")))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return s.Stats().UnknownClient == 1 }, 10*time.Second, time.Millisecond)
}

func TestSilentServer(t *testing.T) {
	told := make(chan string, 1)
	s, conn := serve(t, func(c *ServerConfig) { c.Silent = true }, Config{
		OnSession: func(c Change, s *Session) { told <- c.String() + " " + s.ID },
	})
	_, err := conn.Write(request(1, attr(attrStatus, 1), attr(attrSession, "a")))
	require.NoError(t, err)
	assert.Equal(t, "started a", <-told)
	s.Do(func(k *Tracker) { assert.Equal(t, 1, k.Stats().Sessions) })
	require.NoError(t, s.Close())
	assert.Zero(t, s.Stats().Answered)
}

func TestServerTicks(t *testing.T) {
	told := make(chan Kind, 1)
	_, conn := serve(t, nil, Config{
		InterimInterval: time.Nanosecond, InterimGap: 1,
		OnAnomaly: func(a *Anomaly) { told <- a.Kind },
	})
	ask(t, conn)
	assert.Equal(t, InterimGap, <-told)
}

func TestServerConfigValidate(t *testing.T) {
	good := Client{netip.MustParsePrefix("192.0.2.0/24"), secret}
	for want, c := range map[string]ServerConfig{
		"address: none given; use for example 0.0.0.0:1813":                                             {Clients: []Client{good}},
		"clients: none given; without a client and its secret nothing can be accepted":                  {Address: ":1813"},
		"clients[0].secret: is empty; RADIUS has no other protection":                                   {Address: ":1813", Clients: []Client{{Prefix: good.Prefix}}},
		"clients[1].prefix: 192.0.2.7/24 is there twice":                                                {Address: ":1813", Clients: []Client{good, {netip.MustParsePrefix("192.0.2.7/24"), secret}}},
		"clients[0].prefix: invalid Prefix is not an IPv4 or IPv6 prefix; use for example 192.0.2.0/24": {Address: ":1813", Clients: []Client{{Secret: secret}}},
		"receive_buffer: -1 is negative; use bytes, or 0 for the system's default":                      {Address: ":1813", Clients: []Client{good}, ReceiveBuffer: -1},
		"tick: -1ns is negative; use 0 for the default":                                                 {Address: ":1813", Clients: []Client{good}, Tick: -1},
	} {
		assert.EqualError(t, c.Validate(), want)
		_, err := Listen(context.Background(), c, nil)
		assert.EqualError(t, err, "accounting: "+want)
	}
	_, err := Listen(context.Background(), ServerConfig{Address: "127.0.0.1:none", Clients: []Client{good}}, nil)
	assert.ErrorContains(t, err, "listen for RADIUS accounting")
}
