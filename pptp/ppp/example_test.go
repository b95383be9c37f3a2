package ppp_test

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// A link meets a server that terminates at once. The owner moves frames and time; here the server is two frames.
func ExampleLink() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := ppp.NewLink(ppp.Config{
		Credentials: chap.Credentials{User: "probe", Password: "secret"},
		MPPE:        ppp.MPPERequire,
	})
	l.Open(now)
	for f := l.NextFrame(); f != nil; f = l.NextFrame() {
		proto, info, _ := ppp.ParseFrame(f)
		p, _ := ppp.ParsePacket(info)
		fmt.Println("sent", proto, p.Code)
		l.Receive(now, ppp.AppendFrame(nil, ppp.LCP, ppp.Packet{Code: ppp.ConfAck, ID: p.ID, Data: p.Data}.AppendTo(nil)))
	}
	l.Receive(now, ppp.AppendFrame(nil, ppp.LCP, ppp.Packet{Code: ppp.TermReq, ID: 1, Data: []byte("Peer not responding")}.AppendTo(nil)))
	for f := l.NextFrame(); f != nil; f = l.NextFrame() {
		proto, info, _ := ppp.ParseFrame(f)
		p, _ := ppp.ParsePacket(info)
		fmt.Println("sent", proto, p.Code)
	}
	for ev, ok := l.NextEvent(); ok; ev, ok = l.NextEvent() {
		fmt.Println(ev.Kind, ev.Protocol, ev.Phase, ev.Termination)
	}
	fmt.Println("next tick in", l.Deadline().Sub(now))

	// Output:
	// sent LCP Configure-Request
	// sent LCP Terminate-Ack
	// Terminated LCP establish Peer not responding
	// next tick in 1s
}
