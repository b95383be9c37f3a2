package exchange

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ours = packet.NewKey("secret")
)

func at(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// client is a book that makes Access-Requests, each with another authenticator.
type client struct {
	*Book
	t    *testing.T
	made uint16
}

func newClient(t *testing.T) *client { return &client{Book: NewBook(ours, 250), t: t} }

func (c *client) build(id uint8) (packet.Packet, error) {
	c.made++
	return packet.NewRequest(packet.AccessRequest, id, packet.Authenticator{byte(c.made >> 8), byte(c.made)}).Request(ours)
}

func (c *client) begin(cfg Config) (*Exchange, packet.Packet) {
	ex := New(c.Book, cfg, c.build)
	return ex, c.next(ex, 0)
}

func (c *client) next(ex *Exchange, ms int) packet.Packet {
	p, _, err := ex.Next(at(ms))
	require.NoError(c.t, err)
	return p
}

func (c *client) reply(key *packet.Key, code packet.Code, request packet.Packet) packet.Packet {
	p, err := packet.NewReply(code, request).Reply(key)
	require.NoError(c.t, err)
	return p
}

func (c *client) accept(request packet.Packet) packet.Packet {
	return c.reply(ours, packet.AccessAccept, request)
}

var twice = Config{Timeout: time.Second, Retries: 1}

func TestAnswerToTheFirst(t *testing.T) {
	c := newClient(t)
	ex, p := c.begin(twice)
	require.NotNil(t, p)
	assert.Nil(t, c.next(ex, 500), "not before the deadline")
	ex.Receive(at(700), c.accept(p))
	require.True(t, ex.Done())
	r := ex.Result()
	assert.Equal(t, packet.AccessAccept, r.Reply.Code())
	assert.Equal(t, 700*time.Millisecond, r.Latency)
	assert.Equal(t, 700*time.Millisecond, r.Total)
	assert.Zero(t, r.Retransmissions())
	assert.Equal(t, at(0), r.Start)
}

// The same bytes were sent twice, so nothing tells which of them was answered.
func TestLatencyIsNotKnownAfterARetransmission(t *testing.T) {
	c := newClient(t)
	ex, first := c.begin(twice)
	second := c.next(ex, 1000)
	assert.Equal(t, first, second, "RFC 5080, section 2.2.1")
	ex.Receive(at(1200), c.accept(first))
	r := ex.Result()
	assert.Zero(t, r.Latency)
	assert.Equal(t, 1200*time.Millisecond, r.Total)
	assert.Equal(t, 1, r.Retransmissions())
}

func TestRenewedRequestsAreToldApart(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answer  int
		latency time.Duration
	}{{"first", 0, 1200 * time.Millisecond}, {"second", 1, 200 * time.Millisecond}} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t)
			ex, first := c.begin(Config{Timeout: time.Second, Retries: 1, Renew: true})
			sent := []packet.Packet{first, c.next(ex, 1000)}
			assert.NotEqual(t, sent[0].ID(), sent[1].ID())
			assert.NotEqual(t, sent[0].Authenticator(), sent[1].Authenticator())
			ex.Receive(at(1200), c.accept(sent[tt.answer]))
			r := ex.Result()
			assert.Equal(t, tt.latency, r.Latency)
			assert.Equal(t, 1200*time.Millisecond, r.Total)
			assert.Equal(t, sent[tt.answer], r.Request)
			_, kind, _ := c.Receive(c.accept(sent[1-tt.answer]))
			assert.Equal(t, Late, kind)
		})
	}
}

func TestSilence(t *testing.T) {
	c := newClient(t)
	ex, p := c.begin(twice)
	c.next(ex, 1000)
	ex.Unreachable("connection refused")
	assert.Nil(t, c.next(ex, 2000))
	require.True(t, ex.Done())
	r := ex.Result()
	assert.Nil(t, r.Reply)
	assert.Equal(t, 2*time.Second, r.Total)
	assert.Equal(t, 2, r.Transmissions)
	assert.Equal(t, "connection refused", r.Unreachable)
	assert.Equal(t, p, r.Request)
	assert.Nil(t, c.next(ex, 3000), "nothing happens after the end")
	assert.Equal(t, 2*time.Second, twice.Longest())
}

func TestBuildError(t *testing.T) {
	boom := errors.New("boom")
	ex := New(NewBook(ours, 0), twice, func(uint8) (packet.Packet, error) { return nil, boom })
	_, _, err := ex.Next(at(0))
	require.ErrorIs(t, err, boom)
	assert.True(t, ex.Done())
	assert.Zero(t, ex.Result().Retransmissions())
}

func TestAbort(t *testing.T) {
	c := newClient(t)
	ex, p := c.begin(twice)
	ex.Abort(at(300))
	require.True(t, ex.Done())
	ex.Receive(at(400), c.accept(p))
	assert.Nil(t, ex.Result().Reply)
	assert.Equal(t, uint64(1), c.Counts()[Late])
}

// What comes and is not the answer is told apart, counted, and changes nothing else.
func TestKinds(t *testing.T) {
	tests := []struct {
		kind Kind
		make func(c *client, p packet.Packet) []byte
	}{
		{Malformed, func(*client, packet.Packet) []byte { return []byte("no RADIUS at all, but long enough to be it") }},
		{Malformed, func(c *client, p packet.Packet) []byte { return c.reply(ours, packet.AccountingResponse, p) }},
		{Malformed, func(c *client, p packet.Packet) []byte { return c.reply(ours, packet.AccessRequest, p) }},
		{BadAuthenticator, func(c *client, p packet.Packet) []byte { return c.reply(packet.NewKey("x"), packet.AccessAccept, p) }},
		{Unsolicited, func(c *client, _ packet.Packet) []byte {
			other, _ := packet.NewRequest(packet.AccessRequest, 3, packet.Authenticator{}).Request(ours)
			return c.accept(other)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.kind.String(), func(t *testing.T) {
			c := newClient(t)
			ex, p := c.begin(twice)
			ex.Receive(at(100), tt.make(c, p))
			assert.False(t, ex.Done(), "anybody can send something")
			ex.Receive(at(200), c.accept(p))
			require.True(t, ex.Done())
			r := ex.Result()
			assert.Equal(t, uint64(1), r.Counts[tt.kind])
			assert.Equal(t, uint64(1), r.Counts[Answer])
			assert.Equal(t, 200*time.Millisecond, r.Latency)
		})
	}
}

func TestDuplicate(t *testing.T) {
	c := newClient(t)
	ex, p := c.begin(twice)
	answer := c.accept(p)
	ex.Receive(at(100), answer)
	next, _ := c.begin(twice)
	next.Stray(answer)
	assert.Equal(t, uint64(1), c.Counts()[Duplicate])
	assert.False(t, next.Done())
	forged := c.reply(packet.NewKey("x"), packet.AccessAccept, p)
	_, kind, _ := c.Receive(forged)
	assert.Equal(t, Unsolicited, kind, "nobody waits for it")
}

// An answer that was recorded, and comes again when the Identifier is used again.
func TestReplayed(t *testing.T) {
	c := newClient(t)
	ex, p := c.begin(Config{Timeout: time.Second})
	old := c.accept(p)
	ex.Receive(at(100), old)
	var last packet.Packet
	for range 256 { // until the Identifier comes again
		ex, last = c.begin(Config{Timeout: time.Second})
		if last.ID() == p.ID() {
			break
		}
		ex.Receive(at(100), c.accept(last))
	}
	require.Equal(t, p.ID(), last.ID())
	ex.Receive(at(100), old)
	assert.False(t, ex.Done())
	assert.Equal(t, uint64(1), c.Counts()[Replayed])
}

// An Identifier whose request is still open is not used for another.
func TestOpenIdentifiersAreLeftAlone(t *testing.T) {
	c := newClient(t)
	_, open := c.begin(twice)
	for range 600 {
		ex, p := c.begin(twice)
		require.NotEqual(t, open.ID(), p.ID())
		ex.Receive(at(1), c.accept(p))
	}
}

func TestAnswersOfAnotherExchange(t *testing.T) {
	c := newClient(t)
	one, p := c.begin(twice)
	two, _ := c.begin(twice)
	two.Receive(at(100), c.accept(p))
	assert.False(t, one.Done())
	assert.False(t, two.Done())
}

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		request, reply packet.Code
		want           bool
	}{
		{packet.AccessRequest, packet.AccessAccept, true},
		{packet.AccessRequest, packet.AccessReject, true},
		{packet.AccessRequest, packet.AccessChallenge, true},
		{packet.AccessRequest, packet.AccountingResponse, false},
		{packet.StatusServer, packet.AccessAccept, true},
		{packet.StatusServer, packet.AccountingResponse, true},
		{packet.StatusServer, packet.AccessChallenge, false},
		{packet.AccountingRequest, packet.AccessAccept, false},
		{packet.AccessRequest, packet.StatusServer, false},
	} {
		assert.Equal(t, tt.want, fits(tt.request, tt.reply), "%s to %s", tt.reply, tt.request)
	}
	assert.Len(t, Kinds(), int(numKinds)-1)
}

// FuzzReceive gives arbitrary packets to an open exchange: without the secret, nobody
// can end it.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{2, 250, 0, 20, 19: 0})
	f.Add([]byte{3, 250, 0, 20, 4: 1, 19: 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newClient(t)
		ex, _ := c.begin(twice)
		ex.Receive(at(1), data)
		if ex.Done() {
			t.Fatalf("%x ended the exchange", data)
		}
		total := uint64(0)
		for _, n := range c.Counts() {
			total += n
		}
		if total != 1 {
			t.Fatalf("%d packets counted", total)
		}
	})
}

func BenchmarkExchange(b *testing.B) {
	book := NewBook(ours, 0)
	request, err := packet.NewRequest(packet.AccessRequest, 0, packet.Authenticator{}).Request(ours)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		ex := New(book, twice, func(id uint8) (packet.Packet, error) {
			request[1] = id
			return request, nil
		})
		p, _, err := ex.Next(noon)
		if err != nil {
			b.Fatal(err)
		}
		reply, err := packet.NewReply(packet.AccessAccept, p).Reply(ours)
		if err != nil {
			b.Fatal(err)
		}
		ex.Receive(noon, reply)
		if !ex.Done() {
			b.Fatal("not done")
		}
	}
}
