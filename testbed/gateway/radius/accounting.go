package radius

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// Attributes and values of RFC 2866.
const (
	acctStatus     = packet.Type(40)
	acctBytesIn    = packet.Type(42)
	acctBytesOut   = packet.Type(43)
	acctSession    = packet.Type(44)
	acctTime       = packet.Type(46)
	acctCause      = packet.Type(49)
	framedAddress  = packet.Type(8)
	statusStart    = 1
	statusStop     = 2
	statusInterim  = 3
	statusOn       = 7
	causeUser      = 1
	causeCarrier   = 2
	causeNASError  = 9
	defaultInterim = time.Minute
)

// AccountingConfig is where accounting goes.
type AccountingConfig struct {
	Server  string // host:port
	Secret  string
	NAS     string        // NAS-Identifier
	Interim time.Duration // default 1 min
}

// Accounting tells a server of the sessions of a gateway, as pppd's radius plugin does.
// Answers are not waited for: nothing is sent again.
type Accounting struct {
	cfg  AccountingConfig
	conn net.Conn

	mu       sync.Mutex
	key      *packet.Key
	id       uint8
	sessions map[uint64]*accounted
	close    func() error
}

// accounted is a session that has begun.
type accounted struct {
	user    string
	client  netip.Addr
	address netip.Addr
	since   time.Time
	cause   uint32
}

// StartAccounting says Accounting-On. What it returns must be closed.
func StartAccounting(ctx context.Context, cfg AccountingConfig) (*Accounting, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", cfg.Server)
	if err != nil {
		return nil, fmt.Errorf("start accounting: %w", err)
	}
	if cfg.Interim <= 0 {
		cfg.Interim = defaultInterim
	}
	a := &Accounting{cfg: cfg, conn: conn, key: packet.NewKey(cfg.Secret), sessions: make(map[uint64]*accounted)}
	a.close = sync.OnceValue(conn.Close)
	a.send(statusOn, func(*packet.Builder) {})
	return a, nil
}

// Close ends it. It may be called again.
func (a *Accounting) Close() error { return a.close() }

// Observe takes an event; it is made for [gateway.Config].Observe.
func (a *Accounting) Observe(e gateway.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.sessions[e.Session]
	switch {
	case e.Kind == gateway.EventEstablished && s == nil:
		s = &accounted{user: e.User, client: e.Client.Addr(), address: e.Address, since: e.At, cause: causeCarrier}
		a.sessions[e.Session] = s
		a.tell(statusStart, e.Session, s, 0, 0, e.At)
	case s == nil:
	case e.Kind == gateway.EventTerminated:
		s.cause = causeUser
	case e.Kind == gateway.EventTerminating && e.Detail != "Peer not responding":
		s.cause = causeNASError
	case e.Kind == gateway.EventCallDown:
		delete(a.sessions, e.Session)
		a.tell(statusStop, e.Session, s, e.BytesIn, e.BytesOut, e.At)
	}
}

// Interim tells of the sessions that go on. Call it every AccountingConfig.Interim.
func (a *Accounting) Interim(now time.Time, sessions []gateway.Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range sessions {
		if s := a.sessions[sessions[i].Number]; s != nil {
			a.tell(statusInterim, sessions[i].Number, s, sessions[i].BytesIn, sessions[i].BytesOut, now)
		}
	}
}

// Run calls Interim until the context ends.
func (a *Accounting) Run(ctx context.Context, sessions func() []gateway.Session) {
	ticker := time.NewTicker(a.cfg.Interim)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			a.Interim(now, sessions())
		}
	}
}

func (a *Accounting) tell(status uint32, number uint64, s *accounted, in, out uint64, now time.Time) {
	a.send(status, func(b *packet.Builder) {
		b.Text(acctSession, fmt.Sprintf("%08X%04X", uint32(s.since.Unix()), number))
		b.Text(packet.UserName, s.user)
		b.Text(packet.CallingStationID, s.client.String())
		b.Add(framedAddress, s.address.AsSlice())
		if status == statusStart {
			return
		}
		b.Number(acctTime, uint32(now.Sub(s.since)/time.Second))
		b.Number(acctBytesIn, uint32(in))
		b.Number(acctBytesOut, uint32(out))
		if status == statusStop {
			b.Number(acctCause, s.cause)
		}
	})
}

// send does not care whether anybody listens.
func (a *Accounting) send(status uint32, fill func(*packet.Builder)) {
	a.id++
	b := packet.NewRequest(packet.AccountingRequest, a.id, packet.Authenticator{})
	b.Number(acctStatus, status)
	b.Text(packet.NASIdentifier, a.cfg.NAS)
	fill(b)
	if p, err := b.Request(a.key); err == nil {
		_, _ = a.conn.Write(p)
	}
}
