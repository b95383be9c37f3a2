package control_test

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// A client starts a control connection and a call. The server is played by
// messages built here; a real caller reads and writes a TCP connection.
func ExampleClient() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	client := control.NewClient(control.ClientConfig{HostName: "probe", CallID: 4711})
	server := map[control.MessageType]control.Message{
		control.TypeStartRequest:        control.StartReply{Version: control.ProtocolVersion, Result: 1, Vendor: "linux"},
		control.TypeOutgoingCallRequest: control.OutgoingCallReply{CallID: 128, PeerCallID: 4711, Result: 1},
		control.TypeCallClearRequest:    control.CallDisconnectNotify{CallID: 128, Result: 4},
		control.TypeStopRequest:         control.StopReply{Result: 1},
	}

	client.Start(now)
	for client.State() != control.StateStopped {
		for b := client.NextMessage(); b != nil; b = client.NextMessage() {
			request, err := control.Parse(b)
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println("->", request.Type())
			client.Receive(now, server[request.Type()].AppendTo(nil))
		}
		for event, ok := client.NextEvent(); ok; event, ok = client.NextEvent() {
			fmt.Println("  ", event.Kind)
			switch event.Kind {
			case control.EventStarted:
				if err := client.Call(now); err != nil {
					fmt.Println(err)
				}
			case control.EventConnected:
				client.Clear(now)
			case control.EventDisconnected:
				client.Stop(now, control.StopReasonNone)
			}
		}
	}
	// Output:
	// -> SCCRQ
	//    started
	// -> OCRQ
	//    connected
	// -> CCRQ
	//    disconnected
	// -> StopCCRQ
	//    stop reply
}

func ExampleParse() {
	b := control.EchoRequest{Identifier: 7}.AppendTo(nil)
	m, err := control.Parse(b)
	fmt.Printf("%d bytes: %s %+v %v\n", len(b), m.Type(), m, err)
	// Output: 16 bytes: Echo-Request &{Identifier:7} <nil>
}
