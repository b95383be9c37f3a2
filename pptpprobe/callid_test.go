package pptpprobe

import (
	"bytes"
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	serverA = netip.MustParseAddr("192.0.2.1")
	serverB = netip.MustParseAddr("192.0.2.2")
)

func newCallIDs(random []byte) *callIDs {
	c := &callIDs{}
	c.init(rand.Reader)
	if random != nil {
		c.rand = bytes.NewReader(random)
	}
	return c
}

func TestCallIDIsNeverZero(t *testing.T) {
	c := newCallIDs([]byte{0, 0})
	id, ok := c.take(time.Now(), serverA)
	require.True(t, ok)
	assert.Equal(t, uint16(1), id)
}

func TestCallIDIsQuarantined(t *testing.T) {
	now := time.Now()
	c := newCallIDs([]byte{0, 7, 0, 7, 0, 7, 0, 7})
	id, _ := c.take(now, serverA)
	require.Equal(t, uint16(7), id)
	other, _ := c.take(now, serverB)
	assert.Equal(t, uint16(7), other, "servers have ids of their own")
	c.release(now, serverA, id)
	again, _ := c.take(now.Add(callIDQuarantine-time.Second), serverA)
	assert.NotEqual(t, id, again, "the server may still hold the old call")
	later, _ := c.take(now.Add(callIDQuarantine), serverA)
	assert.Equal(t, id, later)
}

func TestCallIDsRunOut(t *testing.T) {
	now := time.Now()
	c := newCallIDs(nil)
	for range 1<<16 - 1 {
		_, ok := c.take(now, serverA)
		require.True(t, ok)
	}
	_, ok := c.take(now, serverA)
	assert.False(t, ok)
	_, ok = c.take(now, serverB)
	assert.True(t, ok)
}

func TestCallIDsForget(t *testing.T) {
	now := time.Now()
	c := newCallIDs(nil)
	for i := range 2000 {
		server := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		id, ok := c.take(now, server)
		require.True(t, ok)
		c.release(now, server, id)
		now = now.Add(10 * time.Second)
	}
	held := 0
	for _, ids := range c.used {
		held += len(ids)
	}
	assert.Less(t, held, 256, "ids that left quarantine must not pile up")
	now = now.Add(time.Hour)
	for range 2000 {
		id, _ := c.take(now, serverA)
		c.release(now, serverA, id)
		now = now.Add(callIDQuarantine)
	}
	assert.Less(t, len(c.used), 4)
}
