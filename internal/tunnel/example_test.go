package tunnel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

// A client and a gateway, joined in the process; between them a PPP session
// would be.
func Example() {
	var client, gateway *tunnel.Tunnel
	gateway, err := tunnel.New(netip.MustParseAddr("10.0.0.1"), 1396,
		func(packet []byte) { client.Deliver(packet) },
		tunnel.WithPromiscuous(), tunnel.WithEchoReplies(nil))
	if err != nil {
		panic(err)
	}
	defer gateway.Close()
	client, err = tunnel.New(netip.MustParseAddr("10.0.0.2"), 1396,
		func(packet []byte) { gateway.Deliver(packet) })
	if err != nil {
		panic(err)
	}
	defer client.Close()

	// A web server behind the gateway.
	l, err := gateway.ListenTCP(netip.MustParseAddrPort("192.0.2.80:80"))
	if err != nil {
		panic(err)
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "through the tunnel")
		}))
	}()

	reply, err := client.Ping(context.Background(), netip.MustParseAddr("10.0.0.1"), 1, 56, true)
	if err != nil {
		panic(err)
	}
	fmt.Println(reply.From, reply.Size, "bytes")

	response, err := (&http.Client{Transport: client.HTTPTransport()}).Get("http://192.0.2.80/")
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body))
	// Output:
	// 10.0.0.1 56 bytes
	// through the tunnel
}
