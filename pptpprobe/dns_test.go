package pptpprobe

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// nameServer answers every query on loopback with answer, which returns nil to say nothing.
func nameServer(t *testing.T, answer func(q dnsmessage.Message) []byte) *net.Resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = c.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if assert.NoError(t, q.Unpack(buf[:n])) {
				if b := answer(q); b != nil {
					_, _ = c.WriteTo(b, from)
				}
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
}

func reply(q dnsmessage.Message, code dnsmessage.RCode, records ...dnsmessage.Resource) []byte {
	q.Header.Response, q.Header.RecursionAvailable, q.Header.RCode = true, true, code
	q.Answers, q.Additionals = records, nil
	b, err := q.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

func TestResolve(t *testing.T) {
	a := func(q dnsmessage.Message, addr [4]byte) dnsmessage.Resource {
		return dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: addr},
		}
	}
	for _, tt := range []struct {
		name   string
		answer func(q dnsmessage.Message) []byte
		want   Cause // empty: the name has an address
	}{
		{"an address", func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeSuccess, a(q, fakeServer.As4())) }, ""},
		{"NXDOMAIN", func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeNameError) }, CauseDNSNotFound},
		{"no A record", func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeSuccess) }, CauseDNSNotFound},
		{"SERVFAIL", func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeServerFailure) }, CauseDNSServfail},
		{"REFUSED", func(q dnsmessage.Message) []byte { return reply(q, dnsmessage.RCodeRefused) }, CauseDNSServfail},
		{"silence", func(dnsmessage.Message) []byte { return nil }, CauseDNSTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, p := newFakePath()
			p.opts.Resolver = nameServer(t, tt.answer)
			go func() {
				if tt.want == "" {
					f.serve(func(m control.Message) []byte { return polite(m) })
				}
			}()
			tg := f.target(DepthControl)
			tg.Host = "vpn.pptp.test."
			tg.Budgets.DNS = 300 * time.Millisecond
			if tt.want != CauseDNSTimeout {
				tg.Budgets.DNS = 20 * time.Second
			}
			r := p.Run(context.Background(), tg)
			if tt.want != "" {
				requireFailure(t, r, StageDNS, tt.want)
				assert.NotEmpty(t, r.Failure.Hint)
				return
			}
			require.True(t, r.OK(), "%+v", r.Failure)
			assert.Equal(t, fakeServer, r.PeerAddr)
			st, _ := r.Stage(StageDNS)
			assert.Equal(t, OutcomeOK, st.Outcome)
		})
	}
}

func TestResolveEndsWithTheSession(t *testing.T) {
	_, p := newFakePath()
	p.opts.Resolver = nameServer(t, func(dnsmessage.Message) []byte { return nil })
	r := p.Run(context.Background(), Target{Host: "vpn.pptp.test.", Depth: DepthControl, Timeout: 100 * time.Millisecond})
	requireFailure(t, r, StageDNS, CauseLocalDeadline)
}
