package chap

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecretsAreNeverShown(t *testing.T) {
	c := Credentials{User: "probe", Password: "hunter2"}
	cfg := PeerConfig{Method: MethodMSCHAPv2, Credentials: c}
	p := NewPeer(cfg)
	p.Start(start)
	p.Receive(start, newChallenge(1, make([]byte, 16)))
	p.keys = &p.exchange.keys
	keys, _ := p.MPPEStart()
	hash := keys.PasswordHash

	forms := []string{c.Password, fmt.Sprintf("%x", c.Password), fmt.Sprint([]byte(c.Password)),
		string(hash[:]), hex.EncodeToString(hash[:]), fmt.Sprint(hash), fmt.Sprintf("%d, %d, %d", hash[0], hash[1], hash[2])}
	check := func(how, shown string) {
		t.Helper()
		assert.NotEmpty(t, shown)
		for _, form := range forms {
			assert.NotContains(t, shown, form, how)
		}
	}
	for _, v := range []any{c, &c, cfg, &cfg, p, []Credentials{c}, map[string]any{"c": c}, keys, &keys, struct{ K MPPEMaterial }{keys}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s"} {
			check(fmt.Sprintf("%T %s", v, verb), fmt.Sprintf(verb, v))
		}
		check(fmt.Sprintf("%T Sprint", v), fmt.Sprint(v))
	}
	for _, v := range []any{c, &c, map[string]any{"c": c}, keys, &keys} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		check(fmt.Sprintf("%T json", v), string(b))
	}
	text, err := c.MarshalText()
	require.NoError(t, err)
	check("text", string(text))
	assert.Equal(t, `"probe":[redacted]`, c.String())
	assert.Equal(t, c.String(), c.GoString())

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "credentials", c, "keys", keys)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "credentials", c, "keys", keys)
	check("slog", log.String())
}
