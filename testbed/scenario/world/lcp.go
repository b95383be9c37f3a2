package world

import "time"

// requests is how many LCP Configure-Requests somebody sends before the caller gives up: one in 3 s, ten at most.
func (k *call) requests() int { return max(1, min(10, int(k.c.Patience/(3*time.Second)))) }

func (k *call) lcp() string {
	n := k.requests()
	hears, heard := k.way.ToCaller == Passes, k.way.ToGateway == Passes
	// Next to the gateway all of its packets are seen, unless it drops them itself.
	k.p.From = n
	if !hears && k.way.BehindExporter {
		k.p.From = 0
	}
	if heard || k.way.BehindExporter {
		k.p.To = n
	}
	switch {
	case k.way.CallerHasNoUse && k.g.Software == Poptop:
		k.g.Seen.Packets = append(k.g.Seen.Packets, Packets{Client: k.c.Addr, ICMP: true})
		k.took(time.Second)
		k.p.From = 1
		k.log("gre_read_error", errno("ENOPROTOOPT"))
		k.fails("gre", "gre.proto_unreachable", "gre_read_error")
		return "ppp.server_daemon_failed"
	case k.way.CallerHasNoUse:
		hears = false
	case k.way.ToGateway == Rejected:
		k.g.Seen.Packets = append(k.g.Seen.Packets, Packets{Client: k.c.Addr, ICMP: true, ByGateway: true})
		if k.c.Probe {
			k.took(time.Second)
			k.p.To, k.p.From = min(k.p.To, 1), 1
			k.gaveUp(false)
			return k.unreachable()
		}
	}
	switch {
	case !hears || !heard:
		k.took(time.Duration(n) * 3 * time.Second)
		k.gaveUp(heard)
		if hears {
			return "gre.tx_lost"
		}
		return "gre.no_reply"
	case k.lost(3):
		k.took(time.Duration(n) * 3 * time.Second)
		k.gaveUp(true)
		return "gre.no_reply"
	}
	k.out.GotGRE = true
	k.took(2*k.out.RTT + k.g.Slow)
	return k.agree()
}

func (k *call) unreachable() string {
	if k.way.Prohibited {
		return "gre.admin_prohibited"
	}
	return "gre.proto_unreachable"
}

// gaveUp logs an LCP that came to nothing. pppd gives up after 30 s; a caller that does before leaves nothing but a hang-up.
// With debug, what was sent and received is in the log, and so the direction.
func (k *call) gaveUp(heard bool) {
	reason := "hang_up"
	switch {
	case k.g.Debug && heard:
		reason = "received_only"
	case k.g.Debug:
		reason = "sent_only"
	case k.requests() >= 10:
		reason = "timeout"
	}
	k.fails("lcp", "lcp.timeout", reason)
}

func (k *call) agree() string {
	switch k.g.LCP {
	case Insists:
		k.fails("auth", "auth.protocol_refused", "lcp_auth_type")
		return "auth.protocol_refused"
	case Naks:
		k.fails("lcp", "unknown", "lcp_bad")
		return "lcp.not_converging"
	case Loops:
		k.fails("lcp", "lcp.loopback", "lcp_loop")
		return "lcp.loopback"
	case Mute:
		k.took(k.c.Patience)
		k.p.From = 0
		k.fails("lcp", "unknown", "")
		return "lcp.timeout"
	}
	return ""
}
