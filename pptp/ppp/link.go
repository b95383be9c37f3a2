package ppp

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// Bounds of what a link keeps for its owner; what does not fit is dropped and counted in Stats.
const (
	maxQueuedFrames = 64
	maxLinkEvents   = 128
)

// Link is the calling side of a PPP link: LCP, authentication, CCP with MPPE and IPCP. It has no clock and does no
// I/O: frames and time are passed in, frames and events are fetched. Not safe for concurrent use.
//
// After each call of Open, Receive, Tick, Echo or Close the owner sends what NextFrame returns, handles what
// NextEvent returns and arranges for a Tick at Deadline.
type Link struct {
	cfg   Config
	phase Phase
	now   time.Time // of the call being worked on, for events

	lcp, ccp, ipcp *Automaton
	lcpPol         *lcpPolicy
	ccpPol         *ccpPolicy
	ipcpPol        *ipcpPolicy
	id             uint8 // last one used; one counter for all protocols, as Windows has it

	auth          *chap.Peer
	method        chap.Method
	authenticated bool
	authTimer     time.Time

	echo echoState

	ccpOn         bool // CCP is negotiated on this link; otherwise it is protocol-rejected
	peerCCP       bool // the peer has sent a CCP request
	enc           *mppe.Encryptor
	dec           *mppe.Decryptor
	mppeLost      bool // CCP was open and its future is undecided: nothing may go out in the clear
	mppeGood      bool // an IP packet was decrypted
	mppeBad       int  // implausible packets in a row
	mppeProtoErrs int
	leakReported  bool
	resetAt       time.Time
	plainOut      []byte // SendIP: what is to be encrypted
	plainIn       []byte // Receive: what was decrypted

	onIP   func([]byte)
	frames queue[[]byte]
	events queue[Event]
	stats  Stats
}

// NewLink returns a link that waits for Open. It keeps cfg.Rand.
func NewLink(cfg Config) *Link {
	cfg.setDefaults()
	l := &Link{cfg: cfg, frames: queue[[]byte]{max: maxQueuedFrames}, events: queue[Event]{max: maxLinkEvents}}
	l.lcpPol = newLCPPolicy(&l.cfg)
	l.ccpPol = newCCPPolicy(&l.cfg)
	l.ipcpPol = newIPCPPolicy(&l.cfg)
	l.lcp = NewAutomaton(AutomatonConfig{Protocol: LCP, Policy: l.lcpPol, NextID: l.nextID})
	l.ipcp = NewAutomaton(AutomatonConfig{Protocol: IPCP, Policy: l.ipcpPol, NextID: l.nextID})
	ccp := AutomatonConfig{Protocol: CCP, Policy: l.ccpPol, NextID: l.nextID}
	if cfg.MPPE != MPPERequire {
		ccp.MaxConfigure = 3
		ccp.Restart = []time.Duration{max(1, cfg.CCPWait/3)}
	}
	l.ccp = NewAutomaton(ccp)
	return l
}

func (l *Link) nextID() uint8 { l.id++; return l.id }

// Open says that the lower layer is ready and sends the first LCP Configure-Request. It is called once.
func (l *Link) Open(now time.Time) {
	if l.phase == Dead {
		return
	}
	l.now = now
	l.lcp.Open(now)
	l.lcp.Up(now)
	l.pump(now)
}

// Close ends the link with up to three LCP Terminate-Requests, a second apart; reason is their data. EventDead
// follows.
func (l *Link) Close(now time.Time, reason string) {
	l.now = now
	switch {
	case l.phase == Dead:
		return
	case l.lcp.State() <= Starting:
		l.die()
		return
	}
	l.lcp.Close(now, []byte(reason))
	l.pump(now)
}

// fail ends the link because its configuration does not allow it to go on.
func (l *Link) fail(now time.Time, reason string) { l.lcp.Close(now, []byte(reason)) }

// Receive works on one PPP frame, without flags and FCS. frame is not kept.
func (l *Link) Receive(now time.Time, frame []byte) {
	if l.phase == Dead {
		return
	}
	l.now = now
	proto, info, err := ParseFrame(frame)
	if err != nil {
		l.stats.Malformed++
		return
	}
	switch proto {
	case Compressed:
		l.receiveEncrypted(now, info)
		return
	case IPv4:
		l.receiveClear(info)
		return
	case LCP:
		l.control(now, l.lcp, info)
	case PAP, CHAP:
		l.receiveAuth(now, proto, info)
	case CBCP:
		l.receiveCBCP(info)
	case CCP:
		l.receiveCCP(now, info)
	case IPCP:
		if l.networkPhase() {
			l.control(now, l.ipcp, info)
		} else {
			l.tooEarly()
		}
	default:
		l.rejectUnknown(proto, info)
	}
	l.pump(now)
}

func (l *Link) receiveCCP(now time.Time, info []byte) {
	switch {
	case !l.networkPhase():
		l.tooEarly()
	case !l.ccpOn:
		l.peerCCP = true
		l.rejectProtocol(CCP, info)
	default:
		l.peerCCP = true
		l.control(now, l.ccp, info)
	}
}

// tooEarly takes callback or a network protocol out of phase. If we wait for a verdict, the
// server has accepted us and its Success was lost: without a reminder both sides
// would wait for ever.
func (l *Link) tooEarly() {
	l.stats.Unexpected++
	if l.phase == Authenticate && l.auth != nil {
		l.auth.Repeat()
	}
}

func (l *Link) networkPhase() bool { return l.phase >= Callback && l.phase <= Running }

func (l *Link) control(now time.Time, a *Automaton, info []byte) {
	p, err := ParsePacket(info)
	if err != nil {
		l.stats.Malformed++
		return
	}
	a.Receive(now, p)
}

// rejectUnknown answers what we do not speak: IPV6CP, MPLSCP, EAP and the rest.
func (l *Link) rejectUnknown(proto Protocol, info []byte) {
	if proto == EAP && l.cfg.AnyAuth {
		l.stats.Unexpected++
		return
	}
	l.rejectProtocol(proto, info)
}

// rejectProtocol sends a Protocol-Reject, which is allowed in LCP's Opened state only (RFC 1661 section 5.7).
func (l *Link) rejectProtocol(proto Protocol, info []byte) {
	if l.lcp.State() != Opened {
		l.stats.Unexpected++
		return
	}
	room := min(maxReject, max(minMRU, int(l.lcpPol.peerMRU))) - packetHeaderLen - 2
	data := append([]byte{byte(proto >> 8), byte(proto)}, info[:min(len(info), room)]...)
	l.stats.ProtocolRejectsSent++
	l.queueFrame(LCP, Packet{ProtoRej, l.nextID(), data}.AppendTo(nil))
}

// Tick runs the timers that are due.
func (l *Link) Tick(now time.Time) {
	if l.phase == Dead {
		return
	}
	l.now = now
	l.lcp.Tick(now)
	l.ccp.Tick(now)
	l.ipcp.Tick(now)
	if l.auth != nil {
		l.auth.Tick(now)
	}
	if due(l.authTimer, now) {
		l.authTimer = time.Time{}
		l.emit(Event{Kind: EventAuthTimeout, Protocol: authProtocol(l.method), Method: l.method})
	}
	l.tickEcho(now)
	l.pump(now)
}

func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// Deadline returns when Tick is wanted next; zero: not at all.
func (l *Link) Deadline() time.Time {
	if l.phase == Dead {
		return time.Time{}
	}
	d := earlier(l.lcp.Deadline(), earlier(l.ccp.Deadline(), l.ipcp.Deadline()))
	d = earlier(d, earlier(l.authTimer, l.echo.timer))
	if l.auth != nil && l.phase < Terminating {
		d = earlier(d, l.auth.Deadline())
	}
	return d
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// NextFrame returns the next frame to send, nil if there is none. It is valid until the next call.
func (l *Link) NextFrame() []byte {
	f, _ := l.frames.pop()
	return f
}

// NextEvent returns what happened next; false: nothing more.
func (l *Link) NextEvent() (Event, bool) { return l.events.pop() }

// Phase returns the current phase.
func (l *Link) Phase() Phase { return l.phase }
