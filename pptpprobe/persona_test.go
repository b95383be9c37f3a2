//go:build linux

package pptpprobe_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// personaLine is a path to a gateway with a persona, and how it encrypts.
type personaLine struct {
	name     string
	faults   gateway.Faults
	stateful bool
	keepsKey bool // with stateful: resets as RFC 3078 has it, else as Linux does
}

// badPath is 5 % loss, 15 % reordering and 10 % duplication, each way.
var badPath = gateway.Faults{
	GRELoss: 0.05, GREReorder: 0.15, GREDuplicate: 0.10,
	GRELossIn: 0.05, GREReorderIn: 0.15, GREDuplicateIn: 0.10,
}

func (l personaLine) perfect() bool { return l.name == "perfect path" }

// page is fetched: by name on a perfect path. On a bad one two queries a name, as
// resolvers make them, may both be lost, and so may enough of a long transfer to
// let TCP wait for a minute: with stateful MPPE each loss costs two more packets.
func (l personaLine) page() string {
	if l.perfect() {
		return "http://www.pptp.test./bytes/20000"
	}
	return "http://192.0.2.80/bytes/4000"
}

// lossyPath is for stateful MPPE, which the gateway then insists on.
var lossyPath = gateway.Faults{
	GRELoss: 0.05, GREDuplicate: 0.10, GRELossIn: 0.05, GREDuplicateIn: 0.10, MPPEStatefulOnly: true,
}

var personaLines = []personaLine{
	{name: "perfect path"},
	{name: "bad path", faults: badPath},
	{name: "stateful as linux, lossy path", faults: lossyPath, stateful: true},
	{name: "stateful as rfc 3078, lossy path", faults: lossyPath, stateful: true, keepsKey: true},
}

// personaTarget is a whole session, patient enough for what is lost on a bad path.
func personaTarget(to netip.AddrPort, l personaLine) pptpprobe.Target {
	return pptpprobe.Target{
		Host: to.Addr().String(), Port: to.Port(),
		Depth: pptpprobe.DepthApplication, Username: testUser, Password: testPassword,
		MPPE:    pptpprobe.MPPE{Mode: ppp.MPPERequire, Stateful: l.stateful},
		Timeout: 240 * time.Second,
		Budgets: pptpprobe.Budgets{
			GRE: 30 * time.Second, LCP: 60 * time.Second, Auth: 60 * time.Second,
			CCP: 30 * time.Second, IPCP: 30 * time.Second, Teardown: 10 * time.Second,
		},
		Checks: []pptpprobe.Check{
			{Kind: pptpprobe.CheckICMP, Count: 40, Interval: 200 * time.Millisecond, Timeout: 20 * time.Second},
			{Kind: pptpprobe.CheckHTTP, URL: l.page(), Timeout: 100 * time.Second},
		},
	}
}

// firstSeed decides what is lost on the bad paths. There are seeds by which a gateway
// is never heard in the time it takes: Cisco IOS says its first word every 10 s only.
const firstSeed = 1000

// personaWarnings are what a client has to say about a persona on a perfect path:
// what the gateway does not do, though the protocol wants it.
var personaWarnings = map[string][]pptpprobe.Cause{
	"poptop":           {pptpprobe.CauseTeardownNoCDN, pptpprobe.CauseTeardownNoStopReply},
	"pptpd-moretonbay": {pptpprobe.CauseTeardownNoCDN, pptpprobe.CauseTeardownNoStopReply},
}

func TestPersonas(t *testing.T) {
	privilege.RawGRE(t)
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })

	names := gateway.PersonaNames()
	results := make([][]*pptpprobe.Result, len(names))
	gateways := make([][]*gateway.Gateway, len(names))
	var wg sync.WaitGroup
	slots := make(chan struct{}, 48)
	for i, name := range names {
		persona, ok := gateway.PersonaByName(name)
		require.True(t, ok)
		results[i] = make([]*pptpprobe.Result, len(personaLines))
		for j, l := range personaLines {
			cfg := persona.Apply(gateway.Config{
				Listen: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 70, byte(16*i + j + 1)}), 1723),
				MPPE:   gateway.MPPEConfig{Mode: gateway.MPPERequire}, Faults: l.faults, Seed: uint64(firstSeed + 100*i + j),
			})
			if !l.perfect() {
				// Three requests of CCP, of which one in four fails here, are too few to rely on;
				// that accel-ppp then ends the link is no matter of the client's.
				cfg.Manners.CCPTries = 0
			}
			if l.stateful {
				cfg.Manners.ResetKeepsKey = l.keepsKey
				cfg.Manners.RejectLateCCP = false // it would refuse the Reset-Requests of a mode that accel-ppp does not have
			}
			gateways[i] = append(gateways[i], startGateway(t, cfg))
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				results[i][j] = probe.Run(context.Background(), personaTarget(cfg.Listen, l))
			})
		}
	}
	wg.Wait()
	for i, name := range names {
		for j, l := range personaLines {
			t.Run(name+"/"+l.name, func(t *testing.T) {
				r := results[i][j]
				require.Nil(t, r.Failure, describe(r))
				assert.True(t, r.CallConnected)
				assert.Equal(t, !l.stateful, r.Negotiated.Stateless)
				if l.perfect() {
					requirePerfect(t, name, r)
				}
				st := gateways[i][j].Stats()
				assert.EqualValues(t, 1, st.Established)
				assert.Zero(t, st.ActiveCalls, "calls are left")
				assert.Zero(t, st.AddressesInUse, "addresses are left")
			})
		}
	}
}

// requirePerfect wants no warning besides those that the persona is known for,
// and nothing lost.
func requirePerfect(t *testing.T, name string, r *pptpprobe.Result) {
	t.Helper()
	var causes []pptpprobe.Cause
	for _, w := range r.Warnings {
		causes = append(causes, w.Cause)
	}
	slices.Sort(causes)
	assert.Equal(t, personaWarnings[name], causes, describe(r))
	assert.Zero(t, r.GRE.RxLost+r.GRE.RxDuplicate+r.GRE.RxReordered+r.GRE.RxMalformed)
}
