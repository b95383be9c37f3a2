//go:build real && linux

package snmp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// Names of protocols: ours, and those of snmpd.conf.
var (
	auths = map[string]string{"MD5": "MD5", "SHA": "SHA", "SHA224": "SHA-224", "SHA256": "SHA-256", "SHA384": "SHA-384", "SHA512": "SHA-512"}
	privs = map[string]string{"DES": "DES", "AES": "AES", "AES192": "AES-192", "AES256": "AES-256", "AES192C": "AES-192-C", "AES256C": "AES-256-C"}
)

const authPass, privPass = "authpass-1234", "privpass-5678"

// TestUSM polls with all protocols that gosnmp and snmpd have in common.
func TestUSM(t *testing.T) {
	var cfg Config
	type user struct{ auth, priv string }
	users := map[string]user{}
	add := func(a, p string) {
		name := strings.ToLower("u" + a + p)
		users[name] = user{a, p}
		u := User{Name: name, Level: "noauth"}
		if a != "" {
			u.Auth, u.AuthPass, u.Level = auths[a], authPass, "auth"
		}
		if p != "" {
			u.Priv, u.PrivPass, u.Level = privs[p], privPass, "priv"
		}
		cfg.Users = append(cfg.Users, u)
	}
	add("", "")
	for a := range auths {
		add(a, "")
		add(a, "AES")
	}
	for p := range privs {
		add("SHA256", p)
		add("MD5", p)
	}
	d := Start(t, cfg)
	for name, u := range users {
		t.Run(fmt.Sprintf("%s-%s", u.auth, u.priv), func(t *testing.T) {
			target := d.target()
			target.Auth = snmpppp.Auth{User: name, AuthProtocol: u.auth, PrivProtocol: u.priv}
			if u.auth != "" {
				target.Auth.AuthPassphrase = authPass
			}
			if u.priv != "" {
				target.Auth.PrivPassphrase = privPass
			}
			p, err := snmpppp.New(target)
			require.NoError(t, err)
			for range 2 {
				s, err := p.Poll(context.Background())
				require.NoError(t, err)
				assert.Empty(t, s.Partial)
				assert.Contains(t, s.Profiles, "if-mib")
			}
		})
	}
}

// TestUSMErrors are the reports of the USM (RFC 3414 section 3.2), and access control.
func TestUSMErrors(t *testing.T) {
	d := Start(t, Config{Users: []User{
		{Name: "both", Auth: "SHA", AuthPass: authPass, Priv: "AES", PrivPass: privPass, Level: "priv"},
		{Name: "auth", Auth: "SHA", AuthPass: authPass, Level: "auth"},
		{Name: "part", Auth: "SHA", AuthPass: authPass, Level: "auth", Excluded: []string{"1.3.6.1.2.1.25", "1.3.6.1.2.1.2"}},
		{Name: "ctx", Auth: "SHA", AuthPass: authPass, Level: "auth", Context: "vpn"},
	}})
	for _, tc := range []struct {
		name string
		auth snmpppp.Auth
		kind snmpppp.Kind
	}{
		{"unknown user", snmpppp.Auth{User: "nobody", AuthProtocol: "SHA", AuthPassphrase: authPass}, walk.KindUnknownUser},
		{"wrong passphrase", snmpppp.Auth{User: "auth", AuthProtocol: "SHA", AuthPassphrase: "not-it-at-all"}, walk.KindWrongDigest},
		{"wrong authentication protocol", snmpppp.Auth{User: "auth", AuthProtocol: "SHA256", AuthPassphrase: authPass}, walk.KindWrongDigest},
		{"wrong privacy passphrase", snmpppp.Auth{User: "both", AuthProtocol: "SHA", AuthPassphrase: authPass, PrivPassphrase: "not-it-at-all"}, walk.KindTimeout},
		{"privacy that the user has not", snmpppp.Auth{User: "auth", AuthProtocol: "SHA", AuthPassphrase: authPass, PrivPassphrase: privPass}, walk.KindSecurityLevel},
		{"no privacy, which the view wants", snmpppp.Auth{User: "both", AuthProtocol: "SHA", AuthPassphrase: authPass}, walk.KindAccess},
		{"another context", snmpppp.Auth{User: "auth", AuthProtocol: "SHA", AuthPassphrase: authPass, Context: "nowhere"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target := d.target()
			target.Auth = tc.auth
			target.Timeout = 1e9
			target.Retries = -1
			p, err := snmpppp.New(target)
			require.NoError(t, err)
			_, err = p.Poll(context.Background())
			require.Error(t, err)
			if tc.kind != "" {
				assert.Equal(t, tc.kind, snmpppp.KindOf(err), err)
			}
			t.Log(err)
			for _, secret := range []string{authPass, privPass, "not-it-at-all"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
	t.Run("a view without some tables", func(t *testing.T) {
		target := d.target()
		target.Auth = snmpppp.Auth{User: "part", AuthProtocol: "SHA", AuthPassphrase: authPass}
		s := poll(t, target)
		assert.NotContains(t, s.Profiles, "hr-processes")
		assert.Contains(t, s.Profiles, "tcp")
	})
}

// TestRestart restarts snmpd under a poller that remembers its engine.
func TestRestart(t *testing.T) {
	for _, name := range []string{"same engine", "another engine"} {
		t.Run(name, func(t *testing.T) { restart(t, name == "same engine") })
	}
}

func restart(t *testing.T, same bool) {
	cfg := Config{
		Dir:   t.TempDir(),
		Users: []User{{Name: "both", Auth: "SHA-256", AuthPass: authPass, Priv: "AES", PrivPass: privPass, Level: "priv"}},
	}
	d := Start(t, cfg)
	target := d.target()
	target.Auth = snmpppp.Auth{User: "both", AuthPassphrase: authPass, PrivPassphrase: privPass}
	p, err := snmpppp.New(target)
	require.NoError(t, err)
	first, err := p.Poll(context.Background())
	require.NoError(t, err)
	again, err := p.Poll(context.Background())
	require.NoError(t, err)
	assert.Less(t, again.Stats.Requests, first.Stats.Requests, "what the agent offers is not asked for again")
	tr := snapshot.NewTracker(snapshot.Tracking{})
	tr.Observe(first)
	tr.Observe(again)

	d.Stop(t)
	_, err = p.Poll(context.Background())
	assert.Equal(t, walk.KindRefused, snmpppp.KindOf(err), err)
	cfg.Port = d.Port
	if !same {
		cfg.Dir = t.TempDir()
	}
	Start(t, cfg)
	after, err := p.Poll(context.Background())
	require.NoError(t, err)
	if same {
		assert.Greater(t, after.Agent.EngineBoots, first.Agent.EngineBoots)
		assert.Equal(t, after.Agent.EngineID, first.Agent.EngineID)
	} else {
		assert.NotEqual(t, after.Agent.EngineID, first.Agent.EngineID)
	}
	events := tr.Observe(after).Events
	require.NotEmpty(t, events)
	assert.Equal(t, snapshot.EventRestarted, events[0].Kind)
	assert.False(t, events[0].Host)
}
