package packet

import "encoding/binary"

// Link is what the bytes of a packet begin with.
type Link uint8

// The link types.
const (
	LinkEthernet Link = iota // Ethernet II, from the destination address on
	LinkIP                   // no link layer: an IPv4 or IPv6 header
	LinkPPP                  // PPP, with or without the address and control field (RFC 1661, RFC 1662)
	LinkMPLS                 // a label stack (RFC 3032)
)

const (
	typeIPv4      = 0x0800
	typeIPv6      = 0x86DD
	typeVLAN      = 0x8100 // IEEE 802.1Q
	typeQinQ      = 0x88A8 // IEEE 802.1ad
	typeQinQOld   = 0x9100 // before 802.1ad
	typePPPoE     = 0x8864 // a session packet (RFC 2516)
	typeMPLS      = 0x8847
	typeMPLSOther = 0x8848 // upstream-assigned labels (RFC 5332)

	pppIPv4 = 0x21
	pppIPv6 = 0x57

	maxTags   = 4
	maxLabels = 16
)

var be = binary.BigEndian

// Find finds the IP packet in b, which may be cut off anywhere. It is false when
// there is none, its header is cut off or its lengths are contradictory. The
// header aliases b.
func Find(link Link, b []byte) (h Header, ok bool) {
	switch link {
	case LinkEthernet:
		if len(b) < 14 {
			return h, false
		}
		typ := be.Uint16(b[12:])
		if b = b[14:]; typ != typeIPv4 || len(b) == 0 || b[0]>>4 != 4 {
			b = passEther(typ, b)
		}
	case LinkIP:
	case LinkPPP:
		b = passPPP(b)
	case LinkMPLS:
		b = passMPLS(b)
	default:
		return h, false
	}
	return read(b)
}

// The following return the IP packet in what follows a header, or nil.

// passEther takes what follows a type field.
func passEther(typ uint16, b []byte) []byte {
	for range maxTags + 1 {
		switch typ {
		case typeIPv4:
			return ofVersion(4, b)
		case typeIPv6:
			return ofVersion(6, b)
		case typeVLAN, typeQinQ, typeQinQOld:
			if len(b) < 4 {
				return nil
			}
			typ, b = be.Uint16(b[2:]), b[4:]
		case typePPPoE:
			if len(b) < 6 || b[0] != 0x11 || b[1] != 0 {
				return nil
			}
			return passPPP(b[6:])
		case typeMPLS, typeMPLSOther:
			return passMPLS(b)
		default:
			return nil
		}
	}
	return nil
}

func passPPP(b []byte) []byte {
	if len(b) >= 2 && b[0] == 0xFF && b[1] == 0x03 {
		b = b[2:]
	}
	// The protocol field has one byte less if its first one would be 0 and both
	// ends agree (RFC 1661 section 6.5); the last byte is the odd one.
	if len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return nil
	}
	switch b[0] {
	case pppIPv4:
		return ofVersion(4, b[1:])
	case pppIPv6:
		return ofVersion(6, b[1:])
	}
	return nil
}

// passMPLS leaves it to the first bits after the labels what they are, as routers do.
func passMPLS(b []byte) []byte {
	for range maxLabels {
		if len(b) < 4 {
			return nil
		}
		bottom := b[2]&1 != 0
		b = b[4:]
		if bottom {
			return b
		}
	}
	return nil
}

func ofVersion(version byte, b []byte) []byte {
	if len(b) == 0 || b[0]>>4 != version {
		return nil
	}
	return b
}
