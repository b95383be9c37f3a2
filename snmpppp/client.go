package snmpppp

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// client is a [walk.Requester] over gosnmp for one agent. It has a socket between
// open and close only, so that the number of sockets, and of gosnmp's buffers of
// 64 KiB, is that of polls at the same time. What SNMPv3 has to remember between two
// polls, engine, boots, time and keys, is in usm, and survives.
type client struct {
	target Target
	usm    *gosnmp.UsmSecurityParameters // nil: not v3, or nothing known yet
	engine string                        // contextEngineID
	heard  time.Time                     // when usm was up to date

	g     *gosnmp.GoSNMP
	conn  *conn
	last  time.Time // of the last request, for Target.Pause
	reply walk.Response
}

// open connects. The client must be closed after the last request.
func (c *client) open(ctx context.Context) error {
	t := &c.target
	// gosnmp resolves the name without a context. It is resolved here, and again for
	// every poll: the address of an agent may change.
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.Host)
	if err != nil || len(addrs) == 0 {
		if ctx.Err() != nil {
			return contextError(ctx.Err())
		}
		return &Error{Kind: walk.KindResolve, Err: fmt.Errorf("looking up %s: %w", t.Host, err)}
	}
	g := &gosnmp.GoSNMP{
		Target: addrs[0].Unmap().String(), Port: t.Port, Transport: t.Transport, Timeout: t.Timeout,
		Retries:            0, // the walker repeats: after a timeout it asks for less
		Context:            ctx,
		MaxOids:            gosnmp.MaxOids,
		ExponentialTimeout: false,
	}
	switch t.Auth.Version {
	case V1:
		g.Version, g.Community = gosnmp.Version1, t.Auth.Community
	case V2c:
		g.Version, g.Community = gosnmp.Version2c, t.Auth.Community
	default:
		c.setUSM(g)
	}
	if err := g.Connect(); err != nil {
		return c.classify(ctx, err)
	}
	c.conn = &conn{Conn: g.Conn, reports: g.Version == gosnmp.Version3}
	g.Conn = c.conn
	c.g = g
	return nil
}

// setUSM gives g the user, and what is known of the engine.
func (c *client) setUSM(g *gosnmp.GoSNMP) {
	a := &c.target.Auth
	g.Version, g.SecurityModel, g.ContextName = gosnmp.Version3, gosnmp.UserSecurityModel, a.Context
	g.MsgFlags = gosnmp.NoAuthNoPriv
	usm := &gosnmp.UsmSecurityParameters{UserName: a.User, AuthenticationProtocol: gosnmp.NoAuth, PrivacyProtocol: gosnmp.NoPriv}
	if a.AuthProtocol != "" {
		g.MsgFlags = gosnmp.AuthNoPriv
		usm.AuthenticationProtocol, usm.AuthenticationPassphrase = authProtocols[a.AuthProtocol], a.AuthPassphrase
	}
	if a.PrivProtocol != "" {
		g.MsgFlags = gosnmp.AuthPriv
		usm.PrivacyProtocol, usm.PrivacyPassphrase = privProtocols[a.PrivProtocol], a.PrivPassphrase
	}
	if c.usm == nil {
		c.usm, c.engine = usm, ""
	} else if s := time.Since(c.heard) / time.Second; s > 0 {
		// Agents accept 150 s of difference (RFC 3414 section 2.2.3): the engine's clock
		// goes on while we do not hear of it.
		c.usm.AuthoritativeEngineTime += uint32(s)
	}
	g.SecurityParameters = c.usm
	g.ContextEngineID = c.engine
	if a.EngineID != "" {
		id, _ := hex.DecodeString(a.EngineID) // validated
		g.ContextEngineID = string(id)
	}
}

// close gives the socket back.
func (c *client) close() {
	if c.g == nil {
		return
	}
	if c.usm != nil {
		c.heard = time.Now()
		if c.target.Auth.EngineID == "" {
			c.engine = c.g.ContextEngineID
		}
	}
	_ = c.g.Close()                                  // nothing was written that could be lost
	c.g, c.conn, c.reply = nil, nil, walk.Response{} // which holds the last answer
}

// forget makes the next poll find out the engine again.
func (c *client) forget() { c.usm = nil }

// Bulk is part of [walk.Requester].
func (c *client) Bulk() bool { return c.target.Auth.Version != V1 }

// Do is part of [walk.Requester].
func (c *client) Do(ctx context.Context, r *walk.Request) (*walk.Response, error) {
	if err := c.pause(ctx); err != nil {
		return nil, err
	}
	conn := c.conn
	defer context.AfterFunc(ctx, conn.cancel)()
	var p *gosnmp.SnmpPacket
	var err error
	switch r.Op {
	case walk.OpGet:
		p, err = c.g.Get(r.OIDs)
	case walk.OpGetNext:
		p, err = c.g.GetNext(r.OIDs)
	default:
		p, err = c.g.GetBulk(r.OIDs, 0, uint32(r.Repetitions))
	}
	if err != nil {
		return nil, c.classify(ctx, err)
	}
	if err := c.check(p); err != nil {
		return nil, err
	}
	c.decode(p)
	return &c.reply, nil
}

// pause waits until the next request may be sent.
func (c *client) pause(ctx context.Context) error {
	if c.target.Pause == 0 {
		return nil
	}
	wait := time.Until(c.last.Add(c.target.Pause))
	if !c.last.IsZero() && wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return contextError(ctx.Err())
		}
	}
	c.last = time.Now()
	return nil
}

// check finds out whether p answers the request: gosnmp takes a request-id of 0, any
// community, any version, and any type for an answer.
func (c *client) check(p *gosnmp.SnmpPacket) error {
	switch {
	case p.PDUType == gosnmp.Report:
		return reportError(p)
	case p.PDUType != gosnmp.GetResponse:
		return malformed("the answer is not a response, but of type %#x", byte(p.PDUType))
	case p.Version != c.g.Version:
		return malformed("the answer is of another version")
	case p.Version != gosnmp.Version3 && p.Community != c.target.Auth.Community:
		return malformed("the answer has another community")
	case p.RequestID == 0:
		return malformed("the answer has the request-id 0")
	}
	return nil
}

// decode takes the variables out of p. Strings are copied: over TCP they are part of
// gosnmp's buffer, and else they would pin the packet.
func (c *client) decode(p *gosnmp.SnmpPacket) {
	c.reply.Status, c.reply.Index = walk.Status(p.Error), int(p.ErrorIndex)
	c.reply.Vars = c.reply.Vars[:0]
	for i := range p.Variables {
		v := &p.Variables[i]
		c.reply.Vars = append(c.reply.Vars, walk.Var{OID: strings.TrimPrefix(v.Name, "."), Value: value(v)})
	}
}

// value translates a value. One that gosnmp could not decode is nil, and absent.
func value(v *gosnmp.SnmpPDU) walk.Value {
	switch x := v.Value.(type) {
	case int:
		if v.Type == gosnmp.Integer {
			return walk.Number(walk.TypeInt, uint64(int64(x)))
		}
	case uint:
		switch v.Type {
		case gosnmp.Counter32:
			return walk.Number(walk.TypeCounter, uint64(x))
		case gosnmp.Gauge32, gosnmp.Uinteger32:
			return walk.Number(walk.TypeGauge, uint64(x))
		}
	case uint32:
		switch v.Type {
		case gosnmp.TimeTicks:
			return walk.Number(walk.TypeTicks, uint64(x))
		case gosnmp.Uinteger32:
			return walk.Number(walk.TypeGauge, uint64(x))
		}
	case uint64:
		if v.Type == gosnmp.Counter64 {
			return walk.Number(walk.TypeCounter64, x)
		}
	case []byte:
		if v.Type == gosnmp.OctetString {
			return walk.Text(walk.TypeString, string(x))
		}
	case string:
		switch v.Type {
		case gosnmp.ObjectIdentifier:
			return walk.Text(walk.TypeOID, strings.TrimPrefix(x, "."))
		case gosnmp.IPAddress:
			return walk.Text(walk.TypeAddress, x)
		}
	case float32: // opaque, as net-snmp sends it
		return walk.Text(walk.TypeString, strconv.FormatFloat(float64(x), 'g', -1, 32))
	case float64:
		return walk.Text(walk.TypeString, strconv.FormatFloat(x, 'g', -1, 64))
	}
	return walk.Value{}
}
