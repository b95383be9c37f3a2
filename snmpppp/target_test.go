package snmpppp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	good := Target{ID: "gw-1", Host: "192.0.2.1", Auth: Auth{Community: "geheim-c"}}
	v3 := Auth{User: "monitor", AuthPassphrase: "geheim-a1", PrivPassphrase: "geheim-p1"}
	require.NoError(t, good.Validate())
	for _, tc := range []struct {
		name   string
		change func(*Target)
		want   []string // empty: no error
	}{
		{"v3", func(t *Target) { t.Auth = v3 }, nil},
		{"v3 without privacy", func(t *Target) { t.Auth = v3; t.Auth.PrivPassphrase = "" }, nil},
		{"v3 without anything", func(t *Target) { t.Auth = Auth{User: "monitor"} }, nil},
		{"lower case protocols", func(t *Target) { t.Auth = v3; t.Auth.AuthProtocol, t.Auth.PrivProtocol = "sha512", "aes256c" }, nil},
		{"no retries", func(t *Target) { t.Retries = -1 }, nil},
		{"no host", func(t *Target) { t.Host = "" }, []string{"host", "gw-1"}},
		{"transport", func(t *Target) { t.Transport = "upd" }, []string{`transport "upd"`, "use one of udp, tcp"}},
		{"timeout", func(t *Target) { t.Timeout = time.Hour }, []string{"timeout 1h0m0s", "1ms to 1m"}},
		{"retries", func(t *Target) { t.Retries = 99 }, []string{"retries 99"}},
		{"budget", func(t *Target) { t.Budget = time.Second }, []string{"budget 1s", "5s"}},
		{"interval", func(t *Target) { t.Interval = time.Millisecond }, []string{"interval 1ms"}},
		{"pause", func(t *Target) { t.Pause = time.Minute }, []string{"pause 1m0s"}},
		{"rows", func(t *Target) { t.MaxRows = -1 }, []string{"max_rows -1"}},
		{"reprobe", func(t *Target) { t.Reprobe = -1 }, []string{"reprobe -1"}},
		{"include", func(t *Target) { t.Include = []string{"("} }, []string{`include "("`}},
		{"exclude", func(t *Target) { t.Exclude = []string{"("} }, []string{`exclude "("`}},
		{"version", func(t *Target) { t.Auth.Version = "2c" }, []string{`version "2c"`, `did you mean "v2c"`}},
		{"no community", func(t *Target) { t.Auth = Auth{} }, []string{"community", "v2c"}},
		{"long community", func(t *Target) { t.Auth.Community = strings.Repeat("geheim-c", 16) }, []string{"community", "128", "127"}},
		{"community of v3", func(t *Target) { t.Auth.User = "x" }, []string{"community", "v2c"}},
		{"user of v2c", func(t *Target) { t.Auth.User, t.Auth.Version = "x", V2c }, []string{"user", "v3"}},
		{"no user", func(t *Target) { t.Auth = Auth{Version: V3} }, []string{"user", "1 to 32"}},
		{"authentication protocol", func(t *Target) { t.Auth = v3; t.Auth.AuthProtocol = "SHA265" }, []string{`auth_protocol "SHA265"`, "SHA256"}},
		{"privacy protocol", func(t *Target) { t.Auth = v3; t.Auth.PrivProtocol = "3DES" }, []string{`priv_protocol "3DES"`, "AES"}},
		{"short passphrase", func(t *Target) { t.Auth = v3; t.Auth.AuthPassphrase = "geheim" }, []string{"auth_passphrase", "at least 8"}},
		{"privacy without authentication", func(t *Target) { t.Auth = v3; t.Auth.AuthPassphrase = "" }, []string{"priv_protocol", "auth_passphrase"}},
		{"engine id", func(t *Target) { t.Auth = v3; t.Auth.EngineID = "xyz" }, []string{`engine_id "xyz"`}},
		{"context", func(t *Target) { t.Auth = v3; t.Auth.Context = strings.Repeat("x", 256) }, []string{"context", "255"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target := good
			tc.change(&target)
			err := target.Validate()
			_, err2 := New(target)
			if len(tc.want) == 0 {
				assert.NoError(t, err)
				assert.NoError(t, err2)
				return
			}
			require.Error(t, err)
			require.Error(t, err2)
			assert.Contains(t, err.Error(), `agent "gw-1"`)
			for _, w := range tc.want {
				assert.Contains(t, err.Error(), w)
			}
			assert.NotContains(t, err.Error(), "geheim")
		})
	}
}

// Credentials show in no form of output.
func TestSecrets(t *testing.T) {
	target := Target{Host: "192.0.2.1", Auth: Auth{User: "monitor", AuthPassphrase: "geheim-a1", PrivPassphrase: "geheim-p1"}}
	p, err := New(target)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, x := range []any{target.Auth, &target.Auth, target, p.Target()} {
			assert.NotContains(t, fmt.Sprintf(verb, x), "geheim", verb)
		}
	}
	assert.Equal(t, "v3 SHA256 AES", target.Auth.String())
	assert.Equal(t, "v2c", Auth{Community: "geheim"}.String())
}

func TestDefaults(t *testing.T) {
	p, err := New(Target{Host: "gw.example.net", Auth: Auth{Community: "x"}})
	require.NoError(t, err)
	got := p.Target()
	assert.Equal(t, "gw.example.net", got.ID)
	assert.Equal(t, uint16(161), got.Port)
	assert.Equal(t, V2c, got.Auth.Version)
	assert.Equal(t, 2, got.Retries)
	assert.NotNil(t, got.Profiles)
}
