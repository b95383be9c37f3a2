package mppe

// arc4 is RC4. Its key schedule is for keys of one length: without a division in
// each of the 256 steps it takes a fraction of that of crypto/rc4, and a stateless
// packet needs two. The state is in words, since with bytes the cipher is slower
// by half.
type arc4 struct {
	s    [256]uint32
	i, j uint8
}

// identity is the permutation that a key schedule starts from.
var identity = func() (s [256]uint32) {
	for i := range s {
		s[i] = uint32(i)
	}
	return s
}()

// setKey runs the key schedule with the first n bytes of key, n being 8 or 16. A
// key of 8 bytes gives the same schedule as one of 16 that repeats it.
func (c *arc4) setKey(key *[16]byte, n int) {
	k := *key
	if n == 8 {
		copy(k[8:], k[:8])
	}
	c.s = identity
	s := &c.s
	var j uint8
	for i := 0; i < len(s); i += len(k) {
		for m := range k {
			x := s[uint8(i+m)]
			j += uint8(x) + k[m]
			s[uint8(i+m)] = s[j]
			s[j] = x
		}
	}
	c.i, c.j = 0, 0
}

// xor encrypts or decrypts src into dst, which is as long and may be the same.
// Four bytes at a time leave the processor more to overlap than one.
func (c *arc4) xor(dst, src []byte) {
	s := &c.s
	i, j := c.i, c.j
	var x, y uint32
	for len(src) >= 4 && len(dst) >= 4 {
		var k [4]byte
		i++
		x = s[i]
		j += uint8(x)
		y = s[j]
		s[i], s[j] = y, x
		k[0] = uint8(s[uint8(x+y)])
		i++
		x = s[i]
		j += uint8(x)
		y = s[j]
		s[i], s[j] = y, x
		k[1] = uint8(s[uint8(x+y)])
		i++
		x = s[i]
		j += uint8(x)
		y = s[j]
		s[i], s[j] = y, x
		k[2] = uint8(s[uint8(x+y)])
		i++
		x = s[i]
		j += uint8(x)
		y = s[j]
		s[i], s[j] = y, x
		k[3] = uint8(s[uint8(x+y)])
		dst[0], dst[1] = src[0]^k[0], src[1]^k[1]
		dst[2], dst[3] = src[2]^k[2], src[3]^k[3]
		dst, src = dst[4:], src[4:]
	}
	for n, v := range src {
		i++
		x = s[i]
		j += uint8(x)
		y = s[j]
		s[i], s[j] = y, x
		dst[n] = v ^ uint8(s[uint8(x+y)])
	}
	c.i, c.j = i, j
}
