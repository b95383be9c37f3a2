package mppe

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newDecryptor(s Strength, stateless bool) *Decryptor {
	return NewDecryptor(Config{Strength: s, Stateless: stateless, Key: testKey})
}

// opened requires that packet is decrypted.
func opened(t testing.TB, d *Decryptor, packet []byte) {
	t.Helper()
	plain, err := d.Open(nil, packet)
	require.NoError(t, err)
	require.Equal(t, ipv4(100), plain)
}

// refused requires that packet is dropped with err.
func refused(t testing.TB, d *Decryptor, packet []byte, err error) {
	t.Helper()
	out, got := d.Open([]byte("kept"), packet)
	require.ErrorIs(t, got, err)
	require.Equal(t, "kept", string(out))
}

// TestRoundTrip goes beyond the wrap of the coherency count at 4096.
func TestRoundTrip(t *testing.T) {
	for _, s := range strengths {
		for _, stateless := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s bit %s", s, modeName(stateless)), func(t *testing.T) {
				cfg := Config{Strength: s, Stateless: stateless, Key: testKey}
				e, d, p, linux := NewEncryptor(cfg), NewDecryptor(cfg), newPeer(s, stateless), newLinuxReceiver(s, stateless)
				for i := range 5000 {
					plain := ipv4(22 + i%100)
					packet := e.Seal(nil, plain)
					require.Equal(t, p.seal(nil, plain), packet, "packet %d", i)
					require.Equal(t, i%4096, int(packet[0]&0xF)<<8+int(packet[1]), "count")
					require.Equal(t, stateless || i%256 == 255, packet[0]&0x80 != 0, "FLUSHED of packet %d", i)
					out, err := d.Open(nil, packet)
					require.NoError(t, err, "packet %d", i)
					require.Equal(t, plain, out)
					out, ok := linux.open(packet)
					require.True(t, ok)
					require.Equal(t, plain, out)
				}
				want := uint64(5000 / 256)
				if stateless {
					want = 5000
				}
				assert.Equal(t, want, e.Stats().Rekeys)
				assert.Equal(t, want, d.Stats().Rekeys)
				assert.Equal(t, uint64(5000), e.Stats().Packets)
				assert.Equal(t, e.Stats().Bytes, d.Stats().Bytes)
			})
		}
	}
}

func TestOpenAppends(t *testing.T) {
	d, p := newDecryptor(Bits128, true), newPeer(Bits128, true)
	out, err := d.Open([]byte("head"), p.next())
	require.NoError(t, err)
	assert.Equal(t, append([]byte("head"), ipv4(100)...), out)
	e := NewEncryptor(Config{Strength: Bits128, Stateless: true, Key: testKey})
	assert.Equal(t, append([]byte("head"), newPeer(Bits128, true).next()...), e.Seal([]byte("head"), ipv4(100)))
}

// TestStatelessFirstPacketHasANewKey: RFC 3078 §7.3 changes the key before every
// packet, the first included.
func TestStatelessFirstPacketHasANewKey(t *testing.T) {
	d, p := newDecryptor(Bits128, true), newPeer(Bits128, true)
	packet := p.next()
	assert.Equal(t, []byte{0x90, 0x00}, packet[:2])
	opened(t, d, packet)
	assert.Equal(t, uint64(1), d.Stats().Rekeys)
}

func TestStatelessGap(t *testing.T) {
	for _, gap := range []int{1, 2, 255, 256, 2047} {
		t.Run(strconv.Itoa(gap), func(t *testing.T) {
			d, p := newDecryptor(Bits56, true), newPeer(Bits56, true)
			opened(t, d, p.next())
			p.lose(gap)
			opened(t, d, p.next())
			assert.Equal(t, uint64(p.changes), d.Stats().Rekeys, "one key change for each packet")
			assert.Equal(t, uint64(gap), d.Stats().Lost)
			opened(t, d, p.next())
		})
	}
}

// TestLatePacketsAreDropped: a receiver that counts up to a late packet changes
// the key about 4000 times, and has lost the link.
func TestLatePacketsAreDropped(t *testing.T) {
	for _, stateless := range []bool{true, false} {
		t.Run(modeName(stateless), func(t *testing.T) {
			d, p := newDecryptor(Bits128, stateless), newPeer(Bits128, stateless)
			var packets [][]byte
			for range 300 {
				packets = append(packets, p.next())
				opened(t, d, packets[len(packets)-1])
			}
			before := d.Stats()
			for _, i := range []int{299, 299, 298, 255, 100, 0} { // duplicates, reordered, a flag packet
				refused(t, d, packets[i], ErrLate)
			}
			after := d.Stats()
			assert.Equal(t, before.Rekeys, after.Rekeys)
			assert.Equal(t, uint64(6), after.Late)
			assert.Zero(t, after.Lost)
			opened(t, d, p.next())
		})
	}
}

func TestHalfOfTheCountsIsAhead(t *testing.T) {
	d, p := newDecryptor(Bits128, true), newPeer(Bits128, true)
	opened(t, d, p.next())
	p.lose(maxAhead) // the next one is 2049 ahead
	refused(t, d, p.next(), ErrLate)
	assert.Equal(t, uint64(1), d.Stats().Rekeys)

	d, p = newDecryptor(Bits128, true), newPeer(Bits128, true)
	opened(t, d, p.next())
	p.lose(maxAhead - 1)
	opened(t, d, p.next())
	assert.Equal(t, uint64(maxAhead+1), d.Stats().Rekeys)
}

func TestStatelessReordering(t *testing.T) {
	d, p := newDecryptor(Bits40, true), newPeer(Bits40, true)
	a, b, c := p.next(), p.next(), p.next()
	opened(t, d, a)
	opened(t, d, c)
	refused(t, d, b, ErrLate)
	opened(t, d, p.next())
}

func TestGapAtTheWrap(t *testing.T) {
	for _, stateless := range []bool{true, false} {
		d, p := newDecryptor(Bits128, stateless), newPeer(Bits128, stateless)
		for range 4090 {
			opened(t, d, p.next())
		}
		p.lose(10) // 4090 to 4095 and 0 to 3
		p.flush = true
		opened(t, d, p.next())
		opened(t, d, p.next())
		assert.Equal(t, uint64(p.changes), d.Stats().Rekeys)
	}
}

// TestPacketsThatChangeNothing are refused before the coherency count is looked at.
func TestPacketsThatChangeNothing(t *testing.T) {
	for _, stateless := range []bool{true, false} {
		d, p := newDecryptor(Bits128, stateless), newPeer(Bits128, stateless)
		packet := p.next()
		clearBits := func(bits byte) []byte {
			c := append([]byte(nil), packet...)
			c[0] &^= bits
			return c
		}
		refused(t, d, clearBits(0x10), ErrNotEncrypted)
		refused(t, d, nil, ErrShort)
		refused(t, d, packet[:1], ErrShort)
		refused(t, d, packet[:2], ErrShort)
		if stateless {
			refused(t, d, clearBits(0x80), ErrNotFlushed)
			assert.Equal(t, uint64(1), d.Stats().NotFlushed)
		}
		assert.Equal(t, uint64(1), d.Stats().NotEncrypted)
		assert.Equal(t, uint64(3), d.Stats().Short)
		opened(t, d, packet)
	}
}

func TestWrongKeyIsImplausible(t *testing.T) {
	for _, stateless := range []bool{true, false} {
		d, p := newDecryptor(Bits128, stateless), newPeer(Bits128, stateless)
		d.key.start[0] ^= 1
		d.key.session = SessionKey(d.key.start, Bits128)
		if !stateless {
			d.key.arm(d.cipher)
		}
		for range 300 {
			out, err := d.Open([]byte("head"), p.next())
			if err != nil {
				require.ErrorIs(t, err, ErrImplausible)
			}
			require.Len(t, out, 4+100, "the plaintext is evidence")
		}
		assert.Greater(t, d.Stats().Implausible, uint64(280))
		assert.Equal(t, uint64(300), d.Stats().Packets)
		assert.False(t, d.ResetNeeded())
	}
}

func TestNoAllocations(t *testing.T) {
	for _, stateless := range []bool{true, false} {
		cfg := Config{Strength: Bits128, Stateless: stateless, Key: testKey}
		e, d := NewEncryptor(cfg), NewDecryptor(cfg)
		plain, packet, out := ipv4(1400), make([]byte, 0, 1402), make([]byte, 0, 1400)
		assert.Zero(t, testing.AllocsPerRun(1000, func() {
			b, err := d.Open(out, e.Seal(packet, plain))
			if err != nil || len(b) != len(plain) {
				t.Fatal(err)
			}
		}))
	}
}
