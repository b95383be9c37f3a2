package ppp

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

func FuzzParseFrame(f *testing.F) {
	f.Add(unhex("ff03c021010100040578"))
	f.Add(unhex("fd90001122"))
	f.Fuzz(func(t *testing.T, b []byte) {
		proto, info, err := ParseFrame(b)
		if err != nil {
			return
		}
		again, info2, err := ParseFrame(AppendFrame(nil, proto, info))
		require.NoError(t, err)
		// A protocol number that is even in its low octet and odd in its high one cannot be written in two octets.
		if proto>>8&1 == 0 {
			require.Equal(t, proto, again)
			require.True(t, bytes.Equal(info, info2))
		}
		if p, err := ParsePacket(info); err == nil {
			_, err = ParsePacket(p.AppendTo(nil))
			require.NoError(t, err)
		}
		ParseTermination(info)
	})
}

func FuzzParseOptions(f *testing.F) {
	f.Add(unhex("010405780206000000000305c223810506a1a2a3a407020802"))
	f.Add(unhex("120601000040"))
	f.Fuzz(func(t *testing.T, b []byte) {
		opts, err := ParseOptions(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(opts), maxOptions)
		require.True(t, bytes.Equal(b, AppendOptions(nil, opts)))
	})
}

// FuzzAutomaton drives an automaton with administrative events, ticks and packets.
func FuzzAutomaton(f *testing.F) {
	f.Add([]byte{0, 2, 6, 2, 1, 6, 1, 1, 4, 4})
	f.Add([]byte{2, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 1, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg := fuzzConfig()
		policy := newLCPPolicy(&cfg)
		a := NewAutomaton(AutomatonConfig{Protocol: LCP, Policy: policy})
		now := epoch
		for len(b) > 0 {
			op := b[0]
			b = b[1:]
			switch op % 9 {
			case 0:
				a.Up(now)
			case 1:
				a.Down(now)
			case 2:
				a.Open(now)
			case 3:
				a.Close(now, nil)
			case 4:
				now = now.Add(time.Second)
				a.Tick(now)
			case 5:
				a.Hold()
			case 7:
				a.Release(now)
			case 8:
				a.ProtocolRejected(now)
			default:
				if len(b) < 2 {
					return
				}
				n := min(int(b[1]>>3), len(b)-2)
				a.Receive(now, Packet{Code(b[0] % 17), b[1] & 7, b[2 : 2+n]})
				b = b[2+n:]
			}
			require.Less(t, a.State(), numStates)
			require.Equal(t, !a.state.timed() || a.pending, a.Deadline().IsZero(), a.State())
			sent := 0
			for p := a.NextPacket(); p != nil; p = a.NextPacket() {
				_, err := ParsePacket(p)
				require.NoError(t, err)
				sent++
			}
			require.LessOrEqual(t, sent, 3)
			for _, ok := a.NextEvent(); ok; _, ok = a.NextEvent() {
			}
		}
	})
}

// fuzzConfig is a configuration without randomness.
func fuzzConfig() Config {
	cfg := Config{
		Auth: []chap.Method{chap.MethodMSCHAPv2, chap.MethodPAP}, MPPE: MPPEPrefer, Strengths: []mppe.Strength{mppe.Bits40, mppe.Bits128},
		Stateful: true, WantDNS: true, WantNBNS: true, EchoInterval: 5 * time.Second, Rand: counter{},
		Credentials: chap.Credentials{User: "u", Password: "p"},
	}
	cfg.setDefaults()
	return cfg
}

// counter is a source of "randomness" that is the same in each run.
type counter struct{}

func (counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i + 1)
	}
	return len(b), nil
}

// FuzzLink feeds frames and time to a link in every phase: each record is a length octet (0: a second passes) and a
// frame. The first octet says how far the session has come before.
func FuzzLink(f *testing.F) {
	f.Add(append([]byte{0}, record(unhex("ff03c0210101000a0305c223810506a1a2a3a4"))...))
	f.Add(append([]byte{2}, record(unhex("ff0380fd0101000a120601000041"))...))
	f.Add(append([]byte{3, 0, 0}, record(unhex("ff03c0210501000400"))...))
	f.Add(append([]byte{4}, record(unhex("00fd9000112233"))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		p := fuzzPeer(t, b[0]%5)
		received := 0
		p.l.OnIP(func([]byte) { received++ })
		for b = b[1:]; len(b) > 0; {
			n := min(int(b[0]), len(b)-1)
			rec := b[1 : 1+n]
			b = b[1+n:]
			if n == 0 {
				p.now = p.now.Add(time.Second)
				p.l.Tick(p.now)
			} else {
				p.l.Receive(p.now, rec)
			}
			sent := 0
			for fr := p.l.NextFrame(); fr != nil; fr = p.l.NextFrame() {
				proto, _, err := ParseFrame(fr)
				require.NoError(t, err)
				require.GreaterOrEqual(t, proto, Protocol(0x8000), "control protocols only, in the clear")
				require.LessOrEqual(t, len(fr), 1600)
				sent++
			}
			require.LessOrEqual(t, sent, 8)
			events := 0
			for _, ok := p.l.NextEvent(); ok; _, ok = p.l.NextEvent() {
				events++
			}
			require.LessOrEqual(t, events, 24)
			frame, err := p.l.SendIP(nil, ipPacket(20))
			if err == nil && p.l.enc != nil {
				require.EqualValues(t, Compressed, binary.BigEndian.Uint16(frame[2:]))
			}
			if d := p.l.Deadline(); !d.IsZero() {
				require.False(t, d.Before(p.now.Add(-time.Second)))
			}
		}
		p.l.Close(p.now, "end")
		p.collect()
		p.wait(10 * time.Second)
		require.Equal(t, Dead, p.l.Phase())
	})
}

func record(frame []byte) []byte { return append([]byte{byte(len(frame))}, frame...) }

func fuzzPeer(t *testing.T, depth byte) *peer {
	p := newPeer(t, fuzzConfig())
	p.l.cfg.Credentials = chap.Credentials{User: testUser, Password: testPassword}
	if depth >= 1 {
		p.openLCP(authV2)
	}
	if depth >= 2 {
		p.send(CHAP, 3, 9, p.challenge(9))
	}
	if depth >= 3 {
		p.openCCP(stateless128)
	}
	if depth >= 4 {
		p.send(IPCP, ConfNak, p.expect(IPCP, ConfReq).ID, unhex(localAddr))
		p.ack(IPCP)
		p.send(IPCP, ConfReq, 3, unhex(peerAddr))
	}
	p.drop()
	p.events = nil
	return p
}
