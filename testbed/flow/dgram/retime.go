package dgram

import (
	"encoding/binary"
	"time"
)

// Retime returns a copy of a NetFlow or IPFIX datagram with the export time at. An exporter that reads a file is through
// with it in no time, and some stamp their datagrams with that. The flows keep their times: in v5 and v9, which count them
// from the exporter's start, the uptime moves with the export time. Any other datagram is copied as it is.
func Retime(datagram []byte, at time.Time) []byte {
	b := append([]byte(nil), datagram...)
	if len(b) < 16 {
		return b
	}
	be := binary.BigEndian
	switch be.Uint16(b) {
	case 5:
		was := time.Unix(int64(be.Uint32(b[8:])), int64(be.Uint32(b[12:])))
		be.PutUint32(b[4:], be.Uint32(b[4:])+uint32(at.Sub(was).Milliseconds()))
		be.PutUint32(b[8:], uint32(at.Unix()))
		be.PutUint32(b[12:], uint32(at.Nanosecond()))
	case 9: // whole seconds: the uptime must not lose what the seconds do not have
		was := time.Unix(int64(be.Uint32(b[8:])), 0)
		at = at.Truncate(time.Second)
		be.PutUint32(b[4:], be.Uint32(b[4:])+uint32(at.Sub(was).Milliseconds()))
		be.PutUint32(b[8:], uint32(at.Unix()))
	case 10:
		be.PutUint32(b[4:], uint32(at.Unix()))
	}
	return b
}
