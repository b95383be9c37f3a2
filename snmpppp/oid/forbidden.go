package oid

// Subtree is a part of the tree that is never asked for, and why.
type Subtree struct {
	Root, Why string
}

// Forbidden lists what nothing in this module may ask an agent for: secrets that a
// badly configured agent hands out, controls of which some act on a mere GET, and
// objects that end sessions when somebody writes them. The list is not configurable.
func Forbidden() []Subtree { return append([]Subtree(nil), forbidden...) }

// In the order of the OIDs.
var forbidden = []Subtree{
	{"1.3.6.1.2.1.10.23.2", "PPP-SEC-MIB: PPP secrets"},
	{"1.3.6.1.4.1.9.9.150.1.1.3.1.5", "casnDisconnect: ends a session"},
	{"1.3.6.1.4.1.9.10.24.1.1.6", "cvpdnSystemClearSessions: ends all sessions"},
	{"1.3.6.1.4.1.9.10.56.1.1.2", "Cisco AAA servers: shared keys"},
	{"1.3.6.1.4.1.272.4.3.1", "bintec biboPPPTable: PPP secrets"},
	{"1.3.6.1.4.1.272.4.3.9", "bintec pppExtIfTable: static keys"},
	{"1.3.6.1.4.1.2011.5.2.1.10", "Huawei local users: passwords"},
	{"1.3.6.1.4.1.2011.5.2.1.13", "Huawei IPoX: password"},
	{"1.3.6.1.4.1.2011.5.2.1.28", "Huawei: controls that cut users"},
	{"1.3.6.1.4.1.2011.5.2.1.65", "Huawei MAC authentication: passwords"},
	{"1.3.6.1.4.1.2021.2.1.102", "prErrFix: runs a command"},
	{"1.3.6.1.4.1.2021.2.1.103", "prErrFixCmd: commands and their arguments"},
	{"1.3.6.1.4.1.2021.100", "net-snmp agent restart and debugging switches"},
	{"1.3.6.1.4.1.2636.3.68.1.1.1.3", "jnxPppNextIfIndex: a GET takes an index"},
	{"1.3.6.1.4.1.2636.3.68.1.1.6.2", "Juniper PPP: a GET takes an index"},
	{"1.3.6.1.4.1.2636.3.68.1.1.6.4", "Juniper PPP: a GET takes an index"},
	{"1.3.6.1.4.1.3076.2.1.2.3.2.1.1", "ALTIGA tunnel row status: ends a tunnel"},
	{"1.3.6.1.4.1.3076.2.1.2.3.3.1.1", "ALTIGA session row status: ends a session"},
	{"1.3.6.1.4.1.3076.2.1.2.17.2.1.1", "ALTIGA active session row status: ends a session"},
	{"1.3.6.1.4.1.3375.2.1.1.2.28.1", "F5 PPTP statistics reset"},
	{"1.3.6.1.4.1.3551.4.1.10.1.1.1", "CoSine PPTP state: disconnects all tunnels"},
	{"1.3.6.1.4.1.3551.4.1.10.1.2", "CoSine PPTP domains: secrets"},
	{"1.3.6.1.4.1.3551.4.1.10.1.4", "CoSine PPTP tunnel configuration: secrets"},
	{"1.3.6.1.4.1.4874.2.2.11.1.1.3", "juniPppNextIfIndex: a GET takes an index"},
	{"1.3.6.1.4.1.8072.1.3.2.2", "net-snmp extend configuration: commands and their arguments"},
	{"1.3.6.1.4.1.8072.100.3", "accel-ppp: terminate, shutdown, cli"},
	{"1.3.6.1.4.1.14988.1.1.7.1", "RouterOS reboot"},
	{"1.3.6.1.4.1.14988.1.1.7.2", "RouterOS USB power"},
	{"1.3.6.1.4.1.14988.1.1.8", "RouterOS scripts"},
	{"1.3.6.1.4.1.14988.1.1.18", "RouterOS: a GET runs a script"},
	{"1.3.6.1.6.3.15", "USM users and keys"},
	{"1.3.6.1.6.3.16", "VACM access control"},
	{"1.3.6.1.6.3.18", "communities"},
}

// byVendor are the forbidden subtrees by the first seven arcs of their roots, which are
// an enterprise, or a group of mib-2: every OID of an answer is looked up.
var byVendor = func() map[string][]Subtree {
	m := map[string][]Subtree{}
	for _, f := range forbidden {
		k := vendor(f.Root)
		m[k] = append(m[k], f)
	}
	return m
}()

// vendor returns the first seven arcs of s, or all if there are fewer.
func vendor(s string) string {
	dots := 0
	for i := range len(s) {
		if s[i] == '.' {
			if dots++; dots == 7 {
				return s[:i]
			}
		}
	}
	return s
}

// Denied returns the forbidden subtree that s is in.
func Denied(s string) (Subtree, bool) {
	for _, f := range byVendor[vendor(s)] {
		if Under(s, f.Root) {
			return f, true
		}
	}
	return Subtree{}, false
}

// DeniedRange is [Denied] for a walk of the subtree root: it also finds forbidden
// subtrees inside of root.
func DeniedRange(root string) (Subtree, bool) {
	for _, f := range forbidden {
		if Under(root, f.Root) || Under(f.Root, root) {
			return f, true
		}
	}
	return Subtree{}, false
}
