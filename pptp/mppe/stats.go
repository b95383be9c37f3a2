package mppe

// Stats are the counters of one direction since its start. Those from Lost on are
// of a [Decryptor] only.
type Stats struct {
	Packets uint64 // encrypted, or decrypted (implausible ones included)
	Bytes   uint64 // of plaintext in Packets
	Rekeys  uint64 // key changes
	Resets  uint64 // CCP Reset-Requests: calls of Flush, or of ResetRequested

	Lost         uint64 // coherency counts passed over
	Late         uint64 // ErrLate: late or duplicate packets, dropped
	NotEncrypted uint64 // ErrNotEncrypted
	NotFlushed   uint64 // ErrNotFlushed
	Discarded    uint64 // ErrLost and ErrDiscarded: stateful, waiting for a FLUSHED packet
	Short        uint64 // ErrShort
	Implausible  uint64 // ErrImplausible
}
