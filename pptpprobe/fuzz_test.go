package pptpprobe

import (
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// FuzzSession plays a hostile server: script says what it sends, byte for byte,
// on the control connection and over GRE, and when. Whatever that is, the
// session ends in time, with a cause of the closed list if it fails, and
// without the password in anything but the authentication itself.
func FuzzSession(f *testing.F) {
	sccrp := control.StartReply{Version: 0x100, Result: 1}.AppendTo(nil)
	ocrp := control.OutgoingCallReply{CallID: 9, PeerCallID: 0x0101, Result: 1}.AppendTo(nil)
	lcp := []byte("\x30\x01\x88\x0b\x00\x10\x01\x01\x00\x00\x00\x00\xff\x03\xc0\x21\x01\x01\x00\x0c\x03\x05\xc2\x23\x81\x00\x00\x00")
	f.Add(script(0, sccrp, 0, ocrp, 1, lcp))
	f.Add(script(0, sccrp, 0, ocrp, 2, nil, 1, lcp))
	f.Add(script(0, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")))
	f.Add(script(0, sccrp[:30], 2, nil, 0, sccrp[30:], 3, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			path, p := newFakePath()
			// The call id that the server may answer with is the one in the seeds.
			p.opts.Rand = constant(1)
			p.ids.rand = constant(1)
			tg := path.target(DepthNetwork)
			tg.Timeout = time.Minute
			over := make(chan struct{})
			go path.hostile(data, over)
			r := p.Run(context.Background(), tg)
			close(over)
			if limit := tg.Timeout + 5*time.Second; r.Duration > limit {
				t.Errorf("took %s, more than %s", r.Duration, limit)
			}
			if f := r.Failure; f != nil {
				if _, known := f.Cause.Info(); !known {
					t.Errorf("%q is not in the list", f.Cause)
				}
				if strings.Contains(f.Detail, "secret") {
					t.Errorf("the password is in %q", f.Detail)
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		})
	})
}

// constant is a source of randomness without any.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// script encodes what a hostile server does: kind 0 sends on TCP, 1 over GRE, 2
// waits for a second, 3 closes.
func script(steps ...any) []byte {
	var b []byte
	for i := 0; i < len(steps); i += 2 {
		data, _ := steps[i+1].([]byte)
		b = append(b, byte(steps[i].(int)))
		b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
		b = append(b, data...)
	}
	return b
}

// hostile carries a script out, and reads what the probe sends without looking at it.
func (f *fakePath) hostile(b []byte, over <-chan struct{}) {
	c := f.control()
	defer func() { _ = c.Close() }()
	go func() {
		buf := make([]byte, 4096)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}()
	for len(b) >= 3 {
		kind, n := b[0]&3, int(binary.BigEndian.Uint16(b[1:]))
		data := b[3:][:min(n, len(b)-3)]
		b = b[3+len(data):]
		switch kind {
		case 0:
			_ = c.SetWriteDeadline(time.Now().Add(time.Second))
			if _, err := c.Write(data); err != nil {
				return
			}
		case 1:
			runtime.Gosched()
			f.mu.Lock()
			deliver := f.deliver
			f.mu.Unlock()
			if deliver != nil {
				deliver(data, fakeServer, fakeLocal)
			}
		case 2:
			select {
			case <-over:
				return
			case <-time.After(time.Second): // virtual
			}
		case 3:
			return
		}
	}
	<-over // silent, but there
}
