package gateway

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// extraOptions are options that are asked for until they are rejected.
type extraOptions struct{ rejected []uint8 }

// open returns those of opts that were not rejected.
func (e *extraOptions) open(opts []ppp.Option) []ppp.Option {
	return slices.DeleteFunc(slices.Clone(opts), func(o ppp.Option) bool { return slices.Contains(e.rejected, o.Type) })
}

// reject notes what the client does not want.
func (e *extraOptions) reject(opts []ppp.Option) {
	for _, o := range opts {
		e.rejected = append(e.rejected, o.Type)
	}
}

// header appends the header of a frame: with all its fields, or, when the client
// has agreed to it, without address and control and with a protocol field of one
// octet. LCP always has them (RFC 1661 section 6.5, 6.6).
func (l *link) header(dst []byte, p ppp.Protocol) []byte {
	if !l.compresses(p) || !l.lcpPolicy.peerACFC {
		dst = append(dst, 0xFF, 0x03)
	}
	return l.protocolField(dst, p)
}

// protocolField appends a protocol field, of a frame or within an encrypted one.
func (l *link) protocolField(dst []byte, p ppp.Protocol) []byte {
	if l.compresses(p) && l.lcpPolicy.peerPFC && p <= 0xFF {
		return append(dst, byte(p))
	}
	return append(dst, byte(p>>8), byte(p))
}

func (l *link) compresses(p ppp.Protocol) bool {
	return l.cfg.Manners.CompressFields && p != ppp.LCP && l.lcp.State() == ppp.Opened
}

// identify sends the Identifications (RFC 1570 section 2.1), bare as Windows does.
func (l *link) identify(now time.Time) {
	for _, text := range l.cfg.Manners.Identification {
		data := binary.BigEndian.AppendUint32(nil, l.lcpPolicy.magic)
		p := ppp.Packet{Code: ppp.Identification, ID: l.nextID(), Data: append(data, text...)}
		l.out = append(l.out[:0], byte(ppp.LCP>>8), byte(ppp.LCP&0xFF))
		l.host.sendFrame(now, p.AppendTo(l.out))
	}
}

// askIPv6 asks for IPV6CP with an interface identifier (RFC 5072 section 4.1).
func (l *link) askIPv6(now time.Time) {
	if !l.cfg.Manners.IPV6CP {
		return
	}
	id := make([]byte, 8)
	l.random(id)
	l.packet(now, ppp.IPV6CP, ppp.Packet{Code: ppp.ConfReq, ID: l.nextID(), Data: ppp.AppendOptions(nil, []ppp.Option{{Type: 1, Data: id}})})
}

// rasNumbers are the Windows error numbers for what this gateway ends a link for; any other
// reason is 0, as at a user's request.
var rasNumbers = map[string]uint32{
	"Authentication failed":                     691,
	"peer refused to authenticate":              919,
	"MPPE required but not available":           742,
	"MPPE required but peer refused":            742,
	"MPPE required but peer negotiation failed": 742,
	"MPPE disabled by peer":                     742,
	"No network protocols running":              720,
	"Peer not responding":                       718,
	"peer failed to respond to CHAP challenge":  718,
}

// endData is the data of a Terminate-Request with a reason.
func (l *link) endData(reason string) []byte {
	switch l.cfg.Manners.EndReason {
	case EndRAS:
		return l.rasData(rasNumbers[reason])
	case EndBare:
		return []byte{}
	}
	return []byte(reason)
}

// refuseIPCP answers IPCP with Terminate-Ack if that is what happens to it while
// CCP is in flight.
func (l *link) refuseIPCP(now time.Time, p ppp.Packet) bool {
	if !l.cfg.Manners.IPCPTermAck || !l.ccpWanted() || l.ccp.State() == ppp.Opened || l.ipcp.State() > ppp.Starting {
		return false
	}
	l.packet(now, ppp.IPCP, ppp.Packet{Code: ppp.TermAck, ID: p.ID})
	return true
}
