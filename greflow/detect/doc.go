// Package detect tells GRE blackholes from flow records: a PPTP tunnel whose
// control connection (TCP 1723) lives while its GRE passes in one direction
// only, or in none.
//
// A [Detector] takes what the decoders find ([flow.Sink]) and keeps one small
// state per pair of client and gateway address. It has no clock, no goroutine and
// no socket: time is that of the records' arrival and of [Detector.Tick].
//
// That something is absent is only said when its absence would be a wonder. Four
// things are asked first:
//
//   - Could it have been seen? The control connection of the same pair must be seen
//     in both directions, and in both after the GRE was last seen.
//   - Could it still come? A running flow is exported at the active time-out at the
//     latest, so the last (active + idle + lag) say nothing. The time-outs are
//     learned from the records, told by the exporter, or configured.
//   - How many packets are missing? The packets seen one way, and the ratio between
//     the ways while all was well, say how many were to be expected the other way
//     (lambda), sampling included. The chance to see none, exp(-lambda), must be
//     below Config.FalseAlarm.
//   - Was it lost on the way to us? The chance that every record that had to come
//     was lost must be below it, too. An exporter that started again, whose template
//     is missing or that lost a large part of its records proves nothing for a while.
//
// What cannot be decided is [Unknown], with a [Reason].
package detect
