// Package pptplog reads what PPTP gateways log, and tells what became of every
// session.
//
// An [Engine] joins the packages below, each of which can be used on its own: line
// reads a line of any of the daemons in any of the usual envelopes, event is what it
// means, and session joins events to sessions. There is no clock, no goroutine and no
// file in any of them; memory is bounded whatever the lines say.
package pptplog
