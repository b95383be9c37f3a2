package snmppppreceiver

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// teller turns names and addresses into what may be told of them. It is safe for
// concurrent use.
type teller struct{ user, client *privacy.Teller }

func newTeller(cfg *Config) *teller {
	key := privacy.Key(cfg.HashKey)
	return &teller{user: privacy.New(cfg.UserName, key), client: privacy.New(cfg.ClientAddress, key)}
}

// identity is what may be told of who a session is of.
type identity struct{ user, client, iface string }

// identity returns it. Some gateways name interfaces after users (<pptp-alice>):
// such a name is told only if the user's is.
func (t *teller) identity(s *snapshot.Session) identity {
	id := identity{user: t.user.Name(s.User), client: t.client.Address(s.Peer), iface: s.Interface}
	if id.user != s.User && strings.Contains(s.Interface, s.User) {
		id.iface = ""
	}
	return id
}

// String is for sentences: "of alice from 203.0.113.7 on ppp0".
func (id identity) String() string {
	var b strings.Builder
	for _, x := range []struct{ word, value string }{{" of ", id.user}, {" from ", id.client}, {" on ", id.iface}} {
		if x.value != "" {
			b.WriteString(x.word + x.value)
		}
	}
	return b.String()
}
