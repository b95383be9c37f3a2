package gateway

import "net/netip"

// world is what a session acts on: conn does it with sockets, a test with slices.
// Slices passed to it are valid during the call only.
type world interface {
	sendControl(b []byte) // one write
	closeControl()
	sendGRE(b []byte)
	deliverIP(packet []byte) // from the client to the services
	observe(Event)

	// takeCall returns an id for a call of the client under its own id, or the
	// result and error code of the OCRP that refuses it.
	takeCall(peerID uint16) (id uint16, result, errorCode uint8)
	dropCall(id uint16)
	// takeAddress returns a free address and routes it to this session; fixed says
	// that it must be wanted, whoever has it.
	takeAddress(wanted netip.Addr, fixed bool) (netip.Addr, bool)
	dropAddress(netip.Addr)
	login(user string) // ends older sessions of the user, if they are to be replaced
}
