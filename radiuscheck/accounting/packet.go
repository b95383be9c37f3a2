package accounting

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// Sizes of RFC 2865 section 3.
const (
	headerSize = 20
	// MaxPacket is the longest packet that RADIUS allows, in bytes.
	MaxPacket = 4096

	codeRequest      = 4
	codeResponse     = 5
	codeStatusServer = 12 // RFC 5997
)

// What is wrong with a packet.
var (
	ErrLength    = errors.New("length is not that of a RADIUS packet")
	ErrCode      = errors.New("code is not Accounting-Request")
	ErrAttribute = errors.New("attribute is longer than the packet or its value has the wrong length")
	ErrNoStatus  = errors.New("no Acct-Status-Type")
	ErrNoSession = errors.New("no Acct-Session-Id")
)

// The attributes that are read: RFC 2865, 2866, 2868, 2869, 3162.
const (
	attrUserName        = 1
	attrNASAddress      = 4
	attrNASPort         = 5
	attrFramedAddress   = 8
	attrCaller          = 31
	attrNASIdentifier   = 32
	attrProxyState      = 33
	attrStatus          = 40
	attrDelay           = 41
	attrBytesIn         = 42
	attrBytesOut        = 43
	attrSession         = 44
	attrSessionTime     = 46
	attrPacketsIn       = 47
	attrPacketsOut      = 48
	attrCause           = 49
	attrGigawordsIn     = 52
	attrGigawordsOut    = 53
	attrTime            = 55
	attrTunnelType      = 64
	attrTunnelClient    = 66
	attrMessageAuth     = 80
	attrInterval        = 85
	attrNASIPv6         = 95
	messageAuthSize     = 16
	authenticatorOffset = 4
	authenticatorSize   = 16
)

// trim returns the packet without padding behind it, which RFC 2865 section 3 says to
// ignore; nil if its length cannot be.
func trim(packet []byte) []byte {
	if len(packet) < headerSize || len(packet) > MaxPacket {
		return nil
	}
	n := int(binary.BigEndian.Uint16(packet[2:4]))
	if n < headerSize || n > len(packet) {
		return nil
	}
	return packet[:n]
}

// next takes one attribute off the list.
func next(list []byte) (kind byte, value, rest []byte, ok bool) {
	if len(list) < 2 || list[1] < 2 || int(list[1]) > len(list) {
		return 0, nil, nil, false
	}
	return list[0], list[2:list[1]], list[list[1]:], true
}

// Parse reads an Accounting-Request into dst, which then borrows from the packet. It
// looks at nothing but the form; see [Verifier.Verify]. When an attribute is there more than once,
// the last counts. On an error dst is of no use.
func Parse(dst *Record, packet []byte) error {
	packet = trim(packet)
	if packet == nil {
		return ErrLength
	}
	if packet[0] != codeRequest {
		return ErrCode
	}
	*dst = Record{Identifier: packet[1]}
	var gigaIn, gigaOut uint32
	for list := packet[headerSize:]; len(list) > 0; {
		kind, value, rest, ok := next(list)
		if !ok {
			return ErrAttribute
		}
		list = rest
		switch kind {
		case attrUserName:
			dst.User = value
		case attrNASIdentifier:
			dst.NASIdentifier = value
		case attrSession:
			dst.Session = value
		case attrCaller:
			dst.Caller = value
			if a, ok := parseIPv4(value); ok {
				dst.Client = a
			}
		case attrTunnelClient:
			if a, ok := parseIPv4(untag(value)); ok {
				dst.Client = a
			}
		case attrNASIPv6:
			if len(value) != 16 {
				return ErrAttribute
			}
			dst.NASAddress = netip.AddrFrom16([16]byte(value)).Unmap()
		default:
			if !dst.number(kind, value, &gigaIn, &gigaOut) {
				return ErrAttribute
			}
		}
	}
	dst.Traffic.BytesIn |= uint64(gigaIn) << 32
	dst.Traffic.BytesOut |= uint64(gigaOut) << 32
	switch {
	case dst.Status == 0:
		return ErrNoStatus
	case len(dst.Session) == 0 && (dst.Status == Start || dst.Status == Stop || dst.Status == Interim):
		return ErrNoSession
	}
	return nil
}

// number takes an attribute of four bytes; one that is not read may have any length.
func (r *Record) number(kind byte, value []byte, gigaIn, gigaOut *uint32) bool {
	switch kind {
	default:
		return true
	case attrNASAddress, attrNASPort, attrFramedAddress, attrStatus, attrDelay, attrBytesIn, attrBytesOut, attrSessionTime,
		attrPacketsIn, attrPacketsOut, attrCause, attrGigawordsIn, attrGigawordsOut, attrTime, attrTunnelType, attrInterval:
	}
	if len(value) != 4 {
		return false
	}
	n := binary.BigEndian.Uint32(value)
	switch kind {
	case attrNASAddress:
		r.NASAddress = netip.AddrFrom4([4]byte(value))
	case attrFramedAddress:
		r.Address = framed(n)
	case attrNASPort:
		r.NASPort = n
	case attrStatus:
		r.Status = Status(n)
	case attrDelay:
		r.Delay = seconds(n)
	case attrSessionTime:
		r.SessionTime = seconds(n)
	case attrInterval:
		r.Interval = seconds(n)
	case attrBytesIn:
		r.Traffic.BytesIn = uint64(n)
	case attrBytesOut:
		r.Traffic.BytesOut = uint64(n)
	case attrPacketsIn:
		r.Traffic.PacketsIn = uint64(n)
	case attrPacketsOut:
		r.Traffic.PacketsOut = uint64(n)
	case attrGigawordsIn:
		*gigaIn, r.HasGigawords = n, true
	case attrGigawordsOut:
		*gigaOut, r.HasGigawords = n, true
	case attrCause:
		r.Cause = Cause(n)
	case attrTime:
		r.Time = time.Unix(int64(n), 0)
	case attrTunnelType:
		r.Tunnel = n & 0xffffff // the first byte is the tag, RFC 2868 section 3.1
	}
	return true
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// framed is a Framed-IP-Address; the two that stand for "let the user or the NAS choose"
// (RFC 2865 section 5.8) and 0 are none.
func framed(n uint32) netip.Addr {
	if n == 0 || n >= 0xfffffffe {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// untag cuts a tag off: a first byte of up to 0x1f, RFC 2868 section 3.3.
func untag(value []byte) []byte {
	if len(value) > 0 && value[0] <= 0x1f {
		return value[1:]
	}
	return value
}

// parseIPv4 is [netip.ParseAddr] for bytes, without allocation. PPTP runs over IPv4.
func parseIPv4(b []byte) (netip.Addr, bool) {
	var a [4]byte
	part, digits, value := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '.':
			if digits == 0 || part == 3 {
				return netip.Addr{}, false
			}
			a[part] = byte(value)
			part, digits, value = part+1, 0, 0
		case c < '0' || c > '9':
			return netip.Addr{}, false
		default:
			value = value*10 + int(c-'0')
			if digits++; digits > 3 || value > 255 {
				return netip.Addr{}, false
			}
		}
	}
	if part != 3 || digits == 0 {
		return netip.Addr{}, false
	}
	a[3] = byte(value)
	return netip.AddrFrom4(a), true
}
