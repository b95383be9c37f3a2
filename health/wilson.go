package health

import "math"

// wilson returns the bounds of the share that bad of total lets one believe in, one
// time in forty wrong on either side: Wilson's score interval, which holds for
// few samples and for shares near zero and one (E. B. Wilson, 1927).
func wilson(bad, total uint32) (low, high float64) {
	const z = 1.96
	n := float64(total)
	p := float64(bad) / n
	middle := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return (middle - half) / scale, (middle + half) / scale
}
