package gre

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Hand-written from the figure of RFC 2637 section 4.1.
var packets = []struct {
	name   string
	hex    string
	packet Packet
}{
	{"data", "3001880b" + "00041234" + "00000000" + "ff03c021", Packet{CallID: 0x1234, HasSeq: true, Payload: []byte{0xFF, 3, 0xC0, 0x21}}},
	{"data with ack", "3081880b" + "00021234" + "00000001" + "00000009" + "c021", Packet{CallID: 0x1234, HasSeq: true, Seq: 1, HasAck: true, Ack: 9, Payload: []byte{0xC0, 0x21}}},
	{"ack only: 12 bytes, ack in the place of seq", "2081880b" + "00001234" + "0000002a", Packet{CallID: 0x1234, HasAck: true, Ack: 42, Payload: []byte{}}},
	{"cisco: first ack ffffffff", "3081880b" + "00010001" + "00000001" + "ffffffff" + "21", Packet{CallID: 1, HasSeq: true, Seq: 1, HasAck: true, Ack: 0xFFFFFFFF, Payload: []byte{0x21}}},
	{"call id 0", "3001880b" + "00010000" + "ffffffff" + "21", Packet{HasSeq: true, Seq: 0xFFFFFFFF, Payload: []byte{0x21}}},
	{"neither number", "2001880b" + "00000007", Packet{CallID: 7, Payload: []byte{}}},
}

func TestPacketBytes(t *testing.T) {
	for _, tt := range packets {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.hex, hex.EncodeToString(tt.packet.AppendTo(nil)))
			b, err := hex.DecodeString(tt.hex)
			require.NoError(t, err)
			got, err := Parse(b)
			require.NoError(t, err)
			assert.Equal(t, tt.packet, got)

			got, err = Parse(append(b, "trailing bytes"...))
			require.NoError(t, err)
			assert.Equal(t, tt.packet, got, "trailing bytes are ignored")

			for n := range b {
				_, err := Parse(b[:n])
				assert.Error(t, err, "cut to %d bytes", n)
			}
		})
	}
}

// gopacket decodes what we encode: an implementation that shares nothing with ours.
func TestPacketAgainstGopacket(t *testing.T) {
	for _, tt := range packets {
		t.Run(tt.name, func(t *testing.T) {
			var l layers.GRE
			require.NoError(t, l.DecodeFromBytes(tt.packet.AppendTo(nil), gopacket.NilDecodeFeedback))
			assert.EqualValues(t, 1, l.Version)
			assert.True(t, l.KeyPresent)
			assert.False(t, l.ChecksumPresent || l.RoutingPresent || l.StrictSourceRoute)
			assert.Zero(t, l.RecursionControl)
			assert.EqualValues(t, 0x880B, l.Protocol)
			assert.Equal(t, uint32(len(tt.packet.Payload))<<16|uint32(tt.packet.CallID), l.Key)
			assert.Equal(t, tt.packet.HasSeq, l.SeqPresent)
			assert.Equal(t, tt.packet.HasAck, l.AckPresent)
			assert.Equal(t, tt.packet.Seq, l.Seq)
			assert.Equal(t, tt.packet.Ack, l.Ack)
			assert.Equal(t, tt.packet.Payload, append([]byte{}, l.Payload...))
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, hex string
		want      error
	}{
		{"empty", "", ErrShort},
		{"seven bytes", "3001880b000412", ErrShort},
		{"no room for seq", "3001880b00000001000000", ErrShort},
		{"no room for ack", "3081880b0000000100000000000000", ErrShort},
		{"checksum flag", "b001880b0000000100000000", ErrNotEnhanced},
		{"routing flag", "7001880b0000000100000000", ErrNotEnhanced},
		{"no key", "1001880b0000000100000000", ErrNotEnhanced},
		{"strict source route", "3801880b0000000100000000", ErrNotEnhanced},
		{"recursion", "3101880b0000000100000000", ErrNotEnhanced},
		{"reserved flag", "3009880b0000000100000000", ErrNotEnhanced},
		{"gre version 0", "3000880b0000000100000000", ErrNotEnhanced},
		{"protocol ip", "300108000000000100000000", ErrProtocol},
		{"payload truncated", "3001880b0002000100000000ff", ErrTruncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := hex.DecodeString(tt.hex)
			require.NoError(t, err)
			_, err = Parse(b)
			assert.ErrorIs(t, err, tt.want)
		})
	}
}

func TestAppendToCutsAtMaxPayload(t *testing.T) {
	b := Packet{HasSeq: true, Payload: make([]byte, MaxPayload+5)}.AppendTo(nil)
	p, err := Parse(b)
	require.NoError(t, err)
	assert.Len(t, p.Payload, MaxPayload)
	assert.Len(t, b, 12+MaxPayload)
}

func TestBefore(t *testing.T) {
	tests := []struct {
		name string
		a, b uint32
		want bool
	}{
		{"next", 1, 2, true},
		{"same", 2, 2, false},
		{"previous", 3, 2, false},
		{"wrap ffffffff to 0", 0xFFFFFFFF, 0, true},
		{"wrap back", 0, 0xFFFFFFFF, false},
		{"far ahead", 0, 1<<31 - 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, Before(tt.a, tt.b)) })
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range packets {
		b, _ := hex.DecodeString(tt.hex)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		again := p.AppendTo(nil)
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x encodes as %x", b, again)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	in := Packet{CallID: 1, HasSeq: true, HasAck: true, Payload: make([]byte, 1400)}.AppendTo(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendTo(b *testing.B) {
	p := Packet{CallID: 1, HasSeq: true, HasAck: true, Payload: make([]byte, 1400)}
	buf := make([]byte, 0, 1500)
	b.ReportAllocs()
	b.SetBytes(int64(len(p.Payload)))
	for b.Loop() {
		buf = p.AppendTo(buf[:0])
	}
}
