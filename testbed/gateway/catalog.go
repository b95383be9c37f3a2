package gateway

import (
	"fmt"
	"slices"
	"strings"
)

// NamedFault is an entry of the catalog.
type NamedFault struct {
	// Name is the cause that a client should report ("gre.no_reply"), or, where
	// there are several ways to it, a clear name of this one ("gre_deaf").
	Name string
	// Causes are the causes that a client should report, "<stage>.<cause>": the
	// first one, or where policy or timing decides any of them.
	Causes []string
	// About says what the gateway does.
	About string
	// NeedsConfig says what the session needs besides the fault; empty: nothing.
	NeedsConfig string
	Faults      Faults
}

// aliases are names that people look for.
var aliases = map[string]string{
	"gre_blackhole": "gre.no_reply",
	"auth_rejected": "auth.rejected",
	"slow_auth":     "auth.slow",
	"no_mppe":       "mppe.unsupported_by_server",
	"wrong_keys":    "mppe.key_mismatch",
	"pool_empty":    "ipcp.no_address",
	"mtu_blackhole": "app.mtu_blackhole",
	"daemon_dies":   "ppp.server_daemon_failed",
	"http_error":    "app.http_status",
	"packet_loss":   "gre.loss",
}

// catalog is all of it, in the order of a session.
var catalog = slices.Concat(controlCatalog, greCatalog, authCatalog, networkCatalog, appCatalog, holdCatalog)

// Catalog returns all named faults, in the order of a session's stages.
func Catalog() []NamedFault { return slices.Clone(catalog) }

// FaultNames returns the names of the catalog, in its order, and then the aliases.
func FaultNames() []string {
	names := make([]string, 0, len(catalog)+len(aliases))
	for _, e := range catalog {
		names = append(names, e.Name)
	}
	short := make([]string, 0, len(aliases))
	for a := range aliases {
		short = append(short, a)
	}
	slices.Sort(short)
	return append(names, short...)
}

// FaultByName returns the fault of a name or alias; false: there is none.
func FaultByName(name string) (Faults, bool) {
	e, ok := LookupFault(name)
	return e.Faults, ok
}

// LookupFault returns the catalog's entry for a name or alias; false: there is none.
func LookupFault(name string) (NamedFault, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if full, ok := aliases[name]; ok {
		name = full
	}
	i := slices.IndexFunc(catalog, func(e NamedFault) bool { return e.Name == name })
	if i < 0 {
		return NamedFault{}, false
	}
	return catalog[i], true
}

// entry makes an entry whose name is its cause, or its causes those given.
func entry(name, about string, f Faults, causes ...string) NamedFault {
	if len(causes) == 0 {
		causes = []string{name}
	}
	return NamedFault{Name: name, Causes: causes, About: about, Faults: f}
}

// needs adds what the session needs.
func (e NamedFault) needs(config string) NamedFault {
	e.NeedsConfig = config
	return e
}

// FaultTable returns the catalog as a table in Markdown.
func FaultTable() string {
	var b strings.Builder
	b.WriteString("| fault | cause to report | what the gateway does | needs |\n|---|---|---|---|\n")
	for _, e := range catalog {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Name, strings.Join(e.Causes, " or "), e.About, e.NeedsConfig)
	}
	return b.String()
}
