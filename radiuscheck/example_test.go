package radiuscheck_test

import (
	"context"
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
)

// A server that is not there: loopback says so at once, and is asked once more.
func Example() {
	checker, err := radiuscheck.New(radiuscheck.Config{
		Host: "127.0.0.1", Port: 9, Secret: "shared-secret",
		Methods:  []radiuscheck.Method{radiuscheck.Status, radiuscheck.MSCHAPv2},
		Username: "monitor", Password: "password", Signing: radiuscheck.Always, RequireKeys: true,
		Timeout: 20 * time.Millisecond, Retries: 1, RejectedInterval: 5 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer checker.Close()
	results, err := checker.Round(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Println(r.Method, r.Failure.Cause, r.Retransmissions)
	}
	// Output:
	// status radius.unreachable 1
	// mschapv2 radius.unreachable 1
}
