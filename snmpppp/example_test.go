package snmpppp_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// acme is a gateway of a vendor that the module does not know.
const acme = `1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999
1.3.6.1.2.1.1.3.0|67|360000
1.3.6.1.4.1.99999.1.1.0|66|2
1.3.6.1.4.1.99999.1.2.0|65|7
1.3.6.1.4.1.99999.1.3.1.2.11|4|alice
1.3.6.1.4.1.99999.1.3.1.2.12|4|bob
1.3.6.1.4.1.99999.1.3.1.3.11|2|2
1.3.6.1.4.1.99999.1.3.1.3.12|2|1
1.3.6.1.4.1.99999.1.3.1.4.11|64|203.0.113.7
1.3.6.1.4.1.99999.1.3.1.4.12|64|198.51.100.9
1.3.6.1.4.1.99999.1.3.1.5.11|70|5000000000
1.3.6.1.4.1.99999.1.3.1.6.11|70|1000
`

// A poll with a profile of one's own.
func Example() {
	rows, err := agent.Load(strings.NewReader(acme))
	if err != nil {
		panic(err)
	}
	gateway, err := agent.Start(rows, agent.Config{})
	if err != nil {
		panic(err)
	}
	defer gateway.Close()

	text, err := os.ReadFile("testdata/acme.yaml")
	if err != nil {
		panic(err)
	}
	own, err := profile.Parse(text)
	if err != nil {
		panic(err)
	}
	profiles, err := profile.NewSet(own...)
	if err != nil {
		panic(err)
	}
	poller, err := snmpppp.New(snmpppp.Target{
		ID: "gw-1", Host: gateway.Addr().Addr().String(), Port: gateway.Addr().Port(),
		Auth:     snmpppp.Auth{Version: snmpppp.V2c, Community: "public"},
		Profiles: profiles,
	})
	if err != nil {
		panic(err)
	}
	s, err := poller.Poll(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Source, s.Complete())
	for _, x := range s.Sessions {
		fmt.Println(x.Key, x.User, x.State, x.Peer, x.Traffic.OctetsIn.Value)
	}
	for _, m := range s.Measures {
		fmt.Println(m.Name, m.Value)
	}
	// Output:
	// acme-pptp/sessions true
	// 11 alice up 203.0.113.7 5000000000
	// 12 bob starting 198.51.100.9 0
	// auth.rejected 7
	// sessions.active 2
}
