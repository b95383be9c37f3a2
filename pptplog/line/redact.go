package line

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// redact takes what may be secret out of an event. In packet lines of pppd it is
// all that the pattern does not spell out (a password, or a response from which
// it can be guessed). In FreeRADIUS's lines it is what stands behind the first
// slash of the name, [user/password]: a name with a slash of its own is cut
// short rather than a password kept.
func (p *Parser) redact(c *pattern, dst *event.Event) {
	for i := range c.n {
		if c.values[i].field != fieldUser {
			continue
		}
		user, _, found := strings.Cut(p.got[i], "/")
		if !found {
			return
		}
		dst.User = user
		before := len(c.first)
		for j := range i {
			before += len(p.got[j]) + len(c.values[j].until)
		}
		dst.Text = dst.Text[:before] + user + "/<redacted>" + dst.Text[before+len(p.got[i]):]
		return
	}
	dst.Text = c.first
}
