package gateway

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const (
	testUser     = "probe"
	testPassword = "s3cret"
)

// repeatable is a source of "random" bytes for tests.
type repeatable struct{ r *rand.Rand }

func newRepeatable(seed uint64) *repeatable { return &repeatable{rand.New(rand.NewPCG(seed, 0))} }

func (r *repeatable) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r.r.Uint32())
	}
	return len(b), nil
}

// clientConfig is a client that accepts what a default gateway wants.
func clientConfig() ppp.Config {
	return ppp.Config{
		Credentials: chap.Credentials{User: testUser, Password: testPassword},
		MPPE:        ppp.MPPEPrefer, Strengths: []mppe.Strength{mppe.Bits128}, WantDNS: true, Rand: newRepeatable(7),
	}
}

// testClient is a PPTP client without I/O, over the project's own state machines.
type testClient struct {
	sendControl, sendGRE func(b []byte)

	control  *control.Client
	gre      *gre.Endpoint
	link     *ppp.Link
	callID   uint16
	log      []string // names of all events
	lcpTerm  []ppp.Termination
	failures []chap.Failure
	received [][]byte // IP packets
	closed   bool
	linkCfg  ppp.Config
}

func newTestClient(callID uint16, cfg ppp.Config) *testClient {
	return &testClient{
		control: control.NewClient(control.ClientConfig{CallID: callID, HostName: "client", Vendor: "test", EchoInterval: 5 * time.Second, EchoTimeout: 5 * time.Second}),
		callID:  callID, linkCfg: cfg,
	}
}

func (c *testClient) has(event string) bool { return slices.Contains(c.log, event) }

func (c *testClient) start(now time.Time) {
	c.control.Start(now)
	c.pump(now)
}

func (c *testClient) receiveControl(now time.Time, b []byte) {
	c.control.Receive(now, b)
	c.pump(now)
}

func (c *testClient) receiveGRE(now time.Time, b []byte) {
	p, err := gre.Parse(b)
	if err != nil {
		c.log = append(c.log, "gre malformed")
		return
	}
	if p.CallID != c.callID {
		c.log = append(c.log, "gre unknown call")
		return
	}
	if c.gre != nil {
		c.gre.Receive(now, p, func(payload []byte) { c.link.Receive(now, payload) })
		c.pump(now)
	}
}

func (c *testClient) tick(now time.Time) {
	c.control.Tick(now)
	if c.link != nil {
		c.link.Tick(now)
		c.gre.Tick(now, func(payload []byte) { c.link.Receive(now, payload) })
	}
	c.pump(now)
}

func (c *testClient) deadline() time.Time {
	d := c.control.Deadline()
	if c.link != nil {
		d = earliest(d, earliest(c.link.Deadline(), c.gre.Deadline()))
	}
	return d
}

func (c *testClient) connected(now time.Time, m *control.OutgoingCallReply) {
	c.gre = gre.NewEndpoint(gre.Config{PeerCallID: m.CallID})
	c.link = ppp.NewLink(c.linkCfg)
	c.link.OnIP(func(p []byte) { c.received = append(c.received, slices.Clone(p)) })
	c.link.Open(now)
}

func (c *testClient) sendIP(now time.Time, packet []byte) {
	frame, err := c.link.SendIP(nil, packet)
	if err != nil {
		c.log = append(c.log, "not open")
		return
	}
	c.sendGRE(c.gre.Send(now, nil, frame))
}

// pump sends and records what the state machines have.
func (c *testClient) pump(now time.Time) {
	for {
		e, ok := c.control.NextEvent()
		if !ok {
			break
		}
		c.log = append(c.log, "control "+e.Kind.String())
		switch e.Kind {
		case control.EventStarted:
			if err := c.control.Call(now); err != nil {
				c.log = append(c.log, err.Error())
			}
		case control.EventConnected:
			c.connected(now, e.Message.(*control.OutgoingCallReply))
		}
	}
	for m := c.control.NextMessage(); m != nil && !c.closed; m = c.control.NextMessage() {
		c.sendControl(m)
	}
	if c.link == nil {
		return
	}
	for f := c.link.NextFrame(); f != nil; f = c.link.NextFrame() {
		c.sendGRE(c.gre.Send(now, nil, f))
	}
	for {
		e, ok := c.link.NextEvent()
		if !ok {
			break
		}
		c.log = append(c.log, e.Kind.String())
		if e.Kind == ppp.EventTerminated {
			c.lcpTerm = append(c.lcpTerm, e.Termination)
		}
		if e.Kind == ppp.EventAuthFailed {
			c.failures = append(c.failures, e.Failure)
		}
	}
	if ack, due := c.gre.AppendAck(now, nil); due {
		c.sendGRE(ack)
	}
}
