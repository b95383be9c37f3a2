package netflow

// VersionStats counts what came in one version.
type VersionStats struct {
	Datagrams uint64
	Records   uint64 // of data, of interest or not
	Options   uint64 // records of option data
	Delivered uint64 // records given to the sink
}

// Stats are counters since the start, but for the gauges that are named so.
type Stats struct {
	V5, V9, IPFIX VersionStats
	Bytes         uint64          // of all datagrams
	Errors        [Reasons]uint64 // by Reason

	Exporters, Templates, PendingSets int   // gauges
	StateBytes                        int64 // gauge, to be compared with Config.MaxBytes

	ExportersEvicted    uint64 // for want of room
	ExportersExpired    uint64 // silent for Config.TemplateTTL
	TemplatesLearned    uint64 // new or changed
	TemplatesEvicted    uint64 // for want of room in their exporter
	TemplatesExpired    uint64
	TemplatesWithdrawn  uint64
	TemplateMisses      uint64 // sets of data without a template, or that contradict a provisional one
	PendingDecoded      uint64 // sets that waited for their template, and got it
	PendingDropped      uint64 // sets that waited in vain
	RecordsLost         uint64 // estimate, from gaps in the sequence numbers
	DatagramsLate       uint64 // out of order
	SequenceUncertain   uint64 // datagrams after which a gap cannot be told, since a template is missing
	Restarts            uint64 // of exporters
	RestartsIgnored     uint64 // too many: two exporters have one address and domain
	TimesClamped        uint64 // records with an end too far from the export time, which took its place
	SectionsUndecodable uint64 // packet sections that hold no packet we know
}

func (s *Stats) of(version uint16) *VersionStats {
	switch version {
	case 5:
		return &s.V5
	case 9:
		return &s.V9
	}
	return &s.IPFIX
}
