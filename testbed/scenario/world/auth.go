package world

import "time"

// How a gateway asks its RADIUS server: three times, 3 s apart.
const (
	askAgain = 3 * time.Second
	asks     = 3
)

// auth is the exchange of credentials, and what is behind it.
func (k *call) auth() string {
	k.took(2*k.out.RTT + k.g.Slow)
	s := k.g.Server
	if s == nil {
		k.out.AuthTook = 2*k.out.RTT + k.g.Slow
		if k.g.RejectsAll || !k.c.Password {
			return k.rejected()
		}
		return ""
	}
	answered, took := k.ask(s)
	k.took(took)
	k.out.AuthTook = took + 2*k.out.RTT
	if !answered {
		return k.noAnswer(s, took)
	}
	if took > k.c.AuthPatience {
		k.fails("auth", "unknown", "hangup")
		return "auth.timeout"
	}
	if s.PolicyBars || k.c.Probe && s.ProbeBars || !k.c.Password {
		return k.rejected()
	}
	return ""
}

// ask says whether the server answers the gateway, and after how long.
func (k *call) ask(s *Server) (bool, time.Duration) {
	delay := s.Delay
	if delay > 0 {
		delay = time.Duration(float64(delay) * (0.7 + 0.6*k.w.Rand.Float64()))
	}
	for i := range asks {
		if s.Down || s.Demands || s.Secret || delay > asks*askAgain || k.w.chance(s.Loss) {
			continue
		}
		return true, time.Duration(i)*askAgain + delay + 5*time.Millisecond
	}
	return false, asks * askAgain
}

// noAnswer: what the gateway logs of a server that does not answer, and that it tells the caller no, if that still waits.
func (k *call) noAnswer(s *Server, took time.Duration) string {
	if s.Secret && k.g.Software != MPD {
		k.log("radius_bad_secret")
		k.fails("auth", "unknown", "radius_bad_secret")
	} else {
		k.log("radius_timeout")
		k.fails("auth", "auth.timeout", "radius_timeout")
	}
	if took > k.c.AuthPatience {
		return "auth.timeout"
	}
	return "auth.rejected"
}

func (k *call) rejected() string {
	k.fails("auth", "auth.rejected", "auth_fail")
	return "auth.rejected"
}
