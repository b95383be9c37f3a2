// Package sflow decodes sFlow version 5 (sflow.org, sflow_version_5.txt), with
// the discarded-packet samples of sflow_drops.txt.
//
// An sFlow agent sends the first bytes of one packet in N, within a second of
// having seen it. So a record is one packet, it has the Call ID of the tunnel
// and its direction, and its time is that of arrival: sFlow has no clock but the
// uptime of the agent.
//
// The [Decoder] keeps a few numbers per exporter and per data source, to tell how
// many samples were lost. It neither reads a clock nor starts a goroutine.
package sflow
