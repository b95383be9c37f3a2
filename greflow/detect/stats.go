package detect

// Stats counts what a detector did. Sizes are of now, all else since New.
type Stats struct {
	Records           uint64 // all that came
	Ignored           uint64 // neither GRE, nor control, nor an ICMP message about them, or without addresses
	NotOurs           uint64 // between addresses of which none is a gateway
	ExporterRefused   uint64 // records of exporters beyond Config.MaxExporters
	GatewayRefused    uint64 // addresses of gateways beyond Config.MaxGateways
	Admitted          uint64 // pairs
	EvictedIdle       uint64 // pairs evicted for want of room, by what they were
	EvictedUnknown    uint64
	EvictedLeastUsed  uint64
	PendingOverwrites uint64 // candidates forgotten for want of room
	Expired           uint64 // pairs forgotten that were idle or unknown for Config.Visibility
	GatewaysExpired   uint64 // learned gateways forgotten that had no pair for as long after that
	Evaluations       uint64
	Changes           [NumStates]uint64 // of pairs, by what they became
	GatewayChanges    [NumStates]uint64 // of gateways
	ClockSteps        uint64            // of our own clock, absorbed
	ExporterSteps     uint64            // of exporters' clocks, backwards
	Restarts          uint64
	InsaneTimes       uint64 // records with impossible times; their arrival was taken
	Drops             uint64 // records that tell a drop of GRE

	Pairs, Exporters, Gateways, Pending int
	Bytes                               int64 // held by the tables, estimated
}
