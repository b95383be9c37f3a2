package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// packet is one packet of the file.
type packet struct {
	at       time.Time
	data     []byte
	length   int // on the wire
	comments []string
}

// maxNote bounds each text of a comment that is not ours, in bytes.
const maxNote = 512

// encode returns the file.
func (r *Recorder) encode(at time.Time, reason Reason) ([]byte, error) {
	packets, err := r.build()
	if err != nil {
		return nil, err
	}
	failed := 0
	for i, p := range packets {
		if !p.at.After(at) {
			failed = i
		}
	}
	why := reason.String()
	packets[failed].comments = append(packets[failed].comments, "the session failed after this packet: "+why)

	var out bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&out, pcapgo.NgInterface{
		Name: "pptp", Description: printable(r.meta.Target), Comment: why, LinkType: layers.LinkTypeRaw,
	}, pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "otelcol-pptp", Comment: r.note(why)}})
	if err != nil {
		return nil, err
	}
	for _, p := range packets {
		if err := writePacket(w, &out, p); err != nil {
			return nil, err
		}
	}
	if err := w.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{
		LastUpdate: at, StartTime: r.up, EndTime: packets[len(packets)-1].at,
		PacketsReceived: r.packets, PacketsDropped: r.dropped,
	}); err != nil {
		return nil, err
	}
	err = w.Flush()
	return out.Bytes(), err
}

// note is the comment of the whole file.
func (r *Recorder) note(why string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "PPTP session with %s (%s, %s) from %s: %s\n", printable(r.meta.Target), printable(r.meta.Host), r.remote, r.local.Addr(), why)
	b.WriteString("TCP and IPv4 headers were made up from what the session sent and received: addresses, ports, order and " +
		"times are right; segment borders, retransmissions, plain acknowledgements, TTL and options are not known.\n")
	if r.store.cfg.Secrets {
		b.WriteString("Nothing is masked: this file may hold passwords.\n")
	} else {
		b.WriteString("Masked with zeros: PAP passwords, CHAP challenges and responses, and what MPPE encrypted.\n")
	}
	if r.dropped > 0 {
		fmt.Fprintf(&b, "%d of %d packets were dropped, between the first and the last.\n", r.dropped, r.packets)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// String is the reason on one line.
func (w Reason) String() string {
	s := "stage " + printable(w.Stage) + ", cause " + printable(w.Cause)
	if w.Detail != "" {
		s += ": " + printable(w.Detail)
	}
	return s
}

// build turns the records into packets.
func (r *Recorder) build() ([]packet, error) {
	t := &transcript{builder: newBuilder(r.local, r.remote), secrets: r.store.cfg.Secrets}
	t.handshake(r.dialled, r.up)
	r.buf.head.each(t.record)
	if r.dropped > 0 {
		// The stream goes on where the bytes that are left make its end.
		t.ours, t.theirs = r.sent, r.received
		r.buf.tail.each(func(rec record) {
			switch rec.kind {
			case controlSent:
				t.ours -= uint32(len(rec.data))
			case controlReceived:
				t.theirs -= uint32(len(rec.data))
			}
		})
		t.gap = fmt.Sprintf("%d packets before this one were dropped", r.dropped)
	}
	r.buf.tail.each(t.record)
	return t.packets, t.err
}

// transcript collects packets, until an error.
type transcript struct {
	*builder
	secrets bool
	packets []packet
	gap     string // a comment for the next packet
	err     error
}

func (t *transcript) handshake(dialled, up time.Time) {
	if dialled.IsZero() || dialled.After(up) {
		dialled = up
	}
	t.segment(dialled, true, nil, func(s *layers.TCP) { s.SYN, s.ACK, s.Seq, s.Ack = true, false, firstSeqOurs, 0 })
	t.segment(up, false, nil, func(s *layers.TCP) { s.SYN, s.Seq = true, firstSeqTheirs })
	t.segment(up, true, nil, plain)
}

func (t *transcript) record(rec record) {
	at := time.Unix(0, rec.at)
	switch rec.kind {
	case controlSent:
		t.segment(at, true, rec.data, push)
		t.ours += uint32(len(rec.data))
	case controlReceived:
		t.segment(at, false, rec.data, push)
		t.theirs += uint32(len(rec.data))
	case closedByUs:
		t.segment(at, true, nil, fin)
		t.ours++
	case closedByPeer:
		t.segment(at, false, nil, fin)
		t.theirs++
		t.segment(at, true, nil, plain) // our kernel always does
	case resetByPeer:
		t.segment(at, false, nil, func(s *layers.TCP) { s.RST = true })
	case greSent, greReceived:
		if !t.secrets {
			maskPacket(rec.data)
		}
		b, err := t.gre(rec.kind == greSent, rec.data, rec.length)
		t.add(at, b, ipHeader+rec.length, err)
	}
}

func (t *transcript) segment(at time.Time, outbound bool, data []byte, set func(*layers.TCP)) {
	b, err := t.tcp(outbound, data, set)
	t.add(at, b, len(b), err)
}

func (t *transcript) add(at time.Time, data []byte, length int, err error) {
	if err != nil {
		t.err = err
		return
	}
	p := packet{at: at, data: data, length: length}
	if t.gap != "" {
		p.comments, t.gap = append(p.comments, t.gap), ""
	}
	t.packets = append(t.packets, p)
}

func plain(*layers.TCP) {}

func push(s *layers.TCP) { s.PSH = true }

func fin(s *layers.TCP) { s.FIN = true }

// writePacket writes p through w, or past it to out, which is below it: w knows
// no comments of packets.
func writePacket(w *pcapgo.NgWriter, out *bytes.Buffer, p packet) error {
	if len(p.comments) == 0 {
		return w.WritePacket(gopacket.CaptureInfo{Timestamp: p.at, CaptureLength: len(p.data), Length: p.length}, p.data)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := out.Write(appendCommented(nil, p))
	return err
}

// appendCommented appends an Enhanced Packet Block (draft-ietf-opsawg-pcapng §4.3)
// of interface 0, with the comments as options.
func appendCommented(dst []byte, p packet) []byte {
	const (
		blockType  = 6
		optComment = 1
	)
	le := binary.LittleEndian
	start := len(dst)
	pad := func() {
		for (len(dst)-start)%4 != 0 {
			dst = append(dst, 0)
		}
	}
	ns := uint64(p.at.UnixNano())
	for _, v := range []uint32{blockType, 0, 0, uint32(ns >> 32), uint32(ns), uint32(len(p.data)), uint32(p.length)} {
		dst = le.AppendUint32(dst, v)
	}
	dst = append(dst, p.data...)
	pad()
	for _, c := range p.comments {
		dst = le.AppendUint16(dst, optComment)
		dst = le.AppendUint16(dst, uint16(len(c)))
		dst = append(dst, c...)
		pad()
	}
	dst = le.AppendUint32(dst, 0) // end of options
	length := uint32(len(dst) - start + 4)
	le.PutUint32(dst[start+4:], length)
	return le.AppendUint32(dst, length)
}

// printable makes a text that others chose fit for a comment: one line of valid
// UTF-8, of at most maxNote bytes.
func printable(s string) string {
	s = s[:min(len(s), maxNote)]
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))
}
