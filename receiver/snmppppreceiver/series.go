package snmppppreceiver

import (
	"cmp"
	"regexp"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// series decides which sessions have series of their own. Its methods but count
// are called under the lock of the metricsMaker.
type series struct {
	cfg       *SessionMetricsConfig
	match     []*regexp.Regexp
	tell      *teller
	telemetry *telemetry
	used      map[*agent]int64
	total     atomic.Int64 // of used
}

func newSeries(cfg *SessionMetricsConfig, tell *teller, t *telemetry) *series {
	s := &series{cfg: cfg, tell: tell, telemetry: t, used: make(map[*agent]int64)}
	for _, m := range cfg.Match {
		s.match = append(s.match, regexp.MustCompile(m)) // validated
	}
	return s
}

// count is how many sessions have series now.
func (s *series) count() int64 { return s.total.Load() }

// record records the sessions that are chosen.
func (s *series) record(r *recorder) {
	if s.cfg.Mode == sessionsNone {
		return
	}
	chosen := s.choose(r.s, r.r.delta.Sessions)
	room := min(int64(s.cfg.MaxSessions), int64(s.cfg.MaxTotal)-s.total.Load()+s.used[r.a])
	var n int64
	anonymous, over := 0, 0
	ids := s.identities(r.s, chosen)
	seen := make(map[identity]struct{}, len(chosen))
	for k, i := range chosen {
		id := ids[k]
		if _, twice := seen[id]; twice || id == (identity{}) {
			anonymous++
			continue
		}
		if n >= room {
			over++
			continue
		}
		seen[id] = struct{}{}
		n++
		r.session(&r.s.Sessions[i], &r.r.delta.Sessions[i], id)
	}
	s.total.Add(n - s.used[r.a])
	s.used[r.a] = n
	s.telemetry.seriesDropped(dropIdentity, anonymous)
	s.telemetry.seriesDropped(dropSessions, over)
}

// choose returns the indexes of the sessions that are wanted, the most important
// first.
func (s *series) choose(snap *snapshot.Snapshot, totals []snapshot.SessionTotal) []int {
	chosen := make([]int, 0, len(totals))
	for i := range totals {
		if s.cfg.Mode == sessionsTop || s.matches(&snap.Sessions[i]) {
			chosen = append(chosen, i)
		}
	}
	octets := func(i int) uint64 { return totals[i].OctetsIn + totals[i].OctetsOut }
	slices.SortStableFunc(chosen, func(a, b int) int { return cmp.Compare(octets(b), octets(a)) })
	if s.cfg.Mode == sessionsTop && len(chosen) > s.cfg.Top {
		chosen = chosen[:s.cfg.Top]
	}
	return chosen
}

// identities are what tells the sessions apart, and no more, so that a user who
// comes again goes on with the same series: the name, or else the interface, or else
// the address. A user who has several sessions needs more.
func (s *series) identities(snap *snapshot.Snapshot, chosen []int) []identity {
	ids := make([]identity, len(chosen))
	users := make(map[string]int, len(chosen))
	for k, i := range chosen {
		ids[k] = s.tell.identity(&snap.Sessions[i])
		users[ids[k].user]++
	}
	for k := range ids {
		switch id := &ids[k]; {
		case id.user != "" && users[id.user] == 1:
			id.iface, id.client = "", ""
		case id.iface != "":
			id.client = ""
		}
	}
	return ids
}

func (s *series) matches(x *snapshot.Session) bool {
	peer := ""
	if x.Peer.IsValid() {
		peer = x.Peer.String()
	}
	return slices.ContainsFunc(s.match, func(re *regexp.Regexp) bool {
		return x.User != "" && re.MatchString(x.User) || x.Interface != "" && re.MatchString(x.Interface) || peer != "" && re.MatchString(peer)
	})
}

// session records one session, whose counters begin with it.
func (r *recorder) session(s *snapshot.Session, total *snapshot.SessionTotal, id identity) {
	var who []metadata.MetricAttributeOption
	who = append(who, optional(metadata.WithUserNameMetricAttribute, id.user)...)
	who = append(who, optional(metadata.WithClientAddressMetricAttribute, id.client)...)
	who = append(who, optional(metadata.WithNetworkInterfaceNameMetricAttribute, id.iface)...)

	r.mb.Reset(metadata.WithStartTime(pcommon.NewTimestampFromTime(total.Start)))
	known, n := valid(&s.Traffic), values(&total.TrafficTotal)
	for k := range trafficKinds {
		for way, direction := range directions {
			if known[2*k+way] {
				trafficKinds[k].session(r.mb, r.ts, int64(n[2*k+way]), direction, who...)
			}
		}
	}
	if s.Duration > 0 {
		r.mb.RecordPptpSessionUptimeDataPoint(r.ts, s.Duration.Seconds(), who...)
	}
}
