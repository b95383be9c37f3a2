package ppp

import "net/netip"

// IPCP options (RFC 1332 section 3, RFC 1877 section 1).
const (
	optAddress = 3
	optDNS1    = 129
	optNBNS1   = 130
	optDNS2    = 131
	optNBNS2   = 132
)

// ipcpPolicy asks for an address and, by wish, for name servers, and lets the peer have its own address.
type ipcpPolicy struct {
	notices
	cfg *Config

	wants   []ipcpWant
	peer    netip.Addr // zero: the peer has told none
	refused bool       // the address option was rejected, or answered with 0.0.0.0
	told    bool       // a peer without address was reported
}

// ipcpWant is one option of our request.
type ipcpWant struct {
	typ  uint8
	addr netip.Addr
}

var unspecified = netip.IPv4Unspecified()

func newIPCPPolicy(cfg *Config) *ipcpPolicy {
	p := &ipcpPolicy{notices: newNotices(), cfg: cfg}
	p.Reset()
	return p
}

func (p *ipcpPolicy) Reset() {
	p.wants = append(p.wants[:0], ipcpWant{optAddress, p.requested()})
	if p.cfg.WantDNS {
		p.wants = append(p.wants, ipcpWant{optDNS1, unspecified}, ipcpWant{optDNS2, unspecified})
	}
	if p.cfg.WantNBNS {
		p.wants = append(p.wants, ipcpWant{optNBNS1, unspecified}, ipcpWant{optNBNS2, unspecified})
	}
	p.peer, p.refused, p.told = netip.Addr{}, false, false
}

func (p *ipcpPolicy) requested() netip.Addr {
	if p.cfg.Address.Is4() {
		return p.cfg.Address
	}
	return unspecified
}

func (p *ipcpPolicy) Request() []Option {
	opts := make([]Option, 0, len(p.wants))
	for _, w := range p.wants {
		a := w.addr.As4()
		opts = append(opts, Option{w.typ, a[:]})
	}
	return opts
}

// Judge lets the peer have any address but none, which we could not give it, and rejects all else: VJ compression
// (2), the old IP-Addresses (1), name servers.
func (p *ipcpPolicy) Judge(req []Option) (Code, []Option) {
	var rej []Option
	peer := netip.Addr{}
	for _, o := range req {
		if o.Type != optAddress || len(o.Data) != 4 {
			rej = append(rej, o)
			continue
		}
		a := netip.AddrFrom4([4]byte(o.Data))
		if a == unspecified {
			rej = append(rej, o)
			if !p.told {
				p.told = true
				p.report(EventBadAddress, "peer asks for its own address")
			}
			continue
		}
		peer = a
	}
	if len(rej) > 0 {
		return ConfRej, rej
	}
	p.peer = peer
	return ConfAck, nil
}

func (p *ipcpPolicy) Ack([]Option) {}

func (p *ipcpPolicy) Nak(opts []Option) {
	for _, o := range opts {
		if len(o.Data) != 4 {
			continue
		}
		a := netip.AddrFrom4([4]byte(o.Data))
		i := p.find(o.Type)
		switch {
		case i < 0: // not asked for
		case o.Type != optAddress && a == unspecified:
			p.drop(i) // a name server of 0.0.0.0 is none; asking again would go on for ever
		case o.Type != optAddress:
			p.wants[i].addr = a
		case a == unspecified:
			p.noAddress(EventNoAddress, "nak with 0.0.0.0")
		default:
			if want := p.wants[i].addr; want != unspecified && want == p.cfg.Address && a != want {
				p.report(EventAddressRejected, "asked for %s, peer wants %s", want, a)
			}
			p.wants[i].addr = a
		}
	}
}

func (p *ipcpPolicy) Reject(opts []Option) {
	for _, o := range opts {
		i := p.find(o.Type)
		if i < 0 {
			continue
		}
		if o.Type == optAddress {
			kind := EventNoAddress
			if p.requested() != unspecified {
				kind = EventAddressRejected
			}
			p.noAddress(kind, "address option rejected")
		}
		p.drop(i)
	}
}

// noAddress reports once in a negotiation.
func (p *ipcpPolicy) noAddress(kind EventKind, detail string) {
	if !p.refused {
		p.refused = true
		p.report(kind, "%s", detail)
	}
}

func (p *ipcpPolicy) find(typ uint8) int {
	for i, w := range p.wants {
		if w.typ == typ {
			return i
		}
	}
	return -1
}

func (p *ipcpPolicy) drop(i int) { p.wants = append(p.wants[:i], p.wants[i+1:]...) }

// local returns the address that was negotiated, zero if none.
func (p *ipcpPolicy) local() netip.Addr {
	if i := p.find(optAddress); i >= 0 {
		return p.wants[i].addr
	}
	return netip.Addr{}
}

// servers returns the addresses obtained for two options.
func (p *ipcpPolicy) servers(first, second uint8) []netip.Addr {
	var out []netip.Addr
	for _, w := range p.wants {
		if (w.typ == first || w.typ == second) && w.addr != unspecified {
			out = append(out, w.addr)
		}
	}
	return out
}

// addressFault says what is wrong with the addresses of an open IPCP; empty: nothing.
func addressFault(local, peer netip.Addr) string {
	switch {
	case !usable(local):
		return "local address " + local.String()
	case peer.IsValid() && !usable(peer):
		return "peer address " + peer.String()
	case local == peer:
		return "local and peer address are both " + local.String()
	}
	return ""
}

func usable(a netip.Addr) bool {
	b := a.As4()
	return b[0] != 0 && b[0] != 127 && b[0] < 224 // 0/8, loopback, multicast and reserved
}

func (l *Link) onIPCP(ev AutomatonEvent) {
	switch ev.Kind {
	case ThisLayerUp:
		l.phase = Running
		l.emit(Event{Kind: EventIPCPOpened, Protocol: IPCP})
		l.checkAddresses()
	case ThisLayerDown:
		if l.phase == Running {
			l.phase = Network
		}
	case TimedOut:
		l.emit(Event{Kind: EventIPCPTimeout, Protocol: IPCP})
	case NotConverging:
		l.emit(Event{Kind: EventIPCPNotConverging, Protocol: IPCP, Detail: lastRound(ev)})
	case TerminateReceived:
		t := ParseTermination(ev.Data)
		l.emit(Event{Kind: EventTerminated, Protocol: IPCP, Termination: t})
		if ev.State.negotiating() {
			l.emit(Event{Kind: EventNoAddress, Protocol: IPCP, Termination: t, Detail: "terminate-request"})
		}
	case TerminateAcked:
		l.onIPCPTermAck(ev.State)
	}
}

// onIPCPTermAck recognizes a peer (accel-ppp) that answers IPCP with Terminate-Ack while its CCP is in flight. It
// means "not now": our request is kept back until CCP has ended one way or the other.
func (l *Link) onIPCPTermAck(state State) {
	ccp := l.ccp.State()
	if !state.negotiating() || ccp == Opened || (!ccp.negotiating() && !l.peerCCP) {
		return
	}
	l.emit(Event{Kind: EventIPCPRace, Protocol: IPCP})
	if ccp.negotiating() {
		l.ipcp.Hold()
	}
}

// checkAddresses reports what an open IPCP lacks.
func (l *Link) checkAddresses() {
	p := l.ipcpPol
	local := p.local()
	if !local.IsValid() {
		l.emit(Event{Kind: EventNoAddress, Protocol: IPCP, Detail: "opened without an address"})
	} else if fault := addressFault(local, p.peer); fault != "" {
		l.emit(Event{Kind: EventBadAddress, Protocol: IPCP, Detail: fault})
	}
	if l.cfg.WantDNS && len(p.servers(optDNS1, optDNS2)) == 0 {
		l.emit(Event{Kind: EventDNSMissing, Protocol: IPCP})
	}
}
