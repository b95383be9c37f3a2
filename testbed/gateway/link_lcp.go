package gateway

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// LCP options (RFC 1661 section 6; 2: RFC 1662).
const (
	optMRU   = 1
	optACCM  = 2
	optAuth  = 3
	optMagic = 5
	optPFC   = 7
	optACFC  = 8
)

const minClientMRU = 128 // what a client may ask for at least

// lcpPolicy is what the gateway asks for and grants in LCP.
type lcpPolicy struct {
	cfg    *Config
	faults func() *Faults
	magic  uint32

	method  int  // index of the authentication to ask for
	naks    int  // authentications the client has refused
	refused bool // the client accepts none of them
	noMRU   bool // the client rejected ours
	rounds  int

	agreed  chap.Method // asked for in the last request; 0: none
	peerMRU uint16

	extra             extraOptions
	peerPFC, peerACFC bool // the client takes compressed fields
}

func newLCPPolicy(cfg *Config, faults func() *Faults, magic uint32) *lcpPolicy {
	return &lcpPolicy{cfg: cfg, faults: faults, magic: magic}
}

// Reset implements ppp.Resetter.
func (p *lcpPolicy) Reset() {
	p.method, p.naks, p.refused, p.peerMRU = 0, 0, false, 0
	p.extra, p.peerPFC, p.peerACFC = extraOptions{}, false, false
}

// methods are the authentications to ask for, in order.
func (p *lcpPolicy) methods() []chap.Method {
	f := p.faults()
	switch {
	case f.AuthNone:
		return nil
	case len(f.AuthOnly) > 0:
		return f.AuthOnly
	}
	return p.cfg.Auth
}

// Request implements ppp.Policy.
func (p *lcpPolicy) Request() []ppp.Option {
	opts := p.extra.open(p.cfg.Manners.LCPOptions)
	if !p.noMRU {
		opts = append(opts, ppp.Option{Type: optMRU, Data: binary.BigEndian.AppendUint16(nil, p.cfg.MRU)})
	}
	p.agreed = 0
	if m := p.methods(); len(m) > 0 {
		p.agreed = m[p.method%len(m)]
		opts = append(opts, ppp.Option{Type: optAuth, Data: authOption(p.agreed)})
	}
	return append(opts, ppp.Option{Type: optMagic, Data: binary.BigEndian.AppendUint32(nil, p.magic)})
}

// Judge implements ppp.Policy.
func (p *lcpPolicy) Judge(req []ppp.Option) (ppp.Code, []ppp.Option) {
	f := p.faults()
	if f.LCPLoop {
		p.rounds++
		mru := uint16(1300 + p.rounds%64)
		return ppp.ConfNak, []ppp.Option{{Type: optMRU, Data: binary.BigEndian.AppendUint16(nil, mru)}}
	}
	var rej, nak []ppp.Option
	p.peerPFC, p.peerACFC = false, false
	for _, o := range req {
		switch {
		case o.Type == optMRU && len(o.Data) == 2:
			mru := binary.BigEndian.Uint16(o.Data)
			switch {
			case f.LCPRejectMRU:
				rej = append(rej, o)
			case mru < minClientMRU:
				nak = append(nak, ppp.Option{Type: optMRU, Data: []byte{0, minClientMRU}})
			default:
				p.peerMRU = mru
			}
		case o.Type == optMagic && len(o.Data) == 4:
			if binary.BigEndian.Uint32(o.Data) == p.magic {
				nak = append(nak, ppp.Option{Type: optMagic, Data: binary.BigEndian.AppendUint32(nil, ^p.magic)})
			}
		case o.Type == optACCM && len(o.Data) == 4:
		case o.Type == optPFC && len(o.Data) == 0:
			p.peerPFC = true
		case o.Type == optACFC && len(o.Data) == 0:
			p.peerACFC = true
		default:
			// Callback, multilink and that the gateway prove itself are not offered.
			rej = append(rej, o)
		}
	}
	switch {
	case len(rej) > 0: // RFC 1661 section 5.4: before any Nak
		return ppp.ConfRej, rej
	case len(nak) > 0:
		return ppp.ConfNak, nak
	}
	return ppp.ConfAck, nil
}

// Ack implements ppp.Policy.
func (p *lcpPolicy) Ack([]ppp.Option) {}

// Nak implements ppp.Policy.
func (p *lcpPolicy) Nak(opts []ppp.Option) {
	for _, o := range opts {
		if o.Type == optAuth {
			p.nextMethod(parseAuthOption(o.Data))
		}
	}
}

// Reject implements ppp.Policy.
func (p *lcpPolicy) Reject(opts []ppp.Option) {
	p.extra.reject(opts)
	for _, o := range opts {
		switch o.Type {
		case optMRU:
			p.noMRU = true
		case optAuth:
			p.nextMethod(0)
		}
	}
}

// nextMethod takes the method that the client suggests, if it is one of ours, or
// the next one of ours.
func (p *lcpPolicy) nextMethod(suggested chap.Method) {
	methods := p.methods()
	if i := slices.Index(methods, suggested); i >= 0 {
		p.method = i
		return
	}
	p.naks++
	p.method++
	p.refused = p.naks >= len(methods) && len(p.faults().AuthOnly) == 0
}

// Abandon implements ppp.Abandoner, with pppd's words.
func (p *lcpPolicy) Abandon() string {
	if p.refused {
		return "peer refused to authenticate"
	}
	return ""
}

// authOption is the data of LCP option 3.
func authOption(m chap.Method) []byte {
	switch m {
	case chap.MethodPAP:
		return []byte{0xC0, 0x23}
	case chap.MethodEAP:
		return []byte{0xC2, 0x27}
	case chap.MethodMD5:
		return []byte{0xC2, 0x23, 0x05}
	case chap.MethodMSCHAPv1:
		return []byte{0xC2, 0x23, 0x80}
	}
	return []byte{0xC2, 0x23, 0x81}
}

// parseAuthOption is the reverse; 0: none of them.
func parseAuthOption(data []byte) chap.Method {
	for m := chap.MethodPAP; m <= chap.MethodEAP; m++ {
		if slices.Equal(data, authOption(m)) {
			return m
		}
	}
	return 0
}

func (l *link) receiveLCP(now time.Time, info []byte) {
	p, err := ppp.ParsePacket(info)
	if err != nil {
		l.host.linkEvent(now, EventMalformed, err.Error())
		return
	}
	f := l.faults()
	switch {
	case f.LCPSilent && p.Code != ppp.ConfAck:
		return
	case p.Code == ppp.ConfReq && f.TerminateAt == AtLCP && l.phase == phaseEstablish:
		l.terminateByFault(now)
		return
	case p.Code == ppp.TermReq && f.NoTermAck:
		l.terminatedByClient(now, p.Data)
		l.up, l.phase = false, phaseDead // silence; the client has to go on with Call-Clear-Request
		return
	}
	l.lcp.Receive(now, p)
}

func (l *link) lcpEvent(now time.Time, e ppp.AutomatonEvent) {
	switch e.Kind {
	case ppp.ThisLayerUp:
		l.lcpUp(now)
	case ppp.ThisLayerDown:
		l.lowerDown(now)
	case ppp.TerminateReceived:
		l.terminatedByClient(now, e.Data)
	case ppp.ThisLayerFinished:
		l.dead(now)
	case ppp.TimedOut:
		l.reason = "LCP timeout"
	case ppp.NotConverging:
		l.reason = "LCP does not converge"
	case ppp.Abandoned:
		l.reason = string(e.Data)
		l.host.linkEvent(now, EventTerminating, l.reason)
	case ppp.Extra:
		l.lcpExtra(now, e.Packet)
	}
}

func (l *link) lcpUp(now time.Time) {
	m := l.lcpPolicy.agreed
	detail := "no authentication"
	if m != 0 {
		detail = m.String()
	}
	l.host.linkEvent(now, EventLCPUp, detail)
	l.echoes = 0
	l.scheduleEcho(now)
	l.identify(now)
	if m == 0 {
		l.network(now)
		return
	}
	l.authenticate(now, m)
}

// lowerDown takes the layers above LCP down: it is over, or negotiated again.
func (l *link) lowerDown(now time.Time) {
	l.auth = authState{}
	l.callback = callbackState{}
	l.ccp.Down(now)
	l.ipcp.Down(now)
	l.noCrypt()
	l.up = false
	if l.phase != phaseTerminate {
		l.phase = phaseEstablish
	}
}
