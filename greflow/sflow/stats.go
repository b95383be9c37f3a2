package sflow

// Stats are counters since the start, but for the gauges that are named so.
type Stats struct {
	Datagrams, Bytes uint64
	FlowSamples      uint64
	Discards         uint64 // discarded-packet samples
	Counters         uint64 // counter samples, which are skipped
	OtherSamples     uint64 // of other formats, which are skipped
	NoPacket         uint64 // flow samples and discards in which there is no IP packet
	Records          uint64 // IP packets, of interest or not
	Delivered        uint64 // records given to the sink
	Errors           [Reasons]uint64

	Exporters, Sources int // gauges, to be compared with Config.MaxExporters and Config.MaxSources

	ExportersEvicted, SourcesEvicted uint64 // for want of room
	ExportersExpired, SourcesExpired uint64 // silent for Config.TTL

	DatagramsLost  uint64 // gaps in the sequence numbers of datagrams
	DatagramsLate  uint64 // out of order, or twice
	SamplesLost    uint64 // gaps in the sequence numbers of flow samples
	SamplesDropped uint64 // flow samples that agents say they had no resources for
	DiscardsLost   uint64 // both of these of discarded-packet samples
	Restarts       uint64 // of agents
}
