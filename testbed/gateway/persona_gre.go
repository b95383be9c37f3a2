package gateway

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

// writeOff is after how long without an acknowledgement a sender with a window
// takes what it sent for lost, and sends on.
const writeOff = time.Second

// ackManners is what a call remembers for the manners of acknowledgement.
type ackManners struct {
	first      bool // a data packet was sent
	acked      bool // an acknowledgement came
	last       uint32
	writtenOff uint64    // packets that are no longer waited for
	progress   time.Time // when the window last moved
	ready      time.Time // before it, what comes is lost
	refused    int       // packets dropped for their acknowledgement
	withheld   int       // own packets dropped because the window was full
}

// greConfig is the configuration of a call's GRE.
func greConfig(cfg *Config, peerID uint16) gre.Config {
	c := gre.Config{PeerCallID: peerID, FirstSeq: cfg.FirstSeq, AckDelay: cfg.AckDelay, Window: callWindow}
	if cfg.AckDelay < 0 {
		// Acknowledgements only ride on data: one of their own never becomes due.
		c.AckDelay, c.Window = 24*time.Hour, 1<<30
	}
	if cfg.Manners.NoReorder {
		c.ReorderMax = -1
	}
	return c
}

// withhold says that a data packet is to be dropped because too many are not
// acknowledged, as ng_pptpgre and npppd do. The window is at most half of what
// the client said it can take.
func (c *call) withhold(now time.Time) bool {
	window := c.s.cfg.Manners.SendWindow
	if window <= 0 {
		return false
	}
	st := c.gre.Stats()
	outstanding := st.Tx.Packets - max(st.TxAcked, c.acks.writtenOff)
	if outstanding == 0 || st.LastAckAt.After(c.acks.progress) {
		c.acks.progress = now
	}
	if outstanding < uint64(min(window, max(2, (int(c.window)+1)/2))) {
		return false
	}
	if now.Sub(c.acks.progress) >= writeOff {
		c.acks.writtenOff, c.acks.progress = st.Tx.Packets, now
		return false
	}
	c.acks.withheld++
	return true
}

// minusOne puts the acknowledgement 0xFFFFFFFF in the first data packet, for
// "nothing", as Cisco IOS does.
func (c *call) minusOne(packet []byte) []byte {
	if c.acks.first || !c.s.cfg.Manners.FirstAckMinusOne {
		return packet
	}
	c.acks.first = true
	p, err := gre.Parse(packet)
	if err != nil {
		return packet
	}
	p.HasAck, p.Ack = true, 0xFFFFFFFF
	return p.AppendTo(nil)
}

// acceptable says whether a packet is taken: not while the call is not ready, and
// not with an acknowledgement out of order if that is looked at.
func (c *call) acceptable(now time.Time, p *gre.Packet) bool {
	a := &c.acks
	if now.Before(a.ready) {
		return false
	}
	if !c.s.cfg.Manners.CheckAcks || !p.HasAck {
		return true
	}
	next := c.s.cfg.FirstSeq + uint32(c.gre.Stats().Tx.Packets)
	if (a.acked && gre.Before(p.Ack, a.last)) || !gre.Before(p.Ack, next) {
		a.refused++
		return false
	}
	a.acked, a.last = true, p.Ack
	return true
}

// impairsIn says whether the path from the client is bad.
func (f *Faults) impairsIn() bool {
	return f.GRELossIn > 0 || f.GREReorderIn > 0 || f.GREDuplicateIn > 0
}

// receiveImpaired takes a packet that came over a bad path.
func (c *call) receiveImpaired(now time.Time, p gre.Packet, f *Faults) {
	in := &Faults{GRELoss: f.GRELossIn, GREReorder: f.GREReorderIn, GREDuplicate: f.GREDuplicateIn}
	c.in = p.AppendTo(c.in[:0])
	if c.pathIn.pass(c.in, in, func(b []byte) { c.receiveRaw(now, b) }) {
		c.s.later(now, heldPacket, func(now time.Time) {
			if c.s.call == c {
				c.pathIn.flush(func(b []byte) { c.receiveRaw(now, b) })
			}
		})
	}
}

func (c *call) receiveRaw(now time.Time, b []byte) {
	if p, err := gre.Parse(b); err == nil && c.s.call == c {
		c.receivePacket(now, p)
	}
}
