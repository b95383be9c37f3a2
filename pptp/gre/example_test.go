package gre_test

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

// Two ends of a call; the network swaps two packets.
func ExampleEndpoint() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	client := gre.NewEndpoint(gre.Config{PeerCallID: 128})
	server := gre.NewEndpoint(gre.Config{PeerCallID: 4711})

	var wire [][]byte
	for _, frame := range []string{"one", "two", "three"} {
		wire = append(wire, client.Send(now, nil, []byte(frame)))
	}
	wire[1], wire[2] = wire[2], wire[1]

	now = now.Add(10 * time.Millisecond)
	for _, b := range wire {
		packet, err := gre.Parse(b)
		if err != nil {
			server.Malformed(err)
			continue
		}
		server.Receive(now, packet, func(payload []byte) { fmt.Printf("%s\n", payload) })
	}
	answer, err := gre.Parse(server.Send(now, nil, []byte("answer")))
	if err != nil {
		fmt.Println(err)
	}
	client.Receive(now.Add(10*time.Millisecond), answer, func([]byte) {})

	fmt.Println("reordered:", server.Stats().RxReordered)
	fmt.Println("acknowledged:", client.Stats().TxAcked, "rtt:", client.Stats().AckRTT.Last)
	// Output:
	// one
	// two
	// three
	// reordered: 1
	// acknowledged: 3 rtt: 20ms
}
