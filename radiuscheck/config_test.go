package radiuscheck

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func validConfig() Config {
	return Config{
		Host: "radius.example.com", Port: 1812, AccountingPort: 1813, Secret: theSecret, Methods: Methods(),
		Username: theUser, Password: thePassword, Signing: Compare, Timeout: 3 * time.Second, Retries: 2,
		NAS: NAS{Address: netip.MustParseAddr("192.0.2.1")},
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"valid", func(*Config) {}, ""},
		{"statistics only", func(c *Config) { c.Methods, c.StatusPort, c.StatusSecret = nil, 18121, theSecret }, ""},
		{"no host", func(c *Config) { c.Host = "" }, "host: is empty"},
		{"no secret", func(c *Config) { c.Secret = "" }, "secret: is empty"},
		{"no methods", func(c *Config) { c.Methods = nil }, "methods: is empty"},
		{"unknown method", func(c *Config) { c.Methods = []Method{"eap"} }, `methods: "eap" is unknown`},
		{"method twice", func(c *Config) { c.Methods = []Method{PAP, PAP} }, `methods: "pap" is there twice`},
		{"no port", func(c *Config) { c.Port = 0 }, "port: is missing, and status needs it"},
		{"no accounting port", func(c *Config) { c.AccountingPort = 0 }, "accounting port: is missing"},
		{"no password", func(c *Config) { c.Password = "" }, "username, password: pap needs both"},
		{"long password", func(c *Config) { c.Password = strings.Repeat("p", 129) }, "longer than 128 bytes"},
		{"zero in password", func(c *Config) { c.Password = "a\x00b" }, "zero byte"},
		{"long name", func(c *Config) { c.Username = strings.Repeat("u", 254) }, "254 bytes long"},
		{"signing", func(c *Config) { c.Signing = "sometimes" }, `"sometimes" is unknown`},
		{"timeout", func(c *Config) { c.Timeout = 0 }, "timeout: 0s"},
		{"retries", func(c *Config) { c.Retries = 11 }, "retries: 11"},
		{"negative", func(c *Config) { c.Slow = -1 }, "must not be negative"},
		{"negative spare", func(c *Config) { c.Spare = -1 }, "spare: must not be negative"},
		{"status secret", func(c *Config) { c.StatusPort = 18121 }, "status secret: is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := validConfig()
			tt.change(&c)
			err := c.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), theSecret)
			_, err = New(c)
			require.Error(t, err)
		})
	}
}

func TestLongest(t *testing.T) {
	c := validConfig()
	c.StatusPort = 18121
	c.StatusHost = "192.0.2.1" // needs no resolution, which the other takes 3 s for
	// Two with Status-Server, three logins twice, and the statistics; 9 s each.
	assert.Equal(t, 84*time.Second, c.Longest())
	c.Signing = Always
	assert.Equal(t, 57*time.Second, c.Longest())
}

func TestMSCHAPError(t *testing.T) {
	tests := []struct {
		in   string
		code int
		text string
	}{
		{"E=691 R=1 C=0011 V=3 M=Denied", 691, "E=691 (authentication failure) Denied"},
		{"E=648 R=0", 648, "E=648 (password expired)"},
		{"E=999", 999, "E=999"},
		{"E=many", 0, ""},
		{"", 0, ""},
	}
	for _, tt := range tests {
		code, text := mschapError(tt.in)
		assert.Equal(t, tt.code, code, tt.in)
		assert.Equal(t, tt.text, text, tt.in)
	}
}

func TestEveryCauseHasAHint(t *testing.T) {
	for _, c := range Causes() {
		assert.NotEmpty(t, hints[c], c)
		assert.True(t, strings.HasPrefix(string(c), "radius."), c)
	}
	assert.Len(t, hints, len(Causes()))
}
