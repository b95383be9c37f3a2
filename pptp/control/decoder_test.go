package control

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecoderAnyChunking(t *testing.T) {
	var stream []byte
	var want []Message
	for _, s := range samples {
		stream = s.message.AppendTo(stream)
		want = append(want, s.message)
	}
	for size := 1; size <= len(stream); size += 13 {
		var d Decoder
		var got []Message
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			d.Feed(rest[:n])
			rest = rest[n:]
			for {
				m, err := d.Next()
				require.NoError(t, err)
				if m == nil {
					break
				}
				got = append(got, m)
			}
		}
		require.Equal(t, want, got, "chunks of %d", size)
	}
}

func TestDecoderCopiesItsInput(t *testing.T) {
	var d Decoder
	b := Unknown{MsgType: 99, Data: []byte("data")}.AppendTo(nil)
	d.Feed(b)
	clear(b)
	m, err := d.Next()
	require.NoError(t, err)
	d.Feed(make([]byte, 16))
	assert.Equal(t, &Unknown{MsgType: 99, Data: []byte("data")}, m)
}

func TestDecoderShortMessageIsSkipped(t *testing.T) {
	short := SetLinkInfo{}.AppendTo(nil)[:20]
	be.PutUint16(short, 20)
	var d Decoder
	d.Feed(EchoRequest{1}.AppendTo(nil))
	d.Feed(short)
	d.Feed(EchoRequest{2}.AppendTo(nil))

	m, err := d.Next()
	require.NoError(t, err)
	assert.Equal(t, &EchoRequest{1}, m)
	_, err = d.Next()
	var pe *ParseError
	require.ErrorAs(t, err, &pe)
	assert.ErrorIs(t, pe, ErrShort)
	assert.Equal(t, 16, pe.Offset)
	m, err = d.Next()
	require.NoError(t, err)
	assert.Equal(t, &EchoRequest{2}, m)
}

func TestDecoderFatalErrorsAreSticky(t *testing.T) {
	good := EchoRequest{1}.AppendTo(nil)
	tests := []struct {
		name   string
		in     []byte
		want   error
		offset int
	}{
		{"bad magic, no resynchronisation", append(append([]byte(nil), good...), "GET / HTTP/1.0\r\n\r\n"...), ErrBadMagic, 16},
		{"bad magic at once", []byte("SSH-2.0-OpenSSH"), ErrBadMagic, 0},
		{"bad length", Unknown{MsgType: 1, Data: nil}.AppendTo(nil), ErrBadLength, 0},
		{"not control", []byte("\x00\x10\x00\x02\x1a\x2b\x3c\x4d"), ErrNotControl, 0},
		{"never drained", make([]byte, maxBuffered+1), ErrOverflow, 0},
	}
	be.PutUint16(tests[2].in, 11)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d Decoder
			d.Feed(tt.in)
			var err error
			for err == nil {
				var m Message
				m, err = d.Next()
				if m == nil {
					require.Error(t, err)
				}
			}
			require.ErrorIs(t, err, tt.want)
			var pe *ParseError
			require.ErrorAs(t, err, &pe)
			assert.Equal(t, tt.offset, pe.Offset)
			d.Feed(good)
			_, again := d.Next()
			assert.Same(t, err, again)
		})
	}
}
