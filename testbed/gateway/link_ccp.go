package gateway

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const (
	optMPPE = 18 // CCP: RFC 3078 section 2

	// maxMismatch is how often the client may ask for what is not granted before
	// the option is rejected.
	maxMismatch = 6

	// ccpWait is how long IPCP waits for a client that does not negotiate CCP
	// although it was asked to, when encryption is not required.
	ccpWait = 5 * time.Second
)

var strengthsDown = []mppe.Strength{mppe.Bits128, mppe.Bits56, mppe.Bits40}

// ccpPolicy is what the gateway asks for and grants in CCP: MPPE with exactly one
// strength, the strongest both have.
type ccpPolicy struct {
	cfg    *Config
	faults func() *Faults

	want       mppe.Bits // of our request; 0: not asked yet
	gone       bool      // the client rejected the option
	mismatches int
	ours       mppe.Bits // acknowledged by the client: how it sends to us
	theirs     mppe.Bits // acknowledged by us: how we send
}

// Reset implements ppp.Resetter.
func (p *ccpPolicy) Reset() { *p = ccpPolicy{cfg: p.cfg, faults: p.faults} }

// allowed are the strengths that may be agreed.
func (p *ccpPolicy) allowed() mppe.Bits {
	if s := p.faults().MPPEOnly; s != 0 {
		return s.Bit()
	}
	var b mppe.Bits
	for _, s := range p.cfg.MPPE.Strengths {
		b |= s.Bit()
	}
	return b
}

func (p *ccpPolicy) stateful() bool { return p.cfg.MPPE.Stateful || p.faults().MPPEStatefulOnly }

// Request implements ppp.Policy.
func (p *ccpPolicy) Request() []ppp.Option {
	f := p.faults()
	switch {
	case p.gone:
		return nil
	case f.CCPLoop:
		p.want = 0
	case f.MPPECompression:
		p.want = mppe.BitMPPC
	case p.want == 0 || p.want&p.allowed() == 0:
		p.want = p.allowed()
		if first := p.cfg.Manners.FirstMPPE; first != 0 && !p.stateful() && f.MPPEOnly == 0 {
			p.want = first
			break
		}
		if !p.stateful() {
			p.want |= mppe.BitStateless
		}
	}
	return []ppp.Option{mppeOption(p.want)}
}

// Judge implements ppp.Policy.
func (p *ccpPolicy) Judge(req []ppp.Option) (ppp.Code, []ppp.Option) {
	f := p.faults()
	var rej []ppp.Option
	var asked mppe.Bits
	has := false
	for _, o := range req {
		if o.Type != optMPPE || len(o.Data) != 4 || f.CCPRejectMPPE {
			rej = append(rej, o)
			continue
		}
		asked, has = mppe.Bits(binary.BigEndian.Uint32(o.Data)), true
	}
	switch {
	case len(rej) > 0:
		return ppp.ConfRej, rej
	case !has:
		p.theirs = 0
		return ppp.ConfAck, nil
	case f.MPPECompression:
		return ppp.ConfNak, []ppp.Option{mppeOption(mppe.BitMPPC)}
	}
	grant := p.grant(asked)
	if asked == grant {
		p.theirs = grant
		return ppp.ConfAck, nil
	}
	if p.mismatches++; p.mismatches > maxMismatch && f.MPPEOnly == 0 && !f.MPPEStatefulOnly {
		return ppp.ConfRej, req
	}
	return ppp.ConfNak, []ppp.Option{mppeOption(grant)}
}

// grant is the one answer to what the client asks for.
func (p *ccpPolicy) grant(asked mppe.Bits) mppe.Bits {
	allowed := p.allowed()
	common := asked & allowed
	if common == 0 {
		common = allowed
	}
	grant := strongest(common)
	if !p.stateful() || (asked&mppe.BitStateless != 0 && !p.faults().MPPEStatefulOnly) {
		grant |= mppe.BitStateless
	}
	return grant
}

func strongest(b mppe.Bits) mppe.Bits {
	for _, s := range strengthsDown {
		if b&s.Bit() != 0 {
			return s.Bit()
		}
	}
	return 0
}

// Ack implements ppp.Policy.
func (p *ccpPolicy) Ack(opts []ppp.Option) {
	p.ours = 0
	for _, o := range opts {
		if o.Type == optMPPE && len(o.Data) == 4 {
			p.ours = mppe.Bits(binary.BigEndian.Uint32(o.Data))
		}
	}
}

// Nak implements ppp.Policy: the client's wish, as far as it is ours too.
func (p *ccpPolicy) Nak(opts []ppp.Option) {
	for _, o := range opts {
		if o.Type != optMPPE || len(o.Data) != 4 {
			continue
		}
		b := mppe.Bits(binary.BigEndian.Uint32(o.Data))
		p.want = strongest(b & p.allowed())
		// Stateless is the safer mode: granted to whoever wishes it, given up
		// only where the configuration says so.
		if !p.stateful() || (b&mppe.BitStateless != 0 && !p.faults().MPPEStatefulOnly) {
			p.want |= mppe.BitStateless
		}
	}
}

// Reject implements ppp.Policy.
func (p *ccpPolicy) Reject(opts []ppp.Option) {
	p.gone = p.gone || slices.ContainsFunc(opts, func(o ppp.Option) bool { return o.Type == optMPPE })
}

// agreed says whether both directions have an encryption.
func (p *ccpPolicy) agreed() bool { return strongest(p.ours) != 0 && strongest(p.theirs) != 0 }

func mppeOption(b mppe.Bits) ppp.Option {
	return ppp.Option{Type: optMPPE, Data: binary.BigEndian.AppendUint32(nil, uint32(b))}
}
