package pptpprobereceiver

import (
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// agreed is what the two sides agreed upon, as far as telemetry tells it.
type agreed struct {
	auth     string // authentication protocol; empty if none
	lcp      bool   // LCP was completed, so mtu counts
	mtu      int    // the smaller of the two MRUs
	ccp      bool   // encryption was negotiated or refused, so mppeBits counts
	mppeBits int    // 0 without encryption
	mppeMode string // stateless, stateful, or empty without encryption
	local    netip.Addr
	peer     netip.Addr
}

func agreedOf(r *pptpprobe.Result) (a agreed) {
	n := &r.Negotiated
	if st, ok := r.Stage(pptpprobe.StageLCP); ok && st.Outcome == pptpprobe.OutcomeOK {
		a.lcp = true
		a.mtu = int(min(n.MRU, n.PeerMRU))
	}
	if n.Auth != 0 {
		a.auth = n.Auth.String()
	}
	if st, ok := r.Stage(pptpprobe.StageCCP); ok && st.Outcome != pptpprobe.OutcomeFailed {
		a.ccp = true
		a.mppeBits = int(n.MPPE)
	}
	if a.mppeBits > 0 {
		a.mppeMode = "stateful"
		if n.Stateless {
			a.mppeMode = "stateless"
		}
	}
	a.local, a.peer = n.LocalIP, n.PeerIP
	return a
}

// encryption are the counters of MPPE and CCP.
type encryption struct{ errors, rekeys, resets uint64 }

func encryptionOf(r *pptpprobe.Result) encryption {
	tx, rx := &r.PPP.MPPETx, &r.PPP.MPPERx
	return encryption{
		errors: rx.NotEncrypted + rx.NotFlushed + rx.Discarded + rx.Short + rx.Implausible,
		rekeys: tx.Rekeys + rx.Rekeys,
		resets: r.PPP.ResetsSent + r.PPP.ResetsReceived,
	}
}
