package profile

import (
	"maps"
	"slices"
)

// Kind is what the rows of a table are.
type Kind string

// The kinds of rows.
const (
	KindSession    Kind = "session"    // a PPP session
	KindTunnel     Kind = "tunnel"     // a control connection, or a tunnel interface
	KindInterface  Kind = "interface"  // a row of ifTable or of a table with the same index
	KindLink       Kind = "link"       // PPP state of an interface, with the same index
	KindProcess    Kind = "process"    // a process of the host
	KindConnection Kind = "connection" // a TCP connection
	KindFailure    Kind = "failure"    // a failed attempt of a user
	KindStorage    Kind = "storage"    // a row of hrStorageTable
	KindMeasure    Kind = "measure"    // each column is a measure, one value a row
)

// Type is what a field holds.
type Type uint8

// The types of fields.
const (
	TypeText    Type = iota // characters; control characters are removed
	TypeState               // one of a list; needs Values
	TypeNumber              // a non-negative number that can go up and down
	TypeCounter             // a number that only grows, or starts again
	TypeSeconds             // seconds; TimeTicks are converted
	TypeAddress             // an IP address
)

// fields are the names that columns and parts of an index can have.
var fields = map[Kind]map[string]Type{
	KindSession: {
		"id": TypeText, "user": TypeText, "group": TypeText, "protocol": TypeText, "state": TypeState, "peer": TypeAddress,
		"address": TypeAddress, "interface": TypeText, "if_index": TypeNumber, "calling": TypeText, "called": TypeText,
		"duration": TypeSeconds, "started": TypeSeconds, "encryption": TypeText, "mtu": TypeNumber, "end_reason": TypeText,
		"octets_in": TypeCounter, "octets_out": TypeCounter, "packets_in": TypeCounter, "packets_out": TypeCounter,
		"errors_in": TypeCounter, "errors_out": TypeCounter, "drops_in": TypeCounter, "drops_out": TypeCounter,
		"ack_timeouts": TypeCounter, "out_of_window": TypeCounter, "out_of_sequence": TypeCounter, "zlb_in": TypeCounter,
		"zlb_out": TypeCounter, "keepalive_failures": TypeCounter,
	},
	KindTunnel: {
		"id": TypeText, "protocol": TypeText, "state": TypeState, "peer": TypeAddress, "peer_name": TypeText, "local": TypeAddress,
		"sessions": TypeNumber, "last_error": TypeText, "duration": TypeSeconds,
	},
	KindInterface: {
		"name": TypeText, "descr": TypeText, "alias": TypeText, "type": TypeNumber, "mtu": TypeNumber, "speed": TypeNumber,
		"admin": TypeState, "oper": TypeState, "last_change": TypeSeconds, "discontinuity": TypeSeconds,
		"octets_in": TypeCounter, "octets_out": TypeCounter, "packets_in": TypeCounter, "packets_out": TypeCounter,
		"octets_in_32": TypeCounter, "octets_out_32": TypeCounter, "packets_in_32": TypeCounter, "packets_out_32": TypeCounter,
		"errors_in": TypeCounter, "errors_out": TypeCounter, "drops_in": TypeCounter, "drops_out": TypeCounter,
		"unknown_protocols": TypeCounter,
	},
	KindLink: {
		"ipcp": TypeState, "lower": TypeNumber, "local_mru": TypeNumber, "remote_mru": TypeNumber, "quality": TypeText,
		"bad_address": TypeCounter, "bad_control": TypeCounter, "too_long": TypeCounter, "bad_fcs": TypeCounter,
		"end_reason": TypeText, "keepalive_failures": TypeCounter,
	},
	KindProcess: {
		"pid": TypeNumber, "name": TypeText, "path": TypeText, "parameters": TypeText, "status": TypeText, "cpu": TypeSeconds,
		"memory": TypeNumber,
	},
	KindConnection: {
		"state": TypeState, "local": TypeAddress, "local_port": TypeNumber, "peer": TypeAddress, "peer_port": TypeNumber,
	},
	KindFailure: {
		"id": TypeText, "user": TypeText, "peer": TypeAddress, "type": TypeText, "reason": TypeText, "count": TypeCounter,
		"time": TypeSeconds,
	},
	KindStorage: {"type": TypeText, "unit": TypeNumber, "size": TypeNumber, "used": TypeNumber},
	KindMeasure: {"label": TypeText},
}

// states are the values that columns of type TypeState can have.
var states = map[Kind][]string{
	KindSession:    {"starting", "up", "closing", "unknown"},
	KindTunnel:     {"starting", "up", "closing", "unknown"},
	KindInterface:  {"up", "down", "testing", "unknown", "dormant", "not_present", "lower_layer_down"},
	KindLink:       {"opened", "not_opened"},
	KindConnection: {"closed", "listen", "syn_sent", "syn_received", "established", "fin_wait_1", "fin_wait_2", "close_wait", "last_ack", "closing", "time_wait", "delete_tcb"},
}

// Kinds lists the kinds of rows.
func Kinds() []Kind { return slices.Sorted(maps.Keys(fields)) }

// Fields lists the fields that rows of a kind can have, with their types.
func Fields(k Kind) map[string]Type { return maps.Clone(fields[k]) }

// States lists the states that rows of a kind can have.
func States(k Kind) []string { return slices.Clone(states[k]) }
