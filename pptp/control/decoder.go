package control

import "errors"

// maxBuffered bounds what a Decoder holds, in bytes, when it is fed and not drained.
const maxBuffered = 64 << 10

// Decoder cuts a TCP stream into messages. The zero value is ready for use. It
// is not safe for concurrent use.
//
// Call [Decoder.Next] until it returns nothing after each [Decoder.Feed]: then
// the decoder never holds more than one incomplete message (1 KiB). It holds 64
// KiB at most, after that the stream is broken with [ErrOverflow].
type Decoder struct {
	buf    []byte
	head   int   // buf[:head] has been decoded
	offset int   // of buf[head] in the stream
	err    error // sticky
}

// Feed adds the next bytes of the stream; b is copied. After a fatal error it does
// nothing.
func (d *Decoder) Feed(b []byte) {
	if d.err != nil {
		return
	}
	d.buf = d.buf[:copy(d.buf, d.buf[d.head:])]
	d.head = 0
	if len(d.buf)+len(b) > maxBuffered {
		d.err = parseError(d.offset, d.buf, ErrOverflow)
		d.buf = nil
		return
	}
	d.buf = append(d.buf, b...)
}

// Next returns the next message, or nil and no error when more bytes are needed.
//
// Errors are of type [*ParseError]. One that wraps [ErrShort] concerns one message
// only, which has been skipped; the stream goes on. All others are fatal and
// sticky, since PPTP has no way to find the start of the next message.
func (d *Decoder) Next() (Message, error) {
	if d.err != nil {
		return nil, d.err
	}
	rest := d.buf[d.head:]
	if len(rest) < prefixLen {
		return nil, nil
	}
	n, err := checkPrefix(rest)
	if err != nil {
		d.err = parseError(d.offset, rest, err)
		d.buf = nil
		return nil, d.err
	}
	if len(rest) < n {
		return nil, nil
	}
	offset := d.offset
	d.head += n
	d.offset += n
	if m := parseMessage(rest[:n]); m != nil {
		return m, nil
	}
	return nil, parseError(offset, rest[:n], ErrShort)
}

// fatal tells whether an error of Next ends the stream.
func fatal(err error) bool { return !errors.Is(err, ErrShort) }
