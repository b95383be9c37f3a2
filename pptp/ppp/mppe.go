package ppp

import (
	"errors"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

const (
	implausibleMax = 3 // implausible plaintexts in a row before they are reported
	protocolErrMax = 16
	resetRepeat    = time.Second // a Reset-Request that brought no flushed packet is sent again
)

// mppeConfig is one direction of an open CCP.
func mppeConfig(bits mppe.Bits, key [16]byte) mppe.Config {
	c := mppe.Config{Stateless: bits&mppe.BitStateless != 0, Key: key, Strength: mppe.Bits128}
	switch strongest(bits) {
	case mppe.Bit56:
		c.Strength = mppe.Bits56
	case mppe.Bit40:
		c.Strength = mppe.Bits40
	}
	return c
}

func (l *Link) haveKeys() bool {
	if l.auth == nil {
		return false
	}
	_, ok := l.auth.MPPEStart()
	return ok
}

// startMPPE takes encryption into use in both directions. It fails if one of them has none.
func (l *Link) startMPPE() bool {
	p := l.ccpPol
	m, ok := chap.MPPEMaterial{}, false
	if l.auth != nil {
		m, ok = l.auth.MPPEStart()
	}
	if !ok || strongest(p.granted) == 0 || strongest(p.accepted) == 0 {
		return false
	}
	var send, recv [16]byte
	if m.Method == chap.MethodMSCHAPv2 {
		send, recv = mppe.StartKeysV2(m.PasswordHashHash, m.NTResponse, false)
	} else {
		// RFC 3079 section 2 wants the LM hash for 40 and 56 bit; pppd takes the NT hash for all, and so do we.
		send = mppe.StartKeyV1(m.PasswordHashHash, m.Challenge)
		recv = send
	}
	l.keepMPPEStats()
	l.enc = mppe.NewEncryptor(mppeConfig(p.accepted, send))
	l.dec = mppe.NewDecryptor(mppeConfig(p.granted, recv))
	l.mppeLost = false
	l.mppeGood, l.mppeBad, l.mppeProtoErrs = false, 0, 0
	l.leakReported, l.resetAt = false, time.Time{}
	return true
}

// stopMPPE ends encryption. Nothing goes out in the clear until it is known whether CCP comes back.
func (l *Link) stopMPPE() {
	if l.enc == nil {
		return
	}
	l.keepMPPEStats()
	l.enc, l.dec = nil, nil
	l.mppeLost = true
}

// keepMPPEStats adds the counters of keys that go out of use to those of the link.
func (l *Link) keepMPPEStats() {
	if l.enc != nil {
		addMPPE(&l.stats.MPPETx, l.enc.Stats())
		addMPPE(&l.stats.MPPERx, l.dec.Stats())
	}
}

func addMPPE(sum *mppe.Stats, s mppe.Stats) {
	sum.Packets += s.Packets
	sum.Bytes += s.Bytes
	sum.Rekeys += s.Rekeys
	sum.Resets += s.Resets
	sum.Lost += s.Lost
	sum.Late += s.Late
	sum.NotEncrypted += s.NotEncrypted
	sum.NotFlushed += s.NotFlushed
	sum.Discarded += s.Discarded
	sum.Short += s.Short
	sum.Implausible += s.Implausible
}

// receiveEncrypted decrypts one datagram. It is the receive path of a session: it allocates only to report.
func (l *Link) receiveEncrypted(now time.Time, packet []byte) {
	if l.dec == nil {
		l.stats.Unexpected++ // the peer's CCP opened before ours, or was never ours
		return
	}
	out, err := l.dec.Open(l.plainIn[:0], packet)
	l.plainIn = out[:0]
	switch {
	case err == nil:
		l.mppeBad = 0
		proto, info, perr := parseProtocol(out)
		if perr == nil {
			l.receiveDecrypted(proto, info)
		}
	case errors.Is(err, mppe.ErrImplausible):
		l.countImplausible()
	case errors.Is(err, mppe.ErrLost), errors.Is(err, mppe.ErrDiscarded):
		l.requestReset(now)
	case errors.Is(err, mppe.ErrLate): // dropped and counted there
	default:
		// Linux ends the link after 16 of these; tell of the first and of that one.
		if l.mppeProtoErrs++; l.mppeProtoErrs == 1 || l.mppeProtoErrs == protocolErrMax {
			l.emit(Event{Kind: EventMPPEProtocolError, Protocol: Compressed, Err: err})
		}
	}
}

func (l *Link) receiveDecrypted(proto Protocol, info []byte) {
	switch proto {
	case IPv4:
		l.mppeGood = true
		l.deliver(info)
	case IPv6:
		l.mppeGood = true
		l.stats.Unexpected++
	default:
		// Protocols that one in a hundred random plaintexts would have: no proof of the right key.
		l.stats.Unexpected++
	}
}

// countImplausible tells wrong keys from keys that went apart: was there ever a good packet?
func (l *Link) countImplausible() {
	if l.mppeBad++; l.mppeBad != implausibleMax {
		return
	}
	kind := EventKeyMismatch
	if l.mppeGood {
		kind = EventDesync
	}
	l.emit(Event{Kind: kind, Protocol: Compressed, Bits: l.ccpPol.granted, Detail: "decrypted packets are not plausible"})
}

// requestReset asks the peer to start its cipher anew (RFC 3078 section 8.2), once for each loss and again after a
// second without effect.
func (l *Link) requestReset(now time.Time) {
	if !l.dec.ResetNeeded() && (!l.dec.Waiting() || now.Sub(l.resetAt) < resetRepeat) {
		return
	}
	l.dec.ResetRequested()
	l.resetAt = now
	l.stats.ResetsSent++
	l.queueFrame(CCP, Packet{Code: ResetReq, ID: l.nextID()}.AppendTo(nil))
	l.emit(Event{Kind: EventReset, Protocol: CCP, Detail: "sent"})
}

// receiveReset handles Reset-Request and Reset-Ack. RFC 3078 knows no Reset-Ack, RFC 1962 demands it and pppd waits
// for it: it is sent, and one that comes is taken for nothing: the flushed packet is what counts.
func (l *Link) receiveReset(p Packet) {
	if p.Code == ResetAck || l.enc == nil {
		l.stats.ResetAcks++
		return
	}
	l.enc.Flush()
	l.stats.ResetsReceived++
	l.queueFrame(CCP, Packet{Code: ResetAck, ID: p.ID}.AppendTo(nil))
	l.emit(Event{Kind: EventReset, Protocol: CCP, Detail: "received"})
}
