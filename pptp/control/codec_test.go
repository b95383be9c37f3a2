package control

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var full = strings.Repeat("x", nameLen)

// samples has each message once, all fields set to values that differ, with the
// length RFC 2637 gives it.
var samples = []struct {
	message Message
	length  int
	name    string
}{
	{&StartRequest{0x0100, 1, 2, 3, 4, "host", "vendor"}, 156, "SCCRQ"},
	{&StartReply{0x0100, 1, 2, 3, 4, 5, 6, "host", full}, 156, "SCCRP"},
	{&StopRequest{3}, 16, "StopCCRQ"},
	{&StopReply{1, 2}, 16, "StopCCRP"},
	{&EchoRequest{0xDEADBEEF}, 16, "Echo-Request"},
	{&EchoReply{0xDEADBEEF, 1, 2}, 20, "Echo-Reply"},
	{&OutgoingCallRequest{1, 2, 3, 4, 5, 6, 7, 8, "0123", "sub"}, 168, "OCRQ"},
	{&OutgoingCallReply{1, 2, 3, 4, 5, 6, 7, 8, 9}, 32, "OCRP"},
	{&IncomingCallRequest{1, 2, 3, 4, "dialed", full, "sub"}, 220, "ICRQ"},
	{&IncomingCallReply{1, 2, 3, 4, 5, 6}, 24, "ICRP"},
	{&IncomingCallConnected{1, 2, 3, 4, 5}, 28, "ICCN"},
	{&CallClearRequest{0xABCD}, 16, "CCRQ"},
	{&CallDisconnectNotify{1, 2, 3, 4, strings.Repeat("s", statisticsLen)}, 148, "CDN"},
	{&WANErrorNotify{1, 2, 3, 4, 5, 6, 7}, 40, "WEN"},
	{&SetLinkInfo{1, 0xFFFFFFFF, 2}, 24, "SLI"},
	{&Unknown{77, []byte{1, 2, 3}}, 15, "message type 77"},
}

func TestMessagesExactLengthsAndRoundTrip(t *testing.T) {
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			b := s.message.AppendTo([]byte{0xEE})[1:]
			assert.Len(t, b, s.length, "accel-ppp closes on any other length")
			assert.Equal(t, s.length, int(be.Uint16(b)))
			assert.Equal(t, s.name, s.message.Type().String())

			got, err := Parse(b)
			require.NoError(t, err)
			assert.Equal(t, s.message, got)

			longer := append(b, 0xAA, 0xBB)
			got, err = Parse(longer)
			require.NoError(t, err, "bytes after the message")
			assert.Equal(t, s.message, got)

			if s.message.Type().known() {
				be.PutUint16(longer, uint16(len(longer)))
				got, err = Parse(longer)
				require.NoError(t, err, "tolerant in: a longer message than the struct")
				assert.Equal(t, s.message, got)

				be.PutUint16(b, uint16(s.length-1))
				_, err = Parse(b)
				assert.ErrorIs(t, err, ErrShort, "a shorter message than the struct")
			}
		})
	}
}

// The bytes below are written by hand from the figures of RFC 2637 section 2, so
// that encoder and parser can not share a mistake.
func TestMessagesBytes(t *testing.T) {
	tests := []struct {
		name    string
		message Message
		hex     string
	}{
		{"SCCRQ", StartRequest{0x0100, 3, 3, 0, 1, "h", "v"},
			"009c00011a2b3c4d00010000" + "01000000" + "00000003" + "00000003" + "00000001" +
				"68" + strings.Repeat("00", 63) + "76" + strings.Repeat("00", 63)},
		{"SCCRP", StartReply{0x0100, 2, 4, 1, 2, 3, 4, "", ""},
			"009c00011a2b3c4d00020000" + "01000204" + "00000001" + "00000002" + "00030004" + strings.Repeat("00", 128)},
		{"StopCCRQ", StopRequest{1}, "001000011a2b3c4d00030000" + "01000000"},
		{"StopCCRP", StopReply{2, 1}, "001000011a2b3c4d00040000" + "02010000"},
		{"Echo-Request", EchoRequest{7}, "001000011a2b3c4d00050000" + "00000007"},
		{"Echo-Reply", EchoReply{7, 1, 0}, "001400011a2b3c4d00060000" + "00000007" + "01000000"},
		{"OCRQ", OutgoingCallRequest{0x1234, 1, 300, 100000000, 3, 3, 64, 0, "42", "s"},
			"00a800011a2b3c4d00070000" + "12340001" + "0000012c" + "05f5e100" + "00000003" + "00000003" +
				"00400000" + "00020000" + "3432" + strings.Repeat("00", 62) + "73" + strings.Repeat("00", 63)},
		{"OCRP", OutgoingCallReply{0x80, 0x1234, 1, 0, 2, 64000, 16, 5, 6},
			"002000011a2b3c4d00080000" + "00801234" + "01000002" + "0000fa00" + "00100005" + "00000006"},
		{"ICRQ", IncomingCallRequest{1, 2, 3, 4, "5", "66", "7"},
			"00dc00011a2b3c4d00090000" + "00010002" + "00000003" + "00000004" + "00010002" +
				"35" + strings.Repeat("00", 63) + "3636" + strings.Repeat("00", 62) + "37" + strings.Repeat("00", 63)},
		{"ICRP", IncomingCallReply{1, 2, 3, 4, 5, 6}, "001800011a2b3c4d000a0000" + "00010002" + "03040005" + "00060000"},
		{"ICCN", IncomingCallConnected{1, 2, 3, 4, 5}, "001c00011a2b3c4d000b0000" + "00010000" + "00000002" + "00030004" + "00000005"},
		{"CCRQ", CallClearRequest{0x1234}, "001000011a2b3c4d000c0000" + "12340000"},
		{"CDN", CallDisconnectNotify{0x80, 4, 0, 16, "ok"},
			"009400011a2b3c4d000d0000" + "00800400" + "00100000" + "6f6b" + strings.Repeat("00", 126)},
		{"WEN", WANErrorNotify{1, 2, 3, 4, 5, 6, 7},
			"002800011a2b3c4d000e0000" + "00010000" + "00000002" + "00000003" + "00000004" + "00000005" + "00000006" + "00000007"},
		{"SLI", SetLinkInfo{0x80, 0xFFFFFFFF, 0xFFFFFFFF}, "001800011a2b3c4d000f0000" + "00800000" + "ffffffff" + "ffffffff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.hex, hex.EncodeToString(tt.message.AppendTo(nil)))
		})
	}
}

func TestParseTextFields(t *testing.T) {
	b := StartReply{Version: ProtocolVersion, Result: 1, HostName: "h", Vendor: "v"}.AppendTo(nil)
	tests := []struct {
		name, field, want string
	}{
		{"all 64 bytes without a NUL", full, full},
		{"empty, as the host name of Windows", strings.Repeat("\x00", nameLen), ""},
		{"garbage after the NUL, as the vendor of Windows", "Microsoft\x00\x9c\x12" + strings.Repeat("z", 52), "Microsoft"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Len(t, tt.field, nameLen)
			copy(b[92:156], tt.field)
			m, err := Parse(b)
			require.NoError(t, err)
			assert.Equal(t, tt.want, m.(*StartReply).Vendor)
		})
	}
}

func TestParseNumberLength(t *testing.T) {
	b := OutgoingCallRequest{PhoneNumber: "12345"}.AppendTo(nil)
	for length, want := range map[uint16]string{0: "", 3: "123", 5: "12345", 64: "12345", 65535: "12345"} {
		be.PutUint16(b[36:], length)
		m, err := Parse(b)
		require.NoError(t, err)
		assert.Equal(t, want, m.(*OutgoingCallRequest).PhoneNumber, length)
	}
}

func TestAppendToCutsLongText(t *testing.T) {
	long := strings.Repeat("y", 300)
	b := OutgoingCallRequest{PhoneNumber: long, Subaddress: long}.AppendTo(nil)
	assert.Len(t, b, 168)
	assert.Equal(t, nameLen, int(be.Uint16(b[36:])))
	assert.Len(t, CallDisconnectNotify{Statistics: long}.AppendTo(nil), 148)
	assert.Len(t, Unknown{Data: make([]byte, 70000)}.AppendTo(nil), maxAcceptedLen)
}

func TestParseErrors(t *testing.T) {
	good := EchoRequest{1}.AppendTo(nil)
	change := func(at int, v byte) []byte {
		b := append([]byte(nil), good...)
		b[at] = v
		return b
	}
	tests := []struct {
		name string
		in   []byte
		want error
	}{
		{"empty", nil, ErrShort},
		{"less than a header", good[:11], ErrShort},
		{"bad magic", change(7, 0), ErrBadMagic},
		{"http", []byte("HTTP/1.1 400 Bad Request\r\n"), ErrBadMagic},
		{"management message", change(3, 2), ErrNotControl},
		{"length below the header", change(1, 11), ErrBadLength},
		{"length above the bytes", change(1, 17), ErrBadLength},
		{"length above the bound", change(0, 0x04), ErrBadLength},
		{"header alone", change(1, 12), ErrShort},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse(tt.in)
			assert.Nil(t, m)
			require.ErrorIs(t, err, tt.want)
			var pe *ParseError
			require.ErrorAs(t, err, &pe)
			assert.LessOrEqual(t, len(pe.Head), 16)
			assert.Contains(t, err.Error(), tt.want.Error())
		})
	}
}

func TestAppendToDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, MaxMessageLen)
	m := OutgoingCallRequest{PhoneNumber: "1"}
	assert.Zero(t, testing.AllocsPerRun(100, func() { buf = m.AppendTo(buf[:0]) }))
}

func BenchmarkAppendTo(b *testing.B) {
	buf := make([]byte, 0, MaxMessageLen)
	m := OutgoingCallRequest{CallID: 1, MinBPS: 300, MaxBPS: 100_000_000, Window: 64}
	b.ReportAllocs()
	for b.Loop() {
		buf = m.AppendTo(buf[:0])
	}
}

// BenchmarkParse shows the one allocation of a message without text: the struct.
func BenchmarkParse(b *testing.B) {
	in := OutgoingCallReply{CallID: 1, PeerCallID: 2, Result: 1}.AppendTo(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
