package gateway

import (
	"encoding/binary"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// windowsMark is between magic number and error number in a Terminate-Request of Windows.
const windowsMark = 0x003CCD74

// lcpExtra handles the LCP codes that the automaton leaves to its owner.
func (l *link) lcpExtra(now time.Time, p ppp.Packet) {
	switch p.Code {
	case ppp.EchoReq:
		if len(p.Data) < 4 || l.faults().LCPEchoSilent {
			return
		}
		// RFC 1661 section 5.8: the reply has our own magic number.
		binary.BigEndian.PutUint32(p.Data, l.lcpPolicy.magic)
		l.packet(now, ppp.LCP, ppp.Packet{Code: ppp.EchoRep, ID: p.ID, Data: p.Data})
	case ppp.EchoRep:
		l.echoes = 0
	case ppp.ProtoRej:
		if len(p.Data) >= 2 {
			l.protocolRejected(now, ppp.Protocol(binary.BigEndian.Uint16(p.Data)))
		}
	}
}

// protocolRejected takes the client's refusal of a protocol.
func (l *link) protocolRejected(now time.Time, p ppp.Protocol) {
	switch p {
	case ppp.CCP:
		l.ccp.ProtocolRejected(now)
	case ppp.IPCP:
		l.terminate(now, "No network protocols running", nil)
	case ppp.CHAP, ppp.PAP, ppp.EAP:
		l.terminate(now, "peer refused to authenticate", nil)
	case ppp.CBCP:
		if l.phase == phaseCallback {
			l.callbackRefused(now)
		}
	}
}

// scheduleEcho starts the LCP echoes of a link whose LCP is open.
func (l *link) scheduleEcho(now time.Time) {
	if l.cfg.LCPEchoInterval <= 0 {
		return
	}
	l.agenda.cancel(l.echoing)
	l.echoing = l.agenda.after(now, l.cfg.LCPEchoInterval, func(now time.Time) {
		if l.lcp.State() != ppp.Opened || l.phase >= phaseTerminate {
			return
		}
		if l.echoes >= 3 {
			l.terminate(now, "Peer not responding", nil)
			return
		}
		l.echoes++
		data := binary.BigEndian.AppendUint32(nil, l.lcpPolicy.magic)
		l.packet(now, ppp.LCP, ppp.Packet{Code: ppp.EchoReq, ID: l.nextID(), Data: data})
		l.scheduleEcho(now)
	})
}

// terminate ends the link from this side; data nil: the reason, in the way that
// the manners have it.
func (l *link) terminate(now time.Time, reason string, data []byte) {
	if l.phase >= phaseTerminate {
		return
	}
	if data == nil {
		data = l.endData(reason)
	}
	l.reason = reason
	l.host.linkEvent(now, EventTerminating, reason)
	l.phase = phaseTerminate
	l.lcp.Close(now, data)
	l.pump(now)
	if s := l.lcp.State(); s == ppp.Initial || s == ppp.Closed {
		l.dead(now) // there was nothing to terminate
	}
}

// terminateByFault sends the Terminate-Request that the faults ask for.
func (l *link) terminateByFault(now time.Time) {
	f := l.faults()
	data := l.terminateData(f)
	switch f.TerminateVia {
	case ppp.CCP:
		l.ccp.Close(now, data)
		l.pump(now)
	case ppp.IPCP:
		l.ipcp.Close(now, data)
		l.pump(now)
	default:
		l.terminate(now, ppp.ParseTermination(data).String(), data)
	}
}

// terminateData is the data of that Terminate-Request; never nil.
func (l *link) terminateData(f *Faults) []byte {
	if f.TerminateRAS != 0 {
		return l.rasData(f.TerminateRAS)
	}
	return append([]byte{}, f.TerminateText...)
}

// rasData is how Windows says why it ends a link.
func (l *link) rasData(number uint32) []byte {
	data := binary.BigEndian.AppendUint32(nil, l.lcpPolicy.magic)
	data = binary.BigEndian.AppendUint32(data, windowsMark)
	return binary.BigEndian.AppendUint32(data, number)
}

func (l *link) terminatedByClient(now time.Time, data []byte) {
	l.byClient = true
	l.reason = "terminated by client"
	l.host.linkEvent(now, EventTerminated, ppp.ParseTermination(data).String())
}

// dead is the end of the link.
func (l *link) dead(now time.Time) {
	if l.phase == phaseDead {
		return
	}
	// A Terminate-Ack may still be waiting to be sent.
	for packet := l.lcp.NextPacket(); packet != nil; packet = l.lcp.NextPacket() {
		l.send(now, ppp.LCP, packet)
	}
	l.up = false
	l.phase = phaseDead
	l.host.linkDown(now, l.byClient, l.reason)
}
