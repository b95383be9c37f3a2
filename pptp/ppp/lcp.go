package ppp

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
)

// LCP options (RFC 1661 section 6, RFC 1662 section 7.1). All others are rejected: callback (13), MRRU (17), short
// sequence numbers (18), endpoint discriminator (19) and link discriminator (23) among them.
const (
	optMRU   = 1
	optACCM  = 2
	optAuth  = 3
	optMagic = 5
	optPFC   = 7
	optACFC  = 8
)

const (
	defaultMRU  = 1500 // what the peer receives unless it says otherwise (RFC 1661 section 6.1)
	minMRU      = 128
	loopbackMax = 3 // requests with our own magic number: chance makes one in 2^32
	authNakMax  = 5 // more than a peer repeats because our Nak was lost
)

// notice is what a policy has to report to its Link.
type notice struct {
	kind   EventKind
	bits   uint32
	detail string
}

// notices is a bounded list of them; a Link drains it after each call.
type notices struct{ queue[notice] }

func newNotices() notices { return notices{queue[notice]{max: 8}} }

func (n *notices) report(kind EventKind, format string, args ...any) {
	n.push(notice{kind: kind, detail: fmt.Sprintf(format, args...)})
}

// lcpPolicy is the calling side's idea of LCP.
type lcpPolicy struct {
	notices
	cfg  *Config
	rand io.Reader

	mru           uint16 // ours; may follow the peer's Nak
	magic         uint32
	dropped       [16]bool // options of ours that the peer has refused
	peerMRU       uint16
	peerMagic     uint32
	asked         bool        // the peer wants us to authenticate
	method        chap.Method // how; with AnyAuth it may be 0, unknown
	offered       []string    // authentication protocols the peer has asked for, each once
	authNaks      int
	ownMagics     int // consecutive requests with our own magic number
	acked         map[uint8]bool
	abandonReason string
}

func newLCPPolicy(cfg *Config) *lcpPolicy {
	p := &lcpPolicy{notices: newNotices(), cfg: cfg, rand: cfg.Rand}
	p.Reset()
	return p
}

// Reset forgets the last negotiation, but not what the peer offered: that is evidence.
func (p *lcpPolicy) Reset() {
	p.mru = p.cfg.MRU
	p.magic = p.newMagic()
	p.dropped = [16]bool{}
	p.peerMRU, p.peerMagic, p.asked, p.method = defaultMRU, 0, false, 0
	p.authNaks, p.ownMagics, p.abandonReason = 0, 0, ""
	p.acked = nil
}

// newMagic draws a magic number; never zero, which means "none" (RFC 1661 section 6.4).
func (p *lcpPolicy) newMagic() uint32 {
	var b [4]byte
	if _, err := io.ReadFull(p.rand, b[:]); err != nil {
		return 0 // no entropy: go without a magic number rather than with a guessable constant
	}
	return max(1, binary.BigEndian.Uint32(b[:]))
}

func (p *lcpPolicy) Abandon() string { return p.abandonReason }

func (p *lcpPolicy) Request() []Option {
	var opts []Option
	add := func(o Option) {
		if !p.dropped[o.Type] {
			opts = append(opts, o)
		}
	}
	add(option16(optMRU, p.mru))
	if p.magic != 0 {
		add(option32(optMagic, p.magic))
	}
	add(Option{Type: optPFC})
	add(Option{Type: optACFC})
	return opts
}

func (p *lcpPolicy) Judge(req []Option) (Code, []Option) {
	var rej, nak []Option
	mru, magic, asked, method := uint16(defaultMRU), uint32(0), false, chap.Method(0)
	for _, o := range req {
		switch {
		case o.Type == optAuth:
			// Always Nak: to Reject an authentication option says "I will not authenticate".
			p.noteOffer(o.Data)
			asked, method = true, authMethod(o.Data)
			if !p.accepts(method) {
				nak = append(nak, p.nakAuth())
			}
		case o.Type == optMRU && len(o.Data) == 2:
			if mru = binary.BigEndian.Uint16(o.Data); mru < minMRU {
				nak = append(nak, option16(optMRU, minMRU))
			}
		case o.Type == optMagic && len(o.Data) == 4:
			magic = binary.BigEndian.Uint32(o.Data)
			if magic == 0 || magic == p.magic {
				nak = append(nak, option32(optMagic, p.newMagic()))
			}
		case o.Type == optACCM && len(o.Data) == 4, (o.Type == optPFC || o.Type == optACFC) && len(o.Data) == 0:
		default:
			rej = append(rej, o)
		}
	}
	p.countMagic(magic)
	switch {
	case len(rej) > 0:
		return ConfRej, rej
	case len(nak) > 0:
		return ConfNak, nak
	}
	p.peerMRU, p.peerMagic, p.asked, p.method = mru, magic, asked, method
	return ConfAck, nil
}

// countMagic finds a looped line: our own requests come back (RFC 1661 section 6.4).
func (p *lcpPolicy) countMagic(magic uint32) {
	if magic == 0 || magic != p.magic {
		p.ownMagics = 0
		return
	}
	if p.ownMagics++; p.ownMagics == loopbackMax {
		p.report(EventLoopback, "configure-request carries our magic number 0x%08x", magic)
		p.abandonReason = "Loopback detected"
	}
}

// accepts says whether an authentication method fits the configuration; with AnyAuth whatever the peer wants does.
func (p *lcpPolicy) accepts(m chap.Method) bool {
	return p.cfg.AnyAuth || (m != 0 && m != chap.MethodEAP && slices.Contains(p.cfg.Auth, m))
}

func (p *lcpPolicy) noteOffer(data []byte) {
	name := authName(data)
	if !slices.Contains(p.offered, name) && len(p.offered) < 8 {
		p.offered = append(p.offered, name)
	}
}

// nakAuth proposes our methods in turn, the preferred one first. A peer that still insists when it has heard them
// all has no method in common with us.
func (p *lcpPolicy) nakAuth() Option {
	o := authOption(p.cfg.Auth[p.authNaks%len(p.cfg.Auth)])
	if p.authNaks++; p.authNaks > authNakMax {
		p.report(EventAuthRefused, "offered %v, accepted %v", p.offered, p.cfg.Auth)
		p.abandonReason = "no acceptable authentication protocol"
	}
	return o
}

func (p *lcpPolicy) Ack(opts []Option) {
	p.acked = make(map[uint8]bool, len(opts))
	for _, o := range opts {
		p.acked[o.Type] = true
	}
	if !p.acked[optMagic] {
		p.magic = 0
	}
}

func (p *lcpPolicy) Nak(opts []Option) {
	for _, o := range opts {
		switch {
		case o.Type == optMRU && len(o.Data) == 2 && !p.dropped[optMRU]:
			v := binary.BigEndian.Uint16(o.Data)
			p.report(EventMRURejected, "asked for %d, peer wants %d", p.mru, v)
			if v >= minMRU {
				p.mru = v
			}
		case o.Type == optMagic && p.magic != 0:
			p.magic = p.newMagic() // the peer sees its own number: ours is looped or, rarely, equal
		case o.Type == optPFC || o.Type == optACFC:
			p.dropped[o.Type] = true
		}
		// Options that were not asked for, an authentication of the peer among them, are suggestions: not taken.
	}
}

func (p *lcpPolicy) Reject(opts []Option) {
	for _, o := range opts {
		if int(o.Type) >= len(p.dropped) {
			continue
		}
		switch {
		case o.Type == optMRU && !p.dropped[optMRU]:
			p.report(EventMRURejected, "asked for %d, peer rejects the option", p.mru)
			p.mru = defaultMRU
		case o.Type == optMagic:
			p.magic = 0
		}
		p.dropped[o.Type] = true
	}
}
