package chap_test

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
)

// A peer answers the server's Challenge and reads its verdict.
func ExamplePeer() {
	peer := chap.NewPeer(chap.PeerConfig{
		Method:      chap.MethodMD5,
		Credentials: chap.Credentials{User: "probe", Password: "secret"},
	})
	now := time.Unix(0, 0)
	peer.Start(now)

	// Code 1 (Challenge), identifier 7, length, value size, value, name.
	peer.Receive(now, []byte("\x01\x07\x00\x0f\x04\x01\x02\x03\x04server"))
	response := peer.NextPacket() // to be sent as PPP protocol C223
	fmt.Println(hex.EncodeToString(response[:5]), string(response[len(response)-5:]))

	// Code 4 (Failure).
	peer.Receive(now, []byte("\x04\x07\x00\x19E=691 R=1 M=No entry."))
	for {
		e, ok := peer.NextEvent()
		if !ok {
			break
		}
		if e.Kind == chap.EventFailed {
			fmt.Println(e.Failure.Code, e.Failure.Message)
		}
	}
	// Output:
	// 0207001a10 probe
	// 691 No entry.
}

// A refusal tells why, as far as the server says so.
func ExampleParseFailure() {
	f := chap.ParseFailure([]byte("E=648 R=0 V=3 M=Password expired"))
	fmt.Println(f.Code == chap.CodePasswordExpired, f.Retry, f.Message)
	// Output: true false Password expired
}
