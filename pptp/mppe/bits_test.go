package mppe

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBits(t *testing.T) {
	for b, want := range map[Bits]string{
		BitStateless | Bit128 | BitMPPC:                 "01000041 (H S C)",     // RRAS
		BitStateless | Bit56 | Bit128 | Bit40 | BitMPPC: "010000e1 (H M S L C)", // Windows XP
		BitStateless | Bit128 | Bit40:                   "01000060 (H S L)",     // pppd
		BitD:                                            "00000010 (D)",
		0:                                               "00000000 ()",
	} {
		assert.Equal(t, want, b.String())
	}
	assert.Equal(t, Bit40, Bits40.Bit())
	assert.Equal(t, Bit56, Bits56.Bit())
	assert.Equal(t, Bit128, Bits128.Bit())
	assert.Equal(t, "56", Bits56.String())
}

func TestKeysAreNeverShown(t *testing.T) {
	cfg := Config{Strength: Bits128, Stateless: true, Key: testKey}
	e, d := NewEncryptor(cfg), NewDecryptor(cfg)
	for _, v := range []any{cfg, &cfg, e, d, struct{ C Config }{cfg}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			assert.Regexp(t, `^&?(struct .*)?\{?(C:)?128 bit stateless\}?$`, fmt.Sprintf(verb, v))
		}
	}
	b, err := json.Marshal(cfg)
	require.NoError(t, err)
	assert.Equal(t, `"128 bit stateless"`, string(b))
	cfg.Stateless = false
	assert.Equal(t, "128 bit stateful", fmt.Sprint(cfg))
}
