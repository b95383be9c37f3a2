package main

import (
	"hash/fnv"
	"runtime"
	"sync"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// Seeds are drawn from two ranges that do not meet: one is for tuning the codebook, the other for the figures that are published.
const (
	tuning    = 1 << 32
	published = 3 << 32
)

// trialsOf makes a number of trials of each cause.
func trialsOf(base uint64, n int, k kind, causes ...string) []*trial {
	var out []*trial
	for _, cause := range causes {
		for i := range n {
			out = append(out, &trial{kind: k, seed: base + seedOf(cause, i), truth: cause})
		}
	}
	return out
}

// seedOf is another for each cause and number.
func seedOf(cause string, i int) uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(cause))
	return uint64(h.Sum32()>>4)<<4 + uint64(i)
}

// pairs makes trials of two causes at the same time, that neither hide nor explain each other.
func pairs(base uint64, n int, k kind) []*trial {
	k.second = true
	var out []*trial
	for i, p := range [][2]string{
		{"data_plane_loss", "auth_rejects_surge"}, {"gre_blackhole_bidirectional", "accounting_anomaly"}, {"mtu_black_hole", "session_flapping_clients"},
		{"gateway_overload", "accounting_anomaly"}, {"mppe_negotiation_failure", "session_flapping_clients"}, {"auth_backend_slow", "data_plane_loss"},
		{"control_rejected", "auth_backend_slow"}, {"ipcp_failure", "accounting_anomaly"}, {"data_plane_loss", "session_flapping_clients"},
		{"gre_blackhole_server_to_client", "auth_backend_slow"}, {"lcp_negotiation_failure", "accounting_anomaly"}, {"mtu_black_hole", "daemon_restart_or_crash"},
	} {
		for j := range n {
			out = append(out, &trial{kind: k, seed: base + seedOf("pair", 100*i+j), truth: p[0], other: p[1]})
		}
	}
	return out
}

// runAll runs trials on all processors; each has its own world, so that the order makes no difference.
func runAll(trials []*trial) error {
	jobs := make(chan *trial)
	errs := make(chan error, len(trials))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for t := range jobs {
				if err := t.run(); err != nil {
					errs <- err
				}
			}
		})
	}
	for _, t := range trials {
		jobs <- t
	}
	close(jobs)
	wg.Wait()
	close(errs)
	return <-errs
}

// seenBy says whether a source can see anything of what a cause requires, by the table of causes: without one of
// these, nothing could tell it.
var seenBy = map[string]func(sources) bool{
	"auth_backend_slow":                      func(s sources) bool { return s.radius },
	"radius_secret_or_message_authenticator": func(s sources) bool { return s.radius || s.logs },
	"gre_init_failure":                       func(s sources) bool { return s.logs },
	"auth_rejects_surge":                     func(s sources) bool { return s.logs },
	"mass_disconnect":                        func(s sources) bool { return s.logs || s.radius },
	"daemon_restart_or_crash":                func(s sources) bool { return s.logs || s.snmp },
	"session_flapping_clients":               func(s sources) bool { return s.logs },
	"accounting_anomaly":                     func(s sources) bool { return s.logs || s.radius },
	"config_error":                           func(s sources) bool { return s.logs },
	"client_side":                            func(s sources) bool { return s.logs },
	// The load is what it requires, which SNMP tells; what some daemons log of being overloaded only supports it.
	"gateway_overload":               func(s sources) bool { return s.probe && s.snmp },
	"ip_pool_exhausted":              func(s sources) bool { return s.probe && (s.snmp || s.logs || s.radius) },
	"gre_blackhole_server_to_client": func(s sources) bool { return s.probe && (s.flows || s.logs) },
	"auth_backend_down":              func(s sources) bool { return s.radius || s.logs || s.probe },
	"telemetry_gap":                  func(sources) bool { return true },
}

// observable are the causes of which these sources can see what is required.
func observable(s sources) []string {
	var out []string
	for _, cause := range world.Causes() {
		f, special := seenBy[cause]
		if special && f(s) || !special && s.probe {
			out = append(out, cause)
		}
	}
	return out
}
