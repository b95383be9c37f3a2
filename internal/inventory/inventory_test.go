package inventory

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

var list = []Gateway{
	{ID: "vpn-1", Name: "Headquarters", Addresses: []string{"192.0.2.1", "vpn1.example.com"}, RADIUS: []string{"radius-1", "radius-2"}},
	{ID: "vpn-2", Addresses: []string{"198.51.100.0/28", "192.0.2.1", "2001:db8::1"}, RADIUS: []string{"radius-1"}},
}

func TestFind(t *testing.T) {
	x := NewIndex(list)
	for name, want := range map[string]string{
		"vpn-1":               "vpn-1",
		"Headquarters":        "vpn-1",
		"vpn1.example.com":    "vpn-1",
		"192.0.2.1":           "vpn-1", // the first has it
		"::ffff:192.0.2.1":    "vpn-1",
		"198.51.100.15":       "vpn-2",
		"2001:db8::1":         "vpn-2",
		"198.51.100.16":       "",
		"192.0.2.1:1723":      "",
		"":                    "",
		"1 is not an address": "",
		"other.example.com":   "",
	} {
		got := ""
		if g := x.Find(name); g != nil {
			got = g.ID
		}
		assert.Equal(t, want, got, name)
	}
	assert.Nil(t, x.ID("Headquarters"), "a name is no id")
	require.Zero(t, testing.AllocsPerRun(100, func() { x.Find("198.51.100.15") }))
}

func TestOfRADIUS(t *testing.T) {
	x := NewIndex(list)
	of := func(server string) (ids []string) {
		x.OfRADIUS(server, func(g *Gateway) { ids = append(ids, g.ID) })
		return ids
	}
	assert.Equal(t, []string{"vpn-1", "vpn-2"}, of("radius-1"))
	assert.Equal(t, []string{"vpn-1"}, of("radius-2"))
	assert.Empty(t, of("radius-3"))
}

func TestValidate(t *testing.T) {
	require.NoError(t, Validate(list))
	for name, c := range map[string]struct {
		list []Gateway
		want string
	}{
		"no id":         {[]Gateway{{}}, "gateways[0].id: write a name"},
		"twice":         {[]Gateway{{ID: "a"}, {ID: "a"}}, `gateways[1].id: "a" is gateways[0], too`},
		"empty address": {[]Gateway{{ID: "a", Addresses: []string{""}}}, "gateways[0].addresses[0]: a: is empty"},
		"bad prefix":    {[]Gateway{{ID: "a", Addresses: []string{"192.0.2.0/40"}}}, `"192.0.2.0/40" is no prefix`},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorContains(t, Validate(c.list), c.want) })
	}
}

// TestOneFile: what one component does not use is read all the same.
func TestOneFile(t *testing.T) {
	conf := confmap.NewFromStringMap(map[string]any{"gateways": []any{map[string]any{
		"id": "vpn-1", "name": "HQ", "site": "london", "addresses": []any{"192.0.2.1"}, "radius": []any{"radius-1"}, "group": "emea",
	}}})
	var c struct {
		Gateways []Gateway `mapstructure:"gateways"`
	}
	require.NoError(t, conf.Unmarshal(&c))
	assert.Equal(t, []Gateway{{ID: "vpn-1", Name: "HQ", Site: "london", Addresses: []string{"192.0.2.1"}, RADIUS: []string{"radius-1"}, Group: "emea"}}, c.Gateways)
}
