package capture

import (
	"encoding/binary"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// What is masked, in both directions, since a hostile or looping peer may send
// our own packets back:
//   - PAP passwords (RFC 1334), CHAP challenges and responses of every method
//     (RFC 1994, 2433, 2759), the S= of an MS-CHAPv2 Success and the C= of a Failure;
//   - the same inside an LCP Protocol-Reject, which quotes what it refuses: a
//     server without PAP sends the password back in one;
//   - EAP, and link-layer protocols that are not known, which may authenticate too;
//   - what follows the header of MPPE: with MS-CHAPv1 at 40 and 56 bit, the key
//     of some servers is made of the password alone (RFC 3079 §2).
//
// A packet that is malformed is masked from where it cannot be understood.

const (
	greHeader   = 8
	greHasSeq   = 0x10 // in the first byte
	greHasAck   = 0x80 // in the second
	greEnhanced = 0x01 // version
	grePPP      = 0x880B

	controlHeader = 4 // of LCP, PAP, CHAP and EAP: code, identifier, length
	mppeHeader    = 2

	compressedLink ppp.Protocol = 0x00FB // as 00FD, below multilink (RFC 1962)
	linkQuality    ppp.Protocol = 0xC025 // RFC 1989
	linkProtocols  ppp.Protocol = 0xC000 // from here on (RFC 1661 §2)

	// maxQuotes bounds rejects that quote rejects.
	maxQuotes = 4
)

// maskPacket masks the secrets of a GRE packet in place.
func maskPacket(b []byte) {
	if len(b) < greHeader {
		return
	}
	if b[0]&^greHasSeq != 0x20 || b[1]&^greHasAck != greEnhanced || binary.BigEndian.Uint16(b[2:]) != grePPP {
		clear(b[greHeader:])
		return
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	rest := b[greHeader:]
	for _, there := range []bool{b[0]&greHasSeq != 0, b[1]&greHasAck != 0} {
		if there {
			rest = rest[min(4, len(rest)):]
		}
	}
	if length < len(rest) {
		clear(rest[length:])
		rest = rest[:length]
	}
	maskFrame(rest, maxQuotes)
}

// maskFrame masks a PPP frame, with and without FF 03, with one and two bytes of
// protocol. quotes is how deep a Protocol-Reject in it is followed.
func maskFrame(b []byte, quotes int) {
	for len(b) >= 2 && b[0] == 0xFF && b[1] == 0x03 { // said twice by some
		b = b[2:]
	}
	p, info, err := ppp.ParseFrame(b)
	if err != nil {
		return // no more than one byte
	}
	switch p {
	case ppp.PAP:
		maskControl(info, maskPAP)
	case ppp.CHAP:
		maskControl(info, maskCHAP)
	case ppp.EAP:
		maskControl(info, maskEAP)
	case ppp.LCP:
		maskLCP(info, quotes)
	case ppp.Compressed, compressedLink:
		clear(info[min(mppeHeader, len(info)):])
	case ppp.CBCP, linkQuality:
	default:
		if p >= linkProtocols {
			clear(info[min(controlHeader, len(info)):])
		}
	}
}

// maskControl masks a control packet, and all behind its end. mask gets the data
// of the packet, with what is there when the length field says more.
func maskControl(b []byte, mask func(code byte, data []byte)) {
	if len(b) < controlHeader {
		return
	}
	data := b[controlHeader:]
	n := int(binary.BigEndian.Uint16(b[2:])) - controlHeader
	if n < len(data) {
		clear(data[max(n, 0):])
		data = data[:max(n, 0)]
	}
	mask(b[0], data)
}

func maskPAP(code byte, data []byte) {
	switch code {
	case 1: // Authenticate-Request: counted user, counted password
		if len(data) == 0 {
			return
		}
		user := 1 + int(data[0])
		if user > len(data) {
			clear(data[1:])
			return
		}
		if rest := data[user:]; len(rest) > 0 {
			clear(rest[1:])
		}
	case 2, 3: // Ack, Nak: a message
	default:
		clear(data)
	}
}

func maskCHAP(code byte, data []byte) {
	switch code {
	case 1, 2: // Challenge, Response: counted value, name
		if len(data) == 0 {
			return
		}
		end := min(1+int(data[0]), len(data))
		clear(data[1:end])
	case 3, 4: // Success, Failure
		maskText(data)
	default: // Change-Password has hashes encrypted with hashes (RFC 2433, 2759)
		clear(data)
	}
}

func maskEAP(code byte, data []byte) {
	switch {
	case code == 1 || code == 2: // Request, Response
		if len(data) > 0 && data[0] > 3 { // Identity, Notification and Nak are no secrets (RFC 3748)
			clear(data[1:])
		}
	default:
		clear(data)
	}
}

// maskLCP masks what a reject quotes.
func maskLCP(b []byte, quotes int) {
	if len(b) < controlHeader {
		return
	}
	code, quoted := ppp.Code(b[0]), b[controlHeader:]
	switch {
	case code != ppp.ProtoRej && code != ppp.CodeRej:
	case quotes == 0:
		clear(quoted)
	case code == ppp.ProtoRej:
		maskFrame(quoted, quotes-1)
	default:
		maskLCP(quoted, quotes-1)
	}
}

// maskText zeroes, in digits, the values of S= and C=, and whatever else looks
// like one. Servers write "S=<hex> M=text", "S=<hex>M=text" and less (RFC 2759 §5, 6).
func maskText(b []byte) {
	const looksLikeOne = 16 // digits
	for i := 0; i < len(b); {
		n := hexRun(b[i:])
		switch {
		case i >= 2 && b[i-1] == '=' && isKey(b[i-2]) && (i == 2 || !isWord(b[i-3])):
			if !endsValue(b[i+n:]) { // no hex, perhaps binary
				n = len(b) - i
			}
			zeros(b[i : i+n])
		case n >= looksLikeOne:
			zeros(b[i : i+n])
		}
		i += max(n, 1)
	}
}

func isKey(c byte) bool { return c|0x20 == 's' || c|0x20 == 'c' }

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// endsValue says whether rest may follow a value in a text.
func endsValue(rest []byte) bool {
	return len(rest) == 0 || rest[0] == ' ' || rest[0] == 0 || len(rest) > 1 && rest[0]|0x20 == 'm' && rest[1] == '='
}

func hexRun(b []byte) int {
	for i, c := range b {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return i
		}
	}
	return len(b)
}

func zeros(b []byte) {
	for i := range b {
		b[i] = '0'
	}
}
