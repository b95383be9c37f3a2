package radiuscheck

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Checker checks one server. Its methods must not be called concurrently.
type Checker struct {
	cfg     Config
	random  io.Reader
	resolve lookup
	now     func() time.Time

	status []Method // that log nobody in
	logins []Method // that do
	rest   rest
	// answered says that the last login that was tried got an answer.
	answered bool

	auth, acct, stats *conn
	names             map[string]*name // three at most
	spare             time.Duration    // what is left of Config.Spare in this round
}

// New returns a checker. Nothing is sent before the first round.
func New(cfg Config) (*Checker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Checker{cfg: cfg, random: rand.Reader, resolve: resolve, now: time.Now, names: make(map[string]*name)}
	for _, m := range cfg.Methods {
		if m.UsesPassword() {
			c.logins = append(c.logins, m)
		} else {
			c.status = append(c.status, m)
		}
	}
	var first [3]byte
	if _, err := io.ReadFull(c.random, first[:]); err != nil {
		return nil, fmt.Errorf("choosing the first Identifier: %w", err)
	}
	c.auth, c.acct, c.stats = newConn(cfg.Secret, first[0]), newConn(cfg.Secret, first[1]), newConn(cfg.StatusSecret, first[2])
	return c, nil
}

// Close ends the sockets. The checker can be used again after it.
func (c *Checker) Close() {
	for _, s := range []*conn{c.auth, c.acct, c.stats} {
		s.close()
	}
}

// Resting says whether logins are left out of a round at this time, because the
// password was rejected.
func (c *Checker) Resting(now time.Time) bool { return c.rest.resting(now) }

// Round asks with every method once, and with [Compare] twice. Methods that log in are
// left out while [Checker.Resting]. An error is that of ctx, or that a request cannot be
// made; what was found until then is lost, as it says nothing of the server.
func (c *Checker) Round(ctx context.Context) ([]Result, error) {
	c.spare = c.cfg.Spare
	for _, n := range c.names {
		n.begin(c.now())
	}
	var results []Result
	for _, m := range c.status {
		r, err := c.ask(ctx, m, Always)
		if err != nil {
			return nil, err
		}
		results = append(results, *r)
	}
	logins, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	if len(logins) > 0 {
		c.answered = slices.ContainsFunc(logins, func(r Result) bool { return r.Answered() })
	}
	results = append(results, logins...)
	review(results, c.answered)
	return results, nil
}

// login asks with the methods that log in, until one is rejected.
func (c *Checker) login(ctx context.Context) (results []Result, err error) {
	if c.rest.resting(time.Now()) {
		return nil, nil
	}
	n := len(c.logins)
	for k := range n {
		i := (c.rest.first + k) % n
		for _, s := range c.cfg.signings() {
			r, err := c.ask(ctx, c.logins[i], s)
			if err != nil {
				return nil, err
			}
			results = append(results, *r)
			if r.rejected() {
				c.rest.rejected(time.Now(), c.cfg.RejectedInterval, i, n)
				return results, nil
			}
		}
	}
	c.rest.first = 0
	return results, nil
}

// signings are the ways in which each login is tried.
func (c *Config) signings() []Signing {
	if c.Signing == Compare {
		return []Signing{Always, Never}
	}
	return []Signing{c.Signing}
}

func (c *Config) exchange(renew bool) exchange.Config {
	return exchange.Config{Timeout: c.Timeout, Retries: c.Retries, Renew: renew}
}

// ask does one check: at the address that answers in this round, or at one address of the
// name after the other until one does or there is no time for more.
func (c *Checker) ask(ctx context.Context, m Method, s Signing) (*Result, error) {
	to, host, port := c.auth, c.cfg.Host, c.cfg.Port
	if m == StatusAccounting {
		to, port = c.acct, c.cfg.AccountingPort
		if c.cfg.AccountingHost != "" {
			host = c.cfg.AccountingHost
		}
	}
	start := time.Now()
	n, err := c.find(ctx, host)
	if err != nil {
		return &Result{Method: m, Signing: s, Start: start, Failure: unresolved(host, err)}, ctx.Err()
	}
	var silent []*Result
	for i, longest := 0, c.cfg.exchange(false).Longest(); ; i++ {
		r, err := c.askAt(ctx, to, netip.AddrPortFrom(n.addrs[i], port), m, s)
		if err != nil {
			return nil, err
		}
		if r.heard() {
			n.answered(i)
			c.cfg.after(r, silent)
			return r, nil
		}
		silent = append(silent, r)
		if n.heard || i+1 == len(n.addrs) || c.spare < longest {
			break
		}
		c.spare -= longest
	}
	n.silent(len(silent))
	return allSilent(silent), nil
}

// askAt does one check at one address.
func (c *Checker) askAt(ctx context.Context, to *conn, addr netip.AddrPort, m Method, s Signing) (*Result, error) {
	r := &Result{Method: m, Signing: s, Start: time.Now(), Server: addr}
	if err := to.open(addr); err != nil {
		r.fail(Unreachable, "No socket to the server: "+err.Error()+".")
		return r, ctx.Err()
	}
	var login credentials
	if m.UsesPassword() {
		var err error
		if login, err = newCredentials(&c.cfg, m, c.random); err != nil {
			return nil, err
		}
	}
	ex, err := to.run(ctx, c.cfg.exchange(login == nil), func(id uint8) (packet.Packet, error) {
		return c.request(to, id, s, login)
	})
	if err != nil {
		return nil, err
	}
	c.cfg.judge(r, ex, login, to.key)
	return r, nil
}

// find returns a host with its addresses, in the time that a server has for an answer.
func (c *Checker) find(ctx context.Context, host string) (*name, error) {
	n := c.names[host]
	if n == nil {
		n = &name{host: host}
		c.names[host] = n
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	return n, n.find(ctx, c.now(), c.resolve)
}

// request makes a Status-Server, or an Access-Request for a login.
func (c *Checker) request(to *conn, id uint8, s Signing, login credentials) (packet.Packet, error) {
	var auth packet.Authenticator
	if _, err := io.ReadFull(c.random, auth[:]); err != nil {
		return nil, fmt.Errorf("making a Request Authenticator: %w", err)
	}
	code := packet.StatusServer
	if login != nil {
		code = packet.AccessRequest
	}
	b := packet.NewRequest(code, id, auth)
	if s == Always {
		b.Sign()
	}
	nas := &c.cfg.NAS
	if login != nil {
		b.Text(packet.UserName, c.cfg.Username)
		login.fill(b, to.key)
		nas.describe(b, to)
	}
	nas.identify(b, to)
	return b.Request(to.key)
}

// identify says who asks (RFC 2865, section 4.1).
func (n *NAS) identify(b *packet.Builder, to *conn) {
	a := n.Address
	if !a.IsValid() {
		a = to.local()
	}
	b.Address(packet.NASIPAddress, packet.NASIPv6Address, a)
	b.Text(packet.NASIdentifier, n.Identifier)
}

// describe says what pppd's radius plugin and accel-ppp say of a PPTP session, and with
// Tunnel what others say besides.
func (n *NAS) describe(b *packet.Builder, to *conn) {
	const framed, ppp, virtual = 2, 1, 5 // RFC 2865, sections 5.6, 5.7, 5.41
	b.Number(packet.ServiceType, framed)
	b.Number(packet.FramedProtocol, ppp)
	b.Number(packet.NASPort, n.Port)
	b.Number(packet.NASPortType, virtual)
	client := n.CallingStationID
	if client == "" {
		client = to.local().String()
	}
	b.Text(packet.CallingStationID, client)
	b.Text(packet.CalledStationID, n.CalledStationID)
	if n.Tunnel {
		const pptp, ipv4, tag = 1, 1, 0 // RFC 2868, sections 3.1, 3.2
		b.TaggedNumber(packet.TunnelType, tag, pptp)
		b.TaggedNumber(packet.TunnelMediumType, tag, ipv4)
		b.TaggedText(packet.TunnelClientEndpoint, tag, client)
		server := n.Address
		if !server.IsValid() {
			server = to.local()
		}
		b.TaggedText(packet.TunnelServerEndpoint, tag, server.String())
	}
}
