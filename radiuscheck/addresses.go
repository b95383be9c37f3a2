package radiuscheck

import (
	"fmt"
	"strings"
)

// after adds what came before an answer: other addresses of the name, which were silent.
func (c *Config) after(r *Result, silent []*Result) {
	if len(silent) == 0 {
		return
	}
	r.before(silent)
	if c.Slow > 0 && r.Code != 0 && r.Total >= c.Slow {
		r.Warning = failure(Slow, fmt.Sprintf("The %s came after %s, from %s. Before it, %s", r.Code, rounded(r.Total), r.Server.Addr(), details(silent)))
		r.Warning.Hint = deadAddress
	}
}

// allSilent makes one result of those of addresses of which none answered, one at least.
// That the network has said why counts if it has of all.
func allSilent(list []*Result) *Result {
	last := len(list) - 1
	if last == 0 {
		return list[0]
	}
	r, cause := *list[last], Unreachable
	for _, x := range list {
		if x.Failure.Cause == Timeout {
			cause = Timeout
		}
	}
	r.Failure = failure(cause, details(list))
	r.before(list[:last])
	return &r
}

// before adds the time and the packets of addresses that were asked before.
func (r *Result) before(silent []*Result) {
	first := silent[0].Start
	r.Total += r.Start.Sub(first)
	r.Start = first
	for _, x := range silent {
		if x.Total > 0 { // else nothing could be sent
			r.Retransmissions += x.Retransmissions + 1
		}
		for k, n := range x.Replies {
			r.Replies[k] += n
		}
	}
}

// details tells what was seen of each address.
func details(list []*Result) string {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s: %s", r.Server.Addr(), r.Failure.Detail)
	}
	return b.String()
}
