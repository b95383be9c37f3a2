package dgram_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/flow/dgram"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.dgram")
	want := dgram.File{
		By: "a test", Start: time.Unix(1000, 5).UTC(),
		Datagrams: []dgram.Datagram{{At: time.Second, Bytes: []byte("one")}, {At: time.Minute, Bytes: []byte{}}},
	}
	require.NoError(t, want.Write(path))
	got, err := dgram.Read(path)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, time.Unix(1060, 5).UTC(), got.Arrival(got.Datagrams[1]))

	require.ErrorContains(t, dgram.File{By: "two\nlines"}.Write(path), "more than one line")
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, written[:len(written)-12], 0o600))
	_, err = dgram.Read(path)
	require.ErrorContains(t, err, path, "cut off")
	require.NoError(t, os.WriteFile(path, []byte("something else"), 0o600))
	_, err = dgram.Read(path)
	require.ErrorContains(t, err, path)
}

// The export time is the new one, and what counts from the exporter's start means the same time as before.
func TestRetime(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 1, 2, 345e6, time.UTC)
	be := binary.BigEndian
	header := func(version uint16, n int) []byte {
		b := make([]byte, n)
		be.PutUint16(b, version)
		be.PutUint32(b[4:], 5000) // uptime; in IPFIX the export time
		be.PutUint32(b[8:], uint32(at.Unix()+100))
		return b
	}
	boot := func(b []byte) uint32 { return be.Uint32(b[8:])*1000 - be.Uint32(b[4:]) }

	v5 := header(5, 24)
	got := dgram.Retime(v5, at)
	assert.EqualValues(t, at.Unix(), be.Uint32(got[8:]))
	assert.Equal(t, uint32(345_000_000), be.Uint32(got[12:]))
	assert.Equal(t, boot(v5), boot(got)+345)

	v9 := header(9, 20)
	got = dgram.Retime(v9, at)
	assert.EqualValues(t, at.Unix(), be.Uint32(got[8:]))
	assert.Equal(t, boot(v9), boot(got))
	assert.EqualValues(t, 5000, be.Uint32(v9[4:]), "the datagram given is left as it is")

	assert.EqualValues(t, at.Unix(), be.Uint32(dgram.Retime(header(10, 16), at)[4:]))
	for _, b := range [][]byte{nil, {0, 5}, header(0, 16)} {
		assert.Equal(t, append([]byte(nil), b...), dgram.Retime(b, at), "no NetFlow")
	}
}
