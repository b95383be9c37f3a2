package accounting_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
)

// A tracker takes records and the time, and tells of sessions and of what is odd.
func ExampleTracker() {
	tracker, err := accounting.New(accounting.Config{
		OnSession: func(c accounting.Change, s *accounting.Session) {
			fmt.Println(c, s.ID, "of", s.NAS, "after", s.Duration, s.Cause)
		},
		OnAnomaly: func(a *accounting.Anomaly) { fmt.Println(a.Kind, "by", a.Value) },
	})
	if err != nil {
		panic(err)
	}
	gateway := netip.MustParseAddr("192.0.2.1")
	begin := time.Unix(1_800_000_000, 0)
	tracker.Observe(begin, gateway, &accounting.Record{
		Status: accounting.Start, Identifier: 1, Session: []byte("65A0"),
	})
	tracker.Observe(begin.Add(10*time.Minute), gateway, &accounting.Record{
		Status: accounting.Interim, Identifier: 2, Session: []byte("65A0"), SessionTime: 10 * time.Minute,
		Traffic: accounting.Traffic{BytesIn: 4000},
	})
	tracker.Observe(begin.Add(11*time.Minute), gateway, &accounting.Record{
		Status: accounting.Stop, Identifier: 3, Session: []byte("65A0"), SessionTime: 11 * time.Minute,
		Traffic: accounting.Traffic{BytesIn: 1000}, Cause: accounting.LostCarrier,
	})
	fmt.Println(tracker.Stats().Sessions, "active")
	// Output:
	// started 65A0 of 192.0.2.1 after 0s none
	// updated 65A0 of 192.0.2.1 after 10m0s none
	// counter_backwards by 3000
	// stopped 65A0 of 192.0.2.1 after 11m0s lost_carrier
	// 0 active
}
