package mppe

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStatefulResetRequest goes through a loss and its repair, with a peer that
// changes the key for a FLUSHED packet as Windows and Linux do, and with one that
// only starts the cipher anew as RFC 3078 §8.2 has it.
func TestStatefulResetRequest(t *testing.T) {
	for _, rfc := range []bool{false, true} {
		for _, s := range strengths {
			t.Run(fmt.Sprintf("rfc=%t, %s bit", rfc, s), func(t *testing.T) {
				d, p := newDecryptor(s, false), newPeer(s, false)
				p.rfc = rfc
				opened(t, d, p.next())
				assert.False(t, d.ResetNeeded())

				p.lose(1)
				refused(t, d, p.next(), ErrLost)
				assert.True(t, d.ResetNeeded())
				d.ResetRequested()
				assert.False(t, d.ResetNeeded(), "one is outstanding")
				assert.True(t, d.Waiting())
				refused(t, d, p.next(), ErrDiscarded)
				p.lose(1)
				refused(t, d, p.next(), ErrDiscarded)
				assert.False(t, d.ResetNeeded(), "a second loss needs no second request")

				p.flush = true
				packet := p.next()
				assert.Equal(t, byte(0x90), packet[0]&0xF0)
				opened(t, d, packet)
				assert.False(t, d.Waiting())
				for range 600 { // flag packets as well
					opened(t, d, p.next())
				}
				assert.Equal(t, uint64(p.changes), d.Stats().Rekeys)

				p.lose(1)
				refused(t, d, p.next(), ErrLost)
				assert.True(t, d.ResetNeeded(), "a new loss needs a new request")
				st := d.Stats()
				assert.Equal(t, uint64(1), st.Resets)
				assert.Equal(t, uint64(4), st.Discarded)
				assert.Equal(t, uint64(3), st.Lost)
			})
		}
	}
}

// TestStatefulFlagPacketsLost: the key has changed with each of them.
func TestStatefulFlagPacketsLost(t *testing.T) {
	for _, rfc := range []bool{false, true} {
		for _, lost := range []int{254, 255, 256, 300, 511, 512, 2000} {
			t.Run(fmt.Sprintf("rfc=%t, %d lost", rfc, lost), func(t *testing.T) {
				d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
				p.rfc = rfc
				opened(t, d, p.next())
				p.lose(lost)
				p.flush = true
				opened(t, d, p.next())
				opened(t, d, p.next())
				assert.Equal(t, uint64(p.changes), d.Stats().Rekeys)
			})
		}
	}
}

// TestStatefulDiscardsForLong: with flag packets neither seen nor FLUSHED, more
// packets than there are counts may go by before the reset.
func TestStatefulDiscardsForLong(t *testing.T) {
	d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
	opened(t, d, p.next())
	p.lose(1)
	refused(t, d, p.next(), ErrLost)
	for range 5000 {
		packet := p.next()
		if isFlag(p.count - 1) {
			continue
		}
		refused(t, d, packet, ErrDiscarded)
	}
	p.flush = true
	opened(t, d, p.next())
	assert.Equal(t, uint64(p.changes), d.Stats().Rekeys)
}

// TestStatefulFlagPacketRepairs: the flag packet after a loss has a new key, and
// the cipher starts anew, so no reset is needed any more.
func TestStatefulFlagPacketRepairs(t *testing.T) {
	for _, bare := range []bool{false, true} {
		d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
		p.bareFlags = bare
		opened(t, d, p.next())
		p.lose(200)
		refused(t, d, p.next(), ErrLost)
		p.lose(255 - 202)
		packet := p.next()
		require.Equal(t, byte(0xFF), packet[1])
		require.Equal(t, !bare, packet[0]&0x80 != 0)
		opened(t, d, packet)
		assert.False(t, d.Waiting())
		opened(t, d, p.next())
	}
}

// TestStatefulFlushedPacketLost: the request is repeated, and the key has changed
// once more than the packets tell.
func TestStatefulFlushedPacketLost(t *testing.T) {
	d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
	opened(t, d, p.next())
	p.lose(1)
	refused(t, d, p.next(), ErrLost)
	for range 2 {
		d.ResetRequested()
		p.flush = true
		p.lose(1)
		refused(t, d, p.next(), ErrDiscarded)
	}
	d.ResetRequested()
	p.flush = true
	opened(t, d, p.next())
	opened(t, d, p.next())
	assert.Equal(t, uint64(3), d.Stats().Resets)
	assert.Equal(t, uint64(p.changes), d.Stats().Rekeys)
}

// TestStatefulFirstPacketFlushed: RFC 3078 §3.1 wants the bit, Linux leaves it out.
func TestStatefulFirstPacketFlushed(t *testing.T) {
	for _, flushed := range []bool{true, false} {
		d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
		p.firstFlushed = flushed
		packet := p.next()
		assert.Equal(t, flushed, packet[0]&0x80 != 0)
		opened(t, d, packet)
		for range 300 {
			opened(t, d, p.next())
		}
		assert.Equal(t, uint64(1), d.Stats().Rekeys, "of the flag packet")
	}
}

// TestStatefulLearnsThePeersKind and keeps to it where the plaintext does not tell.
func TestStatefulLearnsThePeersKind(t *testing.T) {
	for _, rfc := range []bool{false, true} {
		d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
		p.rfc, p.flush = rfc, true
		opened(t, d, p.next())
		p.flush = true
		odd := []byte{0x00, 0xC7, 1, 2, 3}
		out, err := d.Open(nil, p.seal(nil, odd))
		require.ErrorIs(t, err, ErrImplausible)
		assert.Equal(t, odd, out)
		opened(t, d, p.next())
		p.rfc, p.flush = !rfc, true // and it is not for ever
		opened(t, d, p.next())
		p.flush = true
		opened(t, d, p.next())
	}
}

// TestStatefulResetOnFlagPacket: one key change, not two.
func TestStatefulResetOnFlagPacket(t *testing.T) {
	for _, rfc := range []bool{false, true} {
		d, p := newDecryptor(Bits128, false), newPeer(Bits128, false)
		p.rfc = rfc
		for range 255 {
			opened(t, d, p.next())
		}
		p.flush = true
		opened(t, d, p.next())
		assert.Equal(t, uint64(1), d.Stats().Rekeys)
	}
}

func TestEncryptorFlush(t *testing.T) {
	e := NewEncryptor(Config{Strength: Bits128, Key: testKey})
	p := newPeer(Bits128, false)
	require.Equal(t, p.next(), e.Seal(nil, ipv4(100)))
	e.Flush()
	e.Flush() // a repeated Reset-Request changes the key once
	p.count = flagCount
	packet := e.Seal(nil, ipv4(100))
	require.Equal(t, p.next(), packet)
	assert.Equal(t, []byte{0x90, 0xFF}, packet[:2], "the next flag packet")
	require.Equal(t, p.next(), e.Seal(nil, ipv4(100)))
	assert.Equal(t, uint64(2), e.Stats().Resets)
	assert.Equal(t, uint64(1), e.Stats().Rekeys)

	stateless := NewEncryptor(Config{Strength: Bits128, Stateless: true, Key: testKey})
	stateless.Flush()
	require.Equal(t, newPeer(Bits128, true).next(), stateless.Seal(nil, ipv4(100)), "no extra key change")
}

// TestResetIsForEveryPeer: after a reset, all kinds of receiver can go on, also when
// packets with the reset were lost on the way.
func TestResetIsForEveryPeer(t *testing.T) {
	for lost := range 5 {
		e := NewEncryptor(Config{Strength: Bits128, Key: testKey})
		own, linux, rfc := newDecryptor(Bits128, false), newLinuxReceiver(Bits128, false), newReference(testKey, Bits128)
		e.Seal(nil, ipv4(100)) // lost
		next := e.Seal(nil, ipv4(100))
		_, err := own.Open(nil, next)
		require.ErrorIs(t, err, ErrLost)
		_, ok := linux.open(next)
		require.False(t, ok)
		for range lost {
			e.Flush()
			e.Seal(nil, ipv4(100)) // lost
		}
		e.Flush()
		packet := e.Seal(nil, ipv4(100))
		opened(t, own, packet)
		plain, ok := linux.open(packet)
		require.True(t, ok)
		assert.Equal(t, ipv4(100), plain)
		for range lost + 1 { // RFC 3078 §8.2: the flag packets, and nothing else, change the key
			rfc.change()
		}
		plain = append([]byte(nil), packet[headerLen:]...)
		rfc.cipher.XORKeyStream(plain, plain)
		assert.Equal(t, ipv4(100), plain)
	}
}

// TestLossyLink runs our encryptor against a receiver like Linux's, and each kind
// of sender against our decryptor, over a link that loses every tenth packet.
func TestLossyLink(t *testing.T) {
	for _, s := range strengths {
		for _, stateless := range []bool{true, false} {
			t.Run(fmt.Sprintf("to Linux, %s bit %s", s, modeName(stateless)), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				e, linux := NewEncryptor(Config{Strength: s, Stateless: stateless, Key: testKey}), newLinuxReceiver(s, stateless)
				received := 0
				for range 3000 {
					packet := e.Seal(nil, ipv4(100))
					if r.IntN(10) == 0 { // FLUSHED ones as well, which are flag packets
						continue
					}
					plain, ok := linux.open(packet)
					if !ok {
						e.Flush()
						continue
					}
					require.Equal(t, ipv4(100), plain)
					received++
				}
				assert.Greater(t, received, 2000)
			})
			for _, rfc := range []bool{false, true} {
				t.Run(fmt.Sprintf("from rfc=%t, %s bit %s", rfc, s, modeName(stateless)), func(t *testing.T) {
					r := rand.New(rand.NewPCG(1, 2))
					d, p := newDecryptor(s, stateless), newPeer(s, stateless)
					p.rfc = rfc
					received, flushesLost := 0, 0
					for range 3000 {
						packet := p.next()
						// Two FLUSHED packets lost in a row can be repaired, not more.
						if flushed := packet[0]&0x80 != 0; r.IntN(10) == 0 && (stateless || !flushed || flushesLost < 2) {
							if flushed {
								flushesLost++
							}
							continue
						}
						plain, err := d.Open(nil, packet)
						if d.Waiting() {
							d.ResetRequested()
							p.flush = true
						}
						if err == nil {
							require.Equal(t, ipv4(100), plain)
							received++
							flushesLost = 0
							continue
						}
						require.False(t, stateless)
						require.NotErrorIs(t, err, ErrImplausible)
					}
					assert.Greater(t, received, 2000)
				})
			}
		}
	}
}
