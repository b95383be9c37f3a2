// Package flow makes captures of PPTP traffic whose truth is known, and lets real flow exporters read them: softflowd,
// pmacctd, nfpcapd with nfreplay, fprobe and Open vSwitch. What they export is kept in testdata, so that decoders and
// the detector can be tested against it on any machine. With the build tag real the exporters themselves run, and are
// compared with tshark and nfdump; and so does a gateway in User-Mode Linux that exports its own flows while GRE to or
// from it is lost.
package flow
