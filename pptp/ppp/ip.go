package ppp

import (
	"slices"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// OnIP sets the function that gets each IPv4 packet received. The packet is valid during the call only. The
// function may call SendIP, nothing else of the link.
func (l *Link) OnIP(f func(packet []byte)) { l.onIP = f }

func (l *Link) deliver(packet []byte) {
	if l.phase != Running {
		l.stats.Unexpected++
		return
	}
	l.stats.RxIP++
	if l.onIP != nil {
		l.onIP(packet)
	}
}

// receiveClear takes an IPv4 packet that is not encrypted.
func (l *Link) receiveClear(packet []byte) {
	if l.dec != nil {
		l.stats.PlaintextLeaks++
		if !l.leakReported {
			l.leakReported = true
			l.emit(Event{Kind: EventPlaintextLeak, Protocol: IPv4})
		}
	}
	if l.cfg.MPPE == MPPERequire {
		l.stats.Unexpected++
		return
	}
	l.deliver(packet)
}

// SendIP appends the PPP frame for one IPv4 packet to dst, encrypted when CCP is open. It does not allocate when dst
// has room for len(packet)+8. It fails with ErrNotOpen when IPCP is not open, and while packets would go out in the
// clear although they should not: CCP is required or being negotiated again. The length is not checked against the
// peer's MRU. packet must not overlap the free part of dst.
func (l *Link) SendIP(dst, packet []byte) ([]byte, error) {
	if l.phase != Running || l.mppeLost || (l.enc == nil && l.cfg.MPPE == MPPERequire) {
		return dst, ErrNotOpen
	}
	l.stats.TxIP++
	if l.enc == nil {
		return AppendFrame(dst, IPv4, packet), nil
	}
	l.plainOut = append(l.plainOut[:0], byte(IPv4>>8), byte(IPv4&0xFF))
	l.plainOut = append(l.plainOut, packet...)
	return l.enc.Seal(AppendFrame(dst, Compressed, nil), l.plainOut), nil
}

// Negotiated returns what both sides have agreed so far. The slices are the caller's.
func (l *Link) Negotiated() Negotiated {
	n := Negotiated{
		MRU: l.lcpPol.mru, PeerMRU: l.lcpPol.peerMRU, Auth: l.method, AuthOffered: slices.Clone(l.lcpPol.offered),
		Magic: l.lcpPol.magic, PeerMagic: l.lcpPol.peerMagic, PFC: l.lcpPol.acked[optPFC], ACFC: l.lcpPol.acked[optACFC],
	}
	if l.enc != nil {
		n.MPPE = mppeConfig(l.ccpPol.accepted, [16]byte{}).Strength
		n.MPPEReceive = mppeConfig(l.ccpPol.granted, [16]byte{}).Strength
		n.Stateless = l.ccpPol.accepted&l.ccpPol.granted&mppe.BitStateless != 0
	}
	if l.phase == Running {
		n.LocalIP, n.PeerIP = l.ipcpPol.local(), l.ipcpPol.peer
		n.DNS = l.ipcpPol.servers(optDNS1, optDNS2)
		n.NBNS = l.ipcpPol.servers(optNBNS1, optNBNS2)
	}
	return n
}

// Stats returns the counters so far.
func (l *Link) Stats() Stats {
	s := l.stats
	s.LCP, s.CCP, s.IPCP = l.lcp.stats, l.ccp.stats, l.ipcp.stats
	if l.enc != nil {
		addMPPE(&s.MPPETx, l.enc.Stats())
		addMPPE(&s.MPPERx, l.dec.Stats())
	}
	s.FramesDropped, s.EventsDropped = l.frames.dropped, l.events.dropped
	return s
}
