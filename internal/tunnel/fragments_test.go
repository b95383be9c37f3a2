package tunnel

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cut makes a fragment of a payload.
func cut(id uint16, payload []byte, from, to int) []byte {
	p := packet(ipv4Header{src: gatewayAddr, dst: clientAddr, id: id, ttl: 9, protocol: 17}, payload[from:to])
	flags := uint16(from / 8)
	if to < len(payload) {
		flags |= flagMF
	}
	binary.BigEndian.PutUint16(p[6:], flags)
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], checksum(p[:ipv4HeaderLen]))
	return p
}

func TestReassembly(t *testing.T) {
	payload := make([]byte, 3001)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	huge := make([]byte, 20000)
	type part struct{ from, to int }
	for name, tc := range map[string]struct {
		of    []byte
		parts []part
		whole bool
		drops int
	}{
		"in order":              {payload, []part{{0, 1376}, {1376, 2752}, {2752, 3001}}, true, 0},
		"last first":            {payload, []part{{2752, 3001}, {1376, 2752}, {0, 1376}}, true, 0},
		"repeated":              {payload, []part{{0, 1376}, {0, 1376}, {2752, 3001}, {2752, 3001}, {1376, 2752}}, true, 0},
		"part missing":          {payload, []part{{0, 1376}, {2752, 3001}}, false, 0},
		"overlap":               {payload, []part{{0, 1376}, {1368, 2752}}, false, 1},
		"two ends":              {payload[:2000], []part{{1600, 2000}, {1200, 2000}}, false, 1},
		"too long":              {huge, []part{{16000, 17000}}, false, 1},
		"longer than it can be": {huge, []part{{8184, 9184}}, false, 1},
		"odd length":            {payload, []part{{0, 1375}}, false, 1},
		"empty":                 {payload, []part{{8, 8}}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var r reassembler
			var whole []byte
			drops := 0
			for _, p := range tc.parts {
				b := cut(9, tc.of, p.from, p.to)
				h, ok := parseIPv4(b)
				require.True(t, ok)
				w, d := r.add(time.Unix(0, 0), &h, b)
				whole, drops = w, drops+d
			}
			assert.Equal(t, tc.drops, drops)
			if !tc.whole {
				assert.Nil(t, whole)
				return
			}
			h, ok := parseIPv4(whole)
			require.True(t, ok)
			assert.False(t, h.fragment())
			assert.True(t, bytes.Equal(tc.of, whole[h.headerLen:]))
			assert.Empty(t, r.partial)
		})
	}
}

// What contradicts the end that is known is refused.
func TestReassemblyEnd(t *testing.T) {
	payload := make([]byte, 4000)
	add := func(r *reassembler, b []byte) int {
		h, ok := parseIPv4(b)
		require.True(t, ok)
		_, dropped := r.add(time.Unix(0, 0), &h, b)
		return dropped
	}
	var beyond reassembler
	assert.Zero(t, add(&beyond, cut(1, payload[:2000], 1600, 2000)))
	assert.Equal(t, 1, add(&beyond, cut(1, payload, 2400, 2800)))
	var before reassembler
	assert.Zero(t, add(&before, cut(1, payload, 2400, 2800)))
	assert.Equal(t, 1, add(&before, cut(1, payload[:2000], 1600, 2000)))
}

func TestReassemblyBounded(t *testing.T) {
	var r reassembler
	payload := make([]byte, 2000)
	now := time.Unix(0, 0)
	dropped := 0
	for id := range uint16(100) {
		b := cut(id, payload, 0, 1000)
		h, _ := parseIPv4(b)
		_, d := r.add(now, &h, b)
		dropped += d
	}
	assert.Len(t, r.partial, maxDatagrams)
	assert.Equal(t, 100-maxDatagrams, dropped)
	b := cut(200, payload, 0, 1000)
	h, _ := parseIPv4(b)
	_, dropped = r.add(now.Add(fragmentLifetime+1), &h, b)
	assert.Equal(t, maxDatagrams, dropped)
	assert.Len(t, r.partial, 1)
}
