package ppp

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Termination is the reason a peer gave in the data of a Terminate-Request. RFC 1661 leaves the data free; pppd puts
// an English sentence there, Windows its dial-up (RAS) error number, others nothing.
type Termination struct {
	Text   string // printable reason, at most 255 octets; empty if there was none
	RAS    uint32 // Windows error number, e.g. 691; valid if HasRAS
	HasRAS bool
	Magic  uint32 // the sender's magic number, with HasRAS
}

// windowsMark stands between the magic number and the error number in a Terminate-Request of Windows.
const windowsMark = 0x003CCD74

// ParseTermination decodes the data of a Terminate-Request. It copies what it keeps.
func ParseTermination(data []byte) Termination {
	if len(data) >= 12 && binary.BigEndian.Uint32(data[4:]) == windowsMark {
		return Termination{
			Magic:  binary.BigEndian.Uint32(data),
			RAS:    binary.BigEndian.Uint32(data[8:]),
			HasRAS: true,
		}
	}
	return Termination{Text: printable(data)}
}

// String returns the text, or "RAS 691"; empty if the peer gave no reason.
func (t Termination) String() string {
	if t.HasRAS {
		return "RAS " + strconv.FormatUint(uint64(t.RAS), 10)
	}
	return t.Text
}

// printable returns b up to its first NUL as text, or nothing if that holds octets that are not ASCII text: what
// a peer says ends in logs, and binary data is not a reason.
func printable(b []byte) string {
	s, _, _ := strings.Cut(string(b[:min(len(b), 255)]), "\x00")
	s = strings.TrimSpace(s)
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7E {
			return ""
		}
	}
	return s
}
