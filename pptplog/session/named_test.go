package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const accel = "accel-ppp"

func TestNamed(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*rig)
		want []string
	}{
		{"a name is given to another session, and the end of the first is lost", func(r *rig) {
			r.line(accel, 0, event.PPPConnect, "iface=ppp0", "peer="+alice).after(time.Minute)
			r.line(accel, 0, event.PPPConnect, "iface=ppp0").after(time.Minute).line(accel, 0, event.SessionClose, "iface=ppp0")
		}, []string{
			"established " + alice, "closed " + alice + " lost hold  superseded", "established -", "closed - established hold",
		}},
		{"a name is given to another session at once", func(r *rig) {
			for range 3 {
				r.line(accel, 0, event.AuthOK, "iface=ppp0").line(accel, 0, event.IPAssigned, "iface=ppp0", "ip=10.99.1.1").
					line(accel, 0, event.SessionClose, "iface=ppp0", "reason=bye")
			}
		}, []string{
			"established -", "closed - established hold  bye", "established -", "closed - established hold  bye",
			"established -", "closed - established hold  bye",
		}},
		{"another address under the same name", func(r *rig) {
			r.line("cisco-asa", 0, event.IPAssigned, "session=8", "ip=10.99.1.1", "peer="+alice).
				line("cisco-asa", 0, event.SessionClose, "session=8", "peer="+bob). // of whom?
				line("cisco-asa", 0, event.IPAssigned, "session=8", "ip=10.99.1.2")
		}, []string{"established " + alice, "closed " + alice + " lost hold  superseded", "established -"}},
		{"of two that have no name, one fails, and nobody knows which", func(r *rig) {
			r.line(accel, 0, event.SessionOpen, "peer="+alice).line(accel, 0, event.SessionOpen, "peer="+bob).
				line(accel, 0, event.AuthFail)
		}, []string{"opened " + alice, "opened " + bob}},
		{"the only one that has no name fails", func(r *rig) {
			r.line(accel, 0, event.SessionOpen, "peer="+alice).line(accel, 0, event.AuthFail)
		}, []string{"opened " + alice, "failed " + alice + " auth auth.rejected auth_fail"}},
		{"two of one address have no name", func(r *rig) {
			r.line(accel, 0, event.SessionOpen, "peer="+alice).line(accel, 0, event.SessionOpen, "peer="+alice).
				line(accel, 0, event.PPPConnect, "iface=ppp0", "peer="+alice)
		}, []string{"opened " + alice, "opened " + alice, "established " + alice}},
		{"a login of somebody who is there", func(r *rig) {
			r.line(accel, 0, event.AuthOK, "user=eve", "iface=ppp0").line(accel, 0, event.PPPConnect, "iface=ppp0").after(DefaultLinger)
			r.line(accel, 0, event.AuthOK, "user=eve").line(accel, 0, event.PPPConnect, "user=eve", "iface=ppp1").after(DefaultLinger)
			r.line(accel, 0, event.SessionClose, "iface=ppp0").after(DefaultLinger)
		}, []string{"established -", "established -", "closed - established hold"}},
		{"not established after all", func(r *rig) {
			r.line(accel, 0, event.PPPConnect, "iface=ppp0").after(time.Second).line(accel, 0, event.PoolExhausted, "iface=ppp0").
				line(accel, 0, event.SessionClose, "iface=ppp0")
		}, []string{"failed - ipcp ipcp.no_address pool_exhausted"}},
		{"without encryption, if that is allowed", func(r *rig) {
			r.line(accel, 0, event.PPPConnect, "iface=ppp0").line(accel, 0, event.MPPEFail, "iface=ppp0", "text=recv [LCP ProtoRej id=7 <80fd>]").
				after(time.Minute).line(accel, 0, event.SessionClose, "iface=ppp0")
		}, []string{"established -", "closed - established hold"}},
		{"the daemon begins anew", func(r *rig) {
			r.line(accel, 0, event.PPPConnect, "iface=ppp0").after(time.Minute).line("mpd5", 0, event.IPAssigned, "session=B-1", "ip=10.99.1.1").
				line(accel, 0, event.DaemonStart)
		}, []string{"established -", "established -", "closed - established hold unknown daemon_start"}},
		{"only its end is in the log", func(r *rig) { r.line(accel, 0, event.SessionClose, "iface=ppp0") }, nil},
		{"only its end is in the log, with what it was", func(r *rig) {
			r.line("windows", 0, event.SessionClose, "user=eve", "lasted=1h", "io=1,2")
		}, []string{"closed - established hold"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{})
			tt.play(r)
			r.after(2 * DefaultLinger)
			assert.Equal(t, tt.want, r.told)
		})
	}
}

// Sessions that never get a name are given up, oldest first.
func TestUnnamedAreBounded(t *testing.T) {
	r := newRig(t, Config{})
	for i := range 2 * maxWaiting {
		r.line(accel, 0, event.SessionOpen, fmt.Sprintf("peer=198.51.%d.%d", i/250, i%250))
	}
	assert.Equal(t, maxWaiting, r.tr.Stats().Sessions)
	assert.EqualValues(t, maxWaiting, r.tr.Stats().Ended[OutcomeLost])
	r.tr.Forget("gw")
	assert.Zero(t, r.tr.Stats().Sessions)
	assert.Zero(t, r.tr.Stats().Hosts)
	r.tr.Forget("gw")
}
