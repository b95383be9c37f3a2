package listen_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/listen"
)

// Receive from exporters, and see what was lost on this host.
func Example() {
	received := make(chan string)
	l, err := listen.Open(context.Background(), listen.Config{
		Addresses:     []string{"127.0.0.1:0"}, // 0.0.0.0:2055 for NetFlow, :4739 for IPFIX, :6343 for sFlow
		Sockets:       2,
		ReceiveBuffer: 1 << 16,
	}, func(from netip.AddrPort, _ time.Time, datagram []byte) {
		received <- fmt.Sprintf("%s sent %q", from.Addr(), datagram)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	exporter, _ := net.Dial("udp", l.Sockets()[0].Address.String())
	_, _ = exporter.Write([]byte("a flow export"))
	fmt.Println(<-received)
	_ = exporter.Close()
	_ = l.Close()
	fmt.Println(l.Stats().Datagrams, "received", l.Stats().KernelDrops, "dropped")
	// Output:
	// 127.0.0.1 sent "a flow export"
	// 1 received 0 dropped
}
