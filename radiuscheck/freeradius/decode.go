package freeradius

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Vendor is the enterprise number of FreeRADIUS.
const Vendor = 11344

// The attributes that are more than a counter or a gauge.
const (
	statisticsType = 127
	outstanding    = 172
	startTime      = 176
	statsError     = 187
	latency        = 198 // a structure: 198.1 to 198.8
)

// All of the server itself and its home servers: FreeRADIUS-Statistics-Type is a set of
// bits, authentication 1, accounting 2, proxied both 4 and 8, internal 16.
const All = 31

// Ask adds the attribute that asks for statistics to a Status-Server.
func Ask(b *packet.Builder, what uint32) {
	b.VendorAttribute(Vendor, statisticsType, binary.BigEndian.AppendUint32(nil, what))
}

// Counter is one of the counters.
type Counter struct {
	Section, Result string // such as "auth" and "accepts"
	attribute       uint8
}

// Queue is one of the gauges of queue lengths.
type Queue struct {
	Name      string
	attribute uint8
}

var authResults = []string{"requests", "accepts", "rejects", "challenges", "responses", "duplicate", "malformed", "invalid", "dropped", "unknown_type"}
var acctResults = []string{"requests", "responses", "duplicate", "malformed", "invalid", "dropped", "unknown_type"}

// Counters returns all counters there are.
func Counters() (list []Counter) {
	add := func(section string, results []string, first uint8) {
		for i, r := range results {
			list = append(list, Counter{section, r, first + uint8(i)})
		}
	}
	add("auth", authResults, 128)
	add("proxy_auth", authResults, 138)
	add("acct", acctResults, 148)
	add("proxy_acct", acctResults, 155)
	return append(list, Counter{"auth", "conflicts", 191}, Counter{"acct", "conflicts", 192})
}

// Queues returns all queues there are.
func Queues() []Queue {
	return []Queue{{"internal", 162}, {"proxy", 163}, {"auth", 164}, {"acct", 165}, {"detail", 166}}
}

// LatencyBounds are the upper ends of the buckets of the histograms.
func LatencyBounds() []time.Duration {
	return []time.Duration{
		time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond,
		time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second,
	}
}

const buckets = 8

// Histogram is how many requests took how long, by [LatencyBounds].
type Histogram [buckets]uint64

// Statistics is what one answer says. The zero value says nothing.
type Statistics struct {
	values  [256]uint32
	present [256]bool

	// Histograms are those of the sections that have one, in their order.
	Histograms []Histogram
	// Started is when the server began; zero: it did not say.
	Started time.Time
}

// maxHistograms bounds what an answer can make us keep.
const maxHistograms = 8

// Decode reads an answer. An error is what the server says is wrong, or that there are
// no statistics in it: most often the request went to a listener that has none.
func Decode(p packet.Packet) (*Statistics, error) {
	s := &Statistics{}
	found := false
	for t, v := range p.Vendor(Vendor) {
		switch {
		case t == statsError:
			return nil, fmt.Errorf("the server refuses: %q", v)
		case t == latency:
			s.histogram(v)
		case len(v) == 4:
			s.values[t], s.present[t] = binary.BigEndian.Uint32(v), true
		default:
			continue
		}
		found = true
	}
	if !found {
		return nil, fmt.Errorf("%s has no statistics; ask a listener of type status", p.Code())
	}
	if n := s.values[startTime]; n != 0 {
		s.Started = time.Unix(int64(n), 0).UTC()
	}
	return s, nil
}

// histogram reads the parts of one attribute 198. Part 1 begins the histogram of the
// next section.
func (s *Statistics) histogram(v []byte) {
	for len(v) >= 2 && v[1] >= 2 && int(v[1]) <= len(v) {
		part, value := int(v[0]), v[2:v[1]]
		v = v[v[1]:]
		if part < 1 || part > buckets || len(value) != 8 {
			continue
		}
		if part == 1 || len(s.Histograms) == 0 {
			if len(s.Histograms) == maxHistograms {
				return
			}
			s.Histograms = append(s.Histograms, Histogram{})
		}
		s.Histograms[len(s.Histograms)-1][part-1] = binary.BigEndian.Uint64(value)
	}
}

// Queue returns the length of a queue.
func (s *Statistics) Queue(q Queue) (n int64, ok bool) {
	return int64(s.values[q.attribute]), s.present[q.attribute]
}

// Outstanding returns how many requests of a home server have no answer yet.
func (s *Statistics) Outstanding() (n int64, ok bool) {
	return int64(s.values[outstanding]), s.present[outstanding]
}
