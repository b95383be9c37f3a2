package radiuscheck

import "testing"

// BenchmarkRound is a check over loopback; the server of the test is in the same process.
func BenchmarkRound(b *testing.B) {
	for _, m := range []Method{Status, PAP, CHAP, MSCHAPv2} {
		b.Run(string(m), func(b *testing.B) {
			c := newChecker(b, newServer(b, nil), func(c *Config) { c.Methods = []Method{m} })
			b.ReportAllocs()
			for b.Loop() {
				results, err := c.Round(b.Context())
				if err != nil || results[0].Failure != nil {
					b.Fatal(err, results)
				}
			}
		})
	}
}
