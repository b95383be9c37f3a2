package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

func TestLinkConfidence(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*rig)
		want float64
	}{
		{"parent names its child", func(r *rig) {
			r.open(100, alice).connect(101).up(101, alice).pptpd(100, event.ChildLink, "child=101")
		}, 1},
		{"parent names its child, whose pid is far away", func(r *rig) {
			r.open(100, alice).connect(9000).pptpd(100, event.ChildLink, "child=9000")
		}, 1},
		{"calling number of the only session", func(r *rig) { r.open(100, alice).connect(114).up(114, alice) }, 0.9},
		{"calling number of one of two sessions", func(r *rig) {
			r.open(100, alice).open(101, bob).connect(103).up(103, alice)
		}, 0.9},
		{"calling number of two sessions", func(r *rig) {
			r.open(100, alice).open(101, alice).connect(102).up(102, alice)
		}, 0.6},
		{"interface, user and address in one line", func(r *rig) {
			r.open(100, alice).open(101, bob).connect(9000).pppd(9000, event.PPPIfname, "iface=ppp0", "user=x", "peer="+alice)
		}, 0.9},
		{"time and pid", func(r *rig) { r.open(100, alice).connect(102) }, 0.7},
		{"time and pid of several", func(r *rig) { r.open(100, alice).open(101, bob).connect(102) }, 0.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			tt.play(r)
			r.pptpd(100, event.SessionClose).pptpd(101, event.SessionClose).after(2 * DefaultLinger)
			var got float64
			for _, s := range r.sessions {
				if s.Evidence.Has(event.PPPConnect) {
					got = s.LinkConfidence
				}
			}
			assert.InDelta(t, tt.want, got, 0)
		})
	}
}

// Sessions of callers behind one address, whose calls start at the same moment, in the
// worst order: every guess by pid is wrong, and poptop's word at the end is right.
func TestOverlappingSessionsOfOneAddress(t *testing.T) {
	const n = 48
	r := newRig(t, Config{})
	child := func(i int32) int32 { return 1000 + n + (i*7)%n }
	for i := range int32(n) {
		r.pptpd(1000+i, event.SessionOpen, "peer="+alice)
	}
	for i := range int32(n) {
		r.pptpd(1000+i, event.CallStart)
	}
	for i := range int32(n) {
		r.pppd(1000+n+i, event.PPPStart).pppd(1000+n+i, event.PPPConnect)
	}
	for i := range int32(n) {
		p := child(i)
		if i%3 == 0 {
			r.pppd(p, event.AuthFail, fmt.Sprintf("user=u%d", i))
			continue
		}
		r.pppd(p, event.AuthOK, "peer="+alice).pppd(p, event.IPAssigned, fmt.Sprintf("ip=10.99.1.%d", i))
	}
	for i := range int32(n) {
		r.pptpd(1000+i, event.ChildLink, fmt.Sprintf("child=%d", child(i)))
	}
	for i := range int32(n) {
		r.pppd(child(i), event.PPPEnd).pptpd(1000+i, event.SessionClose, "peer="+alice)
	}
	r.after(DefaultLinger)
	ends := 0
	for _, s := range r.sessions {
		if s.Outcome == OutcomeNone {
			continue
		}
		ends++
		i := s.PID - 1000
		if i%3 == 0 {
			assert.Equal(t, fmt.Sprintf("u%d", i), s.User)
			assert.Equal(t, "auth.rejected", s.Cause)
			continue
		}
		assert.Equal(t, fmt.Sprintf("10.99.1.%d", i), s.IP.String())
		assert.Equal(t, OutcomeEstablished, s.Outcome)
	}
	assert.Equal(t, n, ends)
	assert.Zero(t, r.tr.Stats().Conflicts)
}

// pppd of L2TP, PPPoE or of a client has the same name, and is nobody's session.
func TestForeignPPPD(t *testing.T) {
	r := newRig(t, Config{})
	r.pppd(500, event.RADIUSTimeout, "server=192.0.2.5").connect(500).up(500, alice).after(time.Hour)
	r.open(600, bob)
	r.pppd(500, event.SessionStats, "io=1,2", "lasted=1h").pppd(500, event.PPPEnd)
	r.pppd(601, event.PPPStart).pppd(601, event.AuthOK, "client=").pppd(601, event.IPAssigned, "ip=192.0.2.1").pppd(601, event.PPPEnd)
	r.after(2 * DefaultLinger)
	assert.Equal(t, []string{"opened " + bob}, r.told)
	assert.Empty(t, r.gateway, "nor does its RADIUS server matter")
	assert.EqualValues(t, 2, r.tr.Stats().Foreign)
	assert.EqualValues(t, 1, r.tr.Stats().Client)
}

// What a pppd says of a RADIUS server is told as soon as it is known whose pppd it is, once.
func TestEvidenceWaitsForLink(t *testing.T) {
	r := newRig(t, Config{})
	r.open(100, alice).open(101, bob).connect(9000).pppd(9000, event.RADIUSTimeout, "server=192.0.2.5", "group=radius_timeout").
		pppd(9000, event.RADIUSTimeout, "server=192.0.2.5", "group=radius_timeout")
	assert.Empty(t, r.gateway)
	r.pptpd(100, event.ChildLink, "child=9000")
	assert.Equal(t, []string{"radius_timeout 192.0.2.5"}, r.gateway)
	for range 100 {
		r.pppd(9001, event.RADIUSBadSecret)
	}
	r.pptpd(101, event.ChildLink, "child=9001")
	assert.Len(t, r.gateway, 1+maxOwed, "what waits is bounded")
}

// Lines that somebody has made up do not join sessions of others, nor end them.
func TestForgedLines(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*rig)
	}{
		{"another parent claims a child", func(r *rig) { r.pptpd(300, event.SessionOpen, "peer="+bob).pptpd(300, event.ChildLink, "child=101") }},
		{"another parent claims it, and has its own", func(r *rig) {
			r.open(300, bob).connect(301).up(301, bob).pptpd(300, event.ChildLink, "child=301").pptpd(300, event.ChildLink, "child=101")
		}},
		{"a finish for another client", func(r *rig) { r.pptpd(100, event.SessionClose, "peer="+bob) }},
		{"another host", func(r *rig) {
			r.host = "elsewhere"
			r.pptpd(100, event.SessionClose, "peer="+alice).pppd(101, event.PPPEnd).pptpd(200, event.ChildLink, "child=101")
			r.host = "gw"
		}},
		{"a second child", func(r *rig) { r.connect(150).pppd(150, event.AuthOK, "peer="+alice).pppd(150, event.TermByPeer) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			r.open(100, alice).connect(101).up(101, alice).pptpd(100, event.ChildLink, "child=101")
			tt.play(r)
			r.after(time.Minute).down(100, 101, alice).after(2 * DefaultLinger)
			var ends []string
			for _, x := range r.told {
				if x == "closed "+alice+" established hold  User request" {
					ends = append(ends, x)
				}
			}
			assert.Len(t, ends, 1, "%q", r.told)
		})
	}
}

// The session of a child that was guessed, and turns out to be another one's.
func TestGuessIsReplaced(t *testing.T) {
	r := newRig(t, Config{})
	r.open(100, alice).open(101, bob)
	r.connect(102).connect(103)                          // 102 is taken for that of 101
	r.up(103, bob).pppd(102, event.AuthFail, "user=eve") // and is not
	r.close(100, 102, alice).close(101, 103, bob)
	r.pppd(102, event.PPPEnd).pppd(103, event.PPPEnd).after(DefaultLinger)
	assert.Contains(t, r.told, "failed "+alice+" auth auth.rejected auth_fail")
	assert.Contains(t, r.told, "established "+bob)
	assert.Zero(t, r.tr.Stats().Conflicts)
}
