package oid

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{"1.3", "0.0", "1.3.6.1.4.1.4294967295", "1" + strings.Repeat(".1", 127)} {
		assert.NoError(t, Check(good), good)
	}
	for _, bad := range []string{"", "1", ".1.3", "1.", "1..3", "1.3.", "1.03", "1.4294967296", "1.3.x", "1.-3", "1" + strings.Repeat(".1", 128), strings.Repeat("1.", 2000)} {
		assert.Error(t, Check(bad), bad)
	}
}

func TestCompare(t *testing.T) {
	sorted := []string{"0.5", "1", "1.3", "1.3.6", "1.3.6.1", "1.3.6.1.2.9", "1.3.6.1.2.10", "1.3.6.1.2.10.1", "1.3.6.1.2.100", "1.3.6.1.2.4294967295", "1.3.6.10", "1.3.7", "1.30", "2"}
	for i, a := range sorted {
		for j, b := range sorted {
			assert.Equal(t, sign(i-j), sign(Compare(a, b)), "%s %s", a, b)
		}
	}
	assert.True(t, slices.IsSortedFunc(sorted, Compare))
	assert.Zero(t, testing.AllocsPerRun(10, func() { Compare(sorted[5], sorted[6]) }))
}

func sign(n int) int { return min(max(n, -1), 1) }

func TestUnder(t *testing.T) {
	assert.True(t, Under("1.3.6.1", "1.3.6"))
	assert.True(t, Under("1.3.6", "1.3.6"))
	assert.False(t, Under("1.3.60", "1.3.6"))
	assert.False(t, Under("1.3", "1.3.6"))
	assert.Equal(t, "1.2", Index("1.3.6.1.2", "1.3.6"))
	assert.Empty(t, Index("1.3.6", "1.3.6"))
	assert.Equal(t, "1.3.6", Join("1.3", "6"))
	assert.Equal(t, "1.3", Join("1.3", ""))
}

func TestForbidden(t *testing.T) {
	list := Forbidden()
	assert.True(t, slices.IsSortedFunc(list, func(a, b Subtree) int { return Compare(a.Root, b.Root) }))
	for _, f := range list {
		require.NoError(t, Check(f.Root))
		assert.NotEmpty(t, f.Why)
		assert.Equal(t, 7, strings.Count(vendor(f.Root), ".")+1)
		_, denied := Denied(f.Root + ".0")
		assert.True(t, denied)
	}
	for _, fine := range []string{"1.3.6.1.2.1.10.23.20", "1.3.6.1.2.1.10.23.1", "1.3.6.1.4.1.2021.10", "1.3.6.1.6.3.10.2.1.1.0", "1.3.6.1.2.1.10.23"} {
		_, denied := Denied(fine)
		assert.False(t, denied, fine)
	}
	_, denied := DeniedRange("1.3.6.1.2.1.10.23")
	assert.True(t, denied)
}

func TestTake(t *testing.T) {
	for _, tc := range []struct {
		name        string
		part        Part
		index       string
		value, tail string
		bad         bool
	}{
		{"int", PartInt, "5.7", "5", "7", false},
		{"last int", PartInt, "5", "5", "", false},
		{"no int", PartInt, "", "", "", true},
		{"ipv4", PartIPv4, "10.0.0.1.1723", "10.0.0.1", "1723", false},
		{"ipv4 too short", PartIPv4, "10.0.0", "", "", true},
		{"ipv4 with 256", PartIPv4, "10.0.0.256", "", "", true},
		{"inet v4", PartInet, "1.4.10.0.0.1.1723", "10.0.0.1", "1723", false},
		{"inet v6", PartInet, "2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1.9", "2001:db8::1", "9", false},
		{"inet v4 with zone", PartInet, "3.8.10.0.0.1.0.0.0.2.9", "10.0.0.1", "9", false},
		{"inet unknown", PartInet, "0.0.1723", "", "1723", false},
		{"inet of 5 octets", PartInet, "1.5.1.2.3.4.5", "", "", true},
		{"inet cut", PartInet, "1.4.10.0", "", "", true},
		{"inet without length", PartInet, "1", "", "", true},
		{"string", PartString, "3.97.98.99.7", "abc", "7", false},
		{"empty string", PartString, "0.7", "", "7", false},
		{"string cut", PartString, "3.97.98", "", "", true},
		{"string of 256", PartString, "256.1", "", "", true},
		{"string with 300", PartString, "1.300", "", "", true},
		{"implied", PartImplied, "97.98", "ab", "", false},
		{"rest", PartRest, "1.2.3", "1.2.3", "", false},
		{"unknown", Part("x"), "1.2.3", "", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			value, tail, err := tc.part.Take(tc.index)
			assert.Equal(t, tc.bad, err != nil)
			assert.Equal(t, tc.value, value)
			assert.Equal(t, tc.tail, tail)
		})
	}
	assert.Equal(t, "1.4.10.0.0.1", AppendAddress("1.4", netip.MustParseAddr("10.0.0.1")))
}

func FuzzTake(f *testing.F) {
	f.Add("1.4.10.0.0.1.1723")
	f.Add("3.97.98.99")
	f.Fuzz(func(t *testing.T, index string) {
		for _, p := range Parts() {
			_, tail, err := Part(p).Take(index)
			if err == nil && len(tail) > len(index) {
				t.Fatalf("%s made %q of %q", p, tail, index)
			}
		}
		if Check(index) == nil && Compare(index, index) != 0 {
			t.Fatal(index)
		}
	})
}
