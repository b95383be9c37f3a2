package ppp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkSendIP(b *testing.B) {
	for name, policy := range map[string]Security{"clear": MPPERefuse, "mppe": MPPERequire} {
		b.Run(name, func(b *testing.B) {
			p := running(b, Config{MPPE: policy})
			packet, dst := ipPacket(1400), make([]byte, 0, 1500)
			b.ReportAllocs()
			b.SetBytes(1400)
			for b.Loop() {
				if _, err := p.l.SendIP(dst, packet); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReceiveIP(b *testing.B) {
	b.Run("clear", func(b *testing.B) {
		p := running(b, Config{})
		p.l.OnIP(func([]byte) {})
		frame := AppendFrame(nil, IPv4, ipPacket(1400))
		b.ReportAllocs()
		b.SetBytes(1400)
		for b.Loop() {
			p.l.Receive(p.now, frame)
		}
	})
	b.Run("mppe", func(b *testing.B) {
		p := running(b, Config{MPPE: MPPERequire})
		p.l.OnIP(func([]byte) {})
		// The server's frames of one turn of the coherency count; the decryptor goes back with them.
		frames := make([][]byte, 4096)
		for i := range frames {
			frames[i] = p.sealed(ipPacket(1400))
		}
		start := *p.l.dec
		i := 0
		b.ReportAllocs()
		b.SetBytes(1400)
		for b.Loop() {
			p.l.Receive(p.now, frames[i])
			if i++; i == len(frames) {
				i, *p.l.dec = 0, start
			}
		}
		require.Zero(b, p.l.Stats().MPPERx.Implausible)
	})
}

func TestIPPathDoesNotAllocate(t *testing.T) {
	for _, policy := range []Security{MPPERefuse, MPPERequire} {
		p := running(t, Config{MPPE: policy})
		p.l.OnIP(func([]byte) {})
		packet, dst := ipPacket(1400), make([]byte, 0, 1500)
		var frames [][]byte
		for range 300 {
			if policy == MPPERequire {
				frames = append(frames, p.sealed(packet))
			} else {
				frames = append(frames, AppendFrame(nil, IPv4, packet))
			}
		}
		p.l.Receive(p.now, frames[0])
		_, _ = p.l.SendIP(dst, packet)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			p.l.Receive(p.now, frames[1])
			frames = frames[1:]
			_, _ = p.l.SendIP(dst, packet)
		}))
	}
}
