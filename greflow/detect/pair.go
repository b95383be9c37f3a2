package detect

import (
	"encoding/binary"
	"net/netip"
)

// pairKey is two addresses, the lower one first. Which one is the gateway is in the pair.
type pairKey struct{ low, high address }

// address is an IPv6 address, or an IPv4-mapped one, in a form that is quick to compare.
type address struct{ hi, lo uint64 }

func addressOf(a netip.Addr) address {
	if a.Is4() { // A word is read back at once, but what As16 writes is waited for.
		b := a.As4()
		return address{0, 0xffff<<32 | uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return address{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a address) less(b address) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

func (a address) addr() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b).Unmap()
}

// keyOf returns the key of two addresses, and whether src is the higher one.
func keyOf(src, dst netip.Addr) (k pairKey, srcHigh bool) {
	a, b := addressOf(src), addressOf(dst)
	if b.less(a) {
		return pairKey{b, a}, true
	}
	return pairKey{a, b}, false
}

// buckets is how finely packets of the last delay are kept apart: eight buckets are the
// delay, and the rest is for what must wait longer, for the control connection.
const (
	buckets        = 12
	bucketsOfDelay = 8
)

// parts of a packet are counted in a bucket, into which a record is spread.
const parts = 32

// stream is what is known of the GRE one way.
type stream struct {
	last    stamp // end of the last record: GRE was there
	counted stamp // end of the last record that was counted

	// One observation point counts; the others only prove that GRE is there. So
	// nothing is counted twice that two exporters see, or that comes in and goes out.
	point    uint32
	waits    stamp   // since when packets wait for an answer
	credit   float32 // packets that this point has seen and others have not
	sampling float32
	total    float32 // packets counted, halved now and then: for the ratio

	// Packets since GRE was last seen the other way: those of before the delay, about
	// which all is known, and the later ones by time.
	matured float32
	ring    [buckets]uint16 // parts of packets

	waiting  uint16 // records in matured and ring
	exporter uint16 // that saw it last
	control  uint16 // the exporter that saw the control connection this way last
	length   uint16 // of the last record that was counted, s
}

// conn is one control connection, or the latest that had this port.
type conn struct {
	port        uint16 // the client's
	exporter    uint16
	first, last stamp
	flags       connFlags
}

type connFlags uint8

const (
	connToGateway connFlags = 1 << iota // seen this way
	connToClient
	connClosed
	connWitnessed // its beginning was seen
)

// maxConns and maxCalls are how many of a client are told apart.
const (
	maxConns = 4
	maxCalls = 3
)

type pairFlags uint8

const (
	flagServerHigh   pairFlags = 1 << iota // the higher address is the gateway's
	flagSeen                               // since it was put into its list
	flagEnded                              // the last record to the gateway said that the flow was idle or over
	flagEndedBack                          // and the one to the client
	flagDropToClient                       // what a device told to drop goes to the client
	flagAlias                              // another address of a pair, see nat.go
	flagPartial                            // counted as partial with the gateway
)

// pair is a client and a gateway. It is kept small, for there are many, and what every record
// needs is together, with the streams behind it: each cache line more is waited for.
type pair struct {
	key     pairKey
	gateway int32
	seen    stamp // last evidence of any kind
	records uint32
	base    uint32 // number of the first bucket of the rings
	alone   stamp  // until then GRE was told one way and, at once, none the other way
	clear   stamp  // what was counted before is not used
	spell   stamp  // since when GRE is seen without a long pause
	width   uint16 // of a bucket, in stamps
	state   State
	flags   pairFlags

	gre     [2]stream
	control [2]stamp // last control packet, by Way
	conns   [maxConns]conn
	calls   [2][maxCalls]call

	number     uint32 // its place in the table
	birth      uint32 // 0: the place is free
	next, prev uint32 // in the list of its class

	dropped stamp // when a device told a drop
	told    stamp // control is alive until then, by another source

	since      stamp
	silentFrom stamp // when a blackhole began, at the latest
	silence    stamp // the longest that it survived in this session
	ratio      float32
	confidence float32
	dropCode   uint16
	reason     Reason
	candidate  State
	passes     uint8
	sessions   uint8
	class      class
	dropKind   uint8
}

// setTarget makes p another name of the pair with this number and birth. They are kept
// where an alias has no use for what a pair has there.
func (p *pair) setTarget(number, birth uint32) { p.since, p.told = stamp(number), stamp(birth) }

func (p *pair) target() (number, birth uint32) { return uint32(p.since), uint32(p.told) }

func (p *pair) addrs() (client, server netip.Addr) {
	client, server = p.key.low.addr(), p.key.high.addr()
	if p.flags&flagServerHigh == 0 {
		client, server = server, client
	}
	return client, server
}

// way is the direction of what comes from the higher address, or the lower one.
func (p *pair) way(srcHigh bool) Way {
	if srcHigh == (p.flags&flagServerHigh != 0) {
		return ToClient
	}
	return ToGateway
}
