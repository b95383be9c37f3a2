package gateway

import (
	"bytes"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// raceFault is the state of the fault CCPRace: the client's CCP packets wait
// until one of its IPCP packets has had its Terminate-Ack.
type raceFault struct {
	on   bool
	held []ppp.Packet
}

const (
	maxRaceHeld = 8
	raceWait    = 3 * time.Second
)

// network begins the network phase: CCP first, IPCP when it is decided.
func (l *link) network(now time.Time) {
	l.phase = phaseNetwork
	f := l.faults()
	if f.TerminateAt == AtNetwork {
		l.startTerminated(now, f)
		l.terminateByFault(now)
		return
	}
	switch {
	case l.cfg.MPPE.Mode == MPPERequire && l.auth.keys == nil:
		l.terminate(now, "MPPE required but not available", nil)
		return
	case !l.ccpWanted():
		l.startIPCP(now)
		return
	}
	l.askIPv6(now)
	if l.cfg.Manners.EarlyIPCP {
		l.startIPCP(now)
	}
	if f.CCPRace {
		l.race = raceFault{on: true}
		l.agenda.after(now, raceWait, l.raceOver)
		l.startIPCP(now)
	}
	l.ccp.Open(now)
	l.ccp.Up(now)
	if l.cfg.MPPE.Mode != MPPERequire {
		l.agenda.after(now, ccpWait, func(now time.Time) {
			if l.phase == phaseNetwork && l.ccp.State() != ppp.Opened {
				l.startIPCP(now)
			}
		})
	}
	l.pump(now)
}

// startTerminated starts the protocol that is to say Terminate-Request, if it is
// not LCP: one that was never started says nothing.
func (l *link) startTerminated(now time.Time, f *Faults) {
	switch f.TerminateVia {
	case ppp.CCP:
		l.ccp.Open(now)
		l.ccp.Up(now)
		l.pump(now)
	case ppp.IPCP:
		l.startIPCP(now)
	}
}

// ccpWanted says whether the gateway negotiates CCP at all.
func (l *link) ccpWanted() bool {
	return l.cfg.MPPE.Mode != MPPERefuse && l.auth.keys != nil && !l.faults().CCPSilent
}

func (l *link) startIPCP(now time.Time) {
	if l.ipcp.State() <= ppp.Starting && !l.faults().IPCPSilent {
		l.ipcp.Open(now)
		l.ipcp.Up(now)
		l.pump(now)
	}
}

// receiveCCP takes a packet of CCP.
func (l *link) receiveCCP(now time.Time, info []byte) {
	if l.phase != phaseNetwork || l.faults().CCPSilent {
		return
	}
	p, err := ppp.ParsePacket(info)
	switch {
	case err != nil:
		l.host.linkEvent(now, EventMalformed, err.Error())
	case l.faults().CCPRejectMPPE && p.Code == ppp.ConfReq && l.ccp.State() <= ppp.Starting:
		l.ccp.Open(now) // to answer with a Configure-Reject, not with a Protocol-Reject
		l.ccp.Up(now)
		l.ccp.Receive(now, p)
	case !l.ccpWanted(), l.up && l.cfg.Manners.RejectLateCCP:
		l.protocolReject(now, ppp.CCP, info)
	case l.race.on && p.Code <= ppp.ConfRej:
		if len(l.race.held) < maxRaceHeld {
			p.Data = bytes.Clone(p.Data)
			l.race.held = append(l.race.held, p)
		}
	default:
		l.ccp.Receive(now, p)
	}
}

func (l *link) ccpEvent(now time.Time, e ppp.AutomatonEvent) {
	required := l.cfg.MPPE.Mode == MPPERequire && !l.faults().CCPRejectMPPE
	switch e.Kind {
	case ppp.ThisLayerUp:
		l.ccpUp(now, required)
	case ppp.ThisLayerDown:
		l.noCrypt()
		if required && l.phase == phaseNetwork {
			l.terminate(now, "MPPE disabled by peer", nil)
		}
	case ppp.ThisLayerFinished:
		if f := l.faults(); f.TerminateVia == ppp.CCP && f.TerminateAt != 0 {
			l.terminate(now, f.TerminateText, l.terminateData(f)) // Windows ends the link next
			return
		}
		if required && l.phase == phaseNetwork {
			l.terminate(now, "MPPE required but peer refused", nil)
			return
		}
		if l.phase == phaseNetwork {
			l.startIPCP(now)
		}
	case ppp.Extra:
		l.ccpReset(now, e.Packet)
	}
}

func (l *link) ccpUp(now time.Time, required bool) {
	if !l.ccpPolicy.agreed() {
		if required {
			l.terminate(now, "MPPE required but peer negotiation failed", nil)
			return
		}
		l.startIPCP(now)
		return
	}
	detail := l.crypt.start(l)
	l.host.linkEvent(now, EventEncrypted, detail)
	if l.ipcp.State() > ppp.Starting && l.faults().CCPRace && !l.up {
		// Its request was answered and the answer thrown away: ask again at once.
		l.ipcp.Down(now)
		l.ipcp.Up(now)
		return
	}
	l.startIPCP(now)
}

// ccpReset takes Reset-Request and Reset-Ack. RFC 3078 section 8.3 has no
// Reset-Ack, RFC 1962 section 5.3 has: it is sent for those who wait for it.
func (l *link) ccpReset(now time.Time, p ppp.Packet) {
	if p.Code == ppp.ResetReq && l.crypt.tx != nil {
		l.crypt.tx.Flush()
		l.packet(now, ppp.CCP, ppp.Packet{Code: ppp.ResetAck, ID: p.ID, Data: p.Data})
	}
}

// receiveIPCP takes a packet of IPCP.
func (l *link) receiveIPCP(now time.Time, info []byte) {
	f := l.faults()
	if l.phase != phaseNetwork || f.IPCPSilent {
		return
	}
	p, err := ppp.ParsePacket(info)
	if err != nil {
		l.host.linkEvent(now, EventMalformed, err.Error())
		return
	}
	if p.Code == ppp.ConfReq && f.TerminateAt == AtIPCP {
		l.terminateByFault(now)
		return
	}
	if l.race.on {
		l.packet(now, ppp.IPCP, ppp.Packet{Code: ppp.TermAck, ID: p.ID})
		l.raceOver(now)
		return
	}
	if p.Code == ppp.ConfReq && l.refuseAddress(now, f) {
		return
	}
	if l.refuseIPCP(now, p) {
		return
	}
	if l.ipcp.State() <= ppp.Starting {
		if l.cfg.MPPE.Mode == MPPERequire {
			return // as pppd does while CCP is not open
		}
		l.startIPCP(now) // the client does not wait for CCP
	}
	l.ipcp.Receive(now, p)
}

// raceOver lets the CCP packets in that CCPRace has held back.
func (l *link) raceOver(now time.Time) {
	if !l.race.on {
		return
	}
	held := l.race.held
	l.race = raceFault{}
	for _, p := range held {
		if l.phase == phaseNetwork {
			l.ccp.Receive(now, p)
		}
	}
	l.pump(now)
}

// refuseAddress does what a server does that has no address, if it is one that
// does not say so by IPCP's Configure packets.
func (l *link) refuseAddress(now time.Time, f *Faults) bool {
	switch f.IPCPNoAddress {
	case NoAddressTerminate:
		l.ipcp.Close(now, nil)
		if l.ipcp.State() <= ppp.Closed {
			l.packet(now, ppp.IPCP, ppp.Packet{Code: ppp.TermReq, ID: l.nextID()})
		}
	case NoAddressRAS:
		l.terminate(now, "no address", l.rasData(738))
	case NoAddressDisconnect:
		l.host.disconnect(now, 1, "no address")
	default:
		return false
	}
	return true
}

func (l *link) ipcpEvent(now time.Time, e ppp.AutomatonEvent) {
	switch e.Kind {
	case ppp.ThisLayerUp:
		l.up = true
		l.host.linkUp(now)
	case ppp.ThisLayerDown:
		l.up = false
	case ppp.ThisLayerFinished:
		if l.phase == phaseNetwork && l.faults().IPCPNoAddress != NoAddressTerminate {
			l.terminate(now, "No network protocols running", nil)
		}
	}
}
