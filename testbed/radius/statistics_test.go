//go:build real && linux

package radius

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
)

// attribute is what FreeRADIUS's own dictionary calls a counter.
func attribute(c freeradius.Counter) string {
	section, proxy := strings.CutPrefix(c.Section, "proxy_")
	name, short := "Access", "Auth"
	if section == "acct" {
		name, short = "Accounting", "Acct"
	}
	switch c.Result {
	case "requests", "accepts", "rejects", "challenges":
		name += "-" + strings.ToUpper(c.Result[:1]) + c.Result[1:]
	case "responses":
		if section == "auth" {
			name = short
		}
		name += "-Responses"
	case "unknown_type":
		name = short + "-Unknown-Types"
	default:
		name = short + "-" + strings.ToUpper(c.Result[:1]) + c.Result[1:] + "-Requests"
	}
	if proxy {
		name = "Proxy-" + name
	}
	return "FreeRADIUS-Total-" + name
}

// TestStatisticsAreThoseOfRadclient compares what is read with what radclient reads with
// the dictionary of the server.
func TestStatisticsAreThoseOfRadclient(t *testing.T) {
	d := Start(t, Config{})
	c := d.checker(t, Good, func(c *radiuscheck.Config) {
		c.Methods = []radiuscheck.Method{radiuscheck.PAP, radiuscheck.StatusAccounting}
	})
	for range 3 {
		causes(t, c)
	}
	wrong := d.checker(t, Good, func(c *radiuscheck.Config) { c.Methods, c.Password = []radiuscheck.Method{radiuscheck.CHAP}, "wrong" })
	causes(t, wrong)
	for i := range 2 {
		d.Client(t, d.Ports[Accounting], "acct", fmt.Sprintf("Acct-Status-Type = Start\nAcct-Session-Id = s%d\nUser-Name = alice\nNAS-IP-Address = 192.0.2.1\n", i))
	}
	number := regexp.MustCompile(`(FreeRADIUS-\S+) = (\d+)`)
	var ours, theirs map[string]string
	require.Eventually(t, func() bool {
		s, err := c.Statistics(t.Context())
		require.NoError(t, err)
		var totals freeradius.Totals
		totals.Add(s)
		ours, theirs = make(map[string]string), make(map[string]string)
		for _, k := range freeradius.Counters() {
			if n, ok := totals.Total(k); ok {
				ours[attribute(k)] = fmt.Sprint(n)
			}
		}
		for _, m := range number.FindAllStringSubmatch(d.Client(t, d.Ports[Statistics], "status", "Message-Authenticator = 0x00\nFreeRADIUS-Statistics-Type = All\n"), -1) {
			theirs[m[1]] = m[2]
		}
		return ours["FreeRADIUS-Total-Access-Rejects"] == "1" && ours["FreeRADIUS-Total-Accounting-Responses"] == "2"
	}, 20*time.Second, 100*time.Millisecond, "it counts an answer when it forgets the request")
	var requests, next int
	_, err := fmt.Sscan(ours["FreeRADIUS-Total-Access-Requests"]+" "+theirs["FreeRADIUS-Total-Access-Requests"], &requests, &next)
	require.NoError(t, err)
	assert.Equal(t, requests+1, next, "the request of radclient is one of them")
	for _, k := range freeradius.Counters() {
		name := attribute(k)
		if n, ok := theirs[name]; ok && name != "FreeRADIUS-Total-Access-Requests" {
			assert.Equal(t, n, ours[name], name)
		}
	}
	assert.GreaterOrEqual(t, len(ours), 34, "of all four sections")
	for _, name := range []string{"FreeRADIUS-Queue-Len-Auth", "FreeRADIUS-Queue-Len-Acct"} {
		assert.Equal(t, "0", theirs[name])
	}
}
