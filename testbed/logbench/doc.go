// Package logbench measures pptplog's patterns beside regular expressions: the
// Collector's regex_parser, and Go's regexp alone, with the same patterns in the
// same run. It is apart because pptplog imports nothing of the Collector, not
// even in tests.
package logbench
