// Package profile describes what agents know of PPP sessions and tunnels, and where:
// each vendor's tables as a short declarative text, and the names to which their
// columns are translated. Profiles of the module are embedded (see builtin/*.yaml);
// users add their own, or replace one by using its name.
//
// A profile in YAML:
//
//	name: acme-pptp
//	detect:
//	  roots: [1.3.6.1.4.1.99999.1.2]     # an object below one of them: the agent has it
//	  object_ids: [1.3.6.1.4.1.99999]    # sysObjectID below one of them: ask, even if the tables are empty
//	priority: 80                         # as a source of sessions, against other profiles
//	scalars:
//	  - {oid: 1.3.6.1.4.1.99999.1.1.0, as: sessions.active}
//	tables:
//	  - name: sessions
//	    of: session
//	    root: 1.3.6.1.4.1.99999.1.2.1
//	    index: [{as: id, type: int}]
//	    count: 1.3.6.1.4.1.99999.1.1.0   # how many rows there must be
//	    columns:
//	      - {oid: 2, as: user}
//	      - {oid: 3, as: state, values: {1: starting, 2: up, 3: closing}}
//	      - {oid: 4, as: octets_in}
//
// Directions are the gateway's: in is what it received from the client.
package profile
