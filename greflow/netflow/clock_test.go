package netflow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ntp returns t in the format of RFC 5905.
func ntp(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | (uint64(t.Nanosecond())<<32+1e9-1)/1e9
}

func TestTimes(t *testing.T) {
	start, end := noon.Add(-5500*time.Millisecond), noon.Add(-500*time.Millisecond)
	base := without(gre(), 21, 22)
	seconds := func(t time.Time) time.Time { return t.Truncate(time.Second) }
	none := time.Unix(0, 0)
	for name, tc := range map[string]struct {
		version    int
		fields     []spec
		start, end time.Time
	}{
		"v9 uptime":                  {9, []spec{num(22, 4, uptime-5500), num(21, 4, uptime-500)}, start, end},
		"IPFIX uptime, no base":      {10, []spec{num(22, 4, uptime-5500), num(21, 4, uptime-500)}, none, none},
		"seconds":                    {10, []spec{num(150, 4, uint64(start.Unix())), num(151, 4, uint64(end.Unix()))}, seconds(start), seconds(end)},
		"milliseconds":               {10, []spec{num(152, 8, uint64(start.UnixMilli())), num(153, 8, uint64(end.UnixMilli()))}, start, end},
		"milliseconds in v9":         {9, []spec{num(152, 8, uint64(start.UnixMilli())), num(153, 8, uint64(end.UnixMilli()))}, start, end},
		"microseconds in NTP format": {10, []spec{num(154, 8, ntp(start)), num(155, 8, ntp(end))}, start, end},
		"nanoseconds in NTP format":  {10, []spec{num(156, 8, ntp(start)), num(157, 8, ntp(end))}, start, end},
		"delta microseconds":         {10, []spec{num(158, 4, 5500000), num(159, 4, 500000)}, start, end},
		"finest of several": {9, []spec{
			num(22, 4, 1), num(21, 4, 1), num(150, 4, 1), num(151, 4, 1),
			num(152, 8, uint64(start.UnixMilli())), num(153, 8, uint64(end.UnixMilli())),
		}, start, end},
		"start and duration":    {10, []spec{num(152, 8, uint64(start.UnixMilli())), num(161, 4, 5000)}, start, end},
		"end and duration":      {10, []spec{num(153, 8, uint64(end.UnixMilli())), num(161, 4, 5000)}, start, end},
		"observation seconds":   {10, []spec{num(322, 4, uint64(end.Unix()))}, seconds(end), seconds(end)},
		"observation ms":        {10, []spec{num(323, 8, uint64(end.UnixMilli()))}, end, end},
		"observation us":        {10, []spec{num(324, 8, ntp(end))}, end, end},
		"observation ns":        {10, []spec{num(325, 8, ntp(end))}, end, end},
		"start and observation": {10, []spec{num(152, 8, uint64(start.UnixMilli())), num(323, 8, uint64(end.UnixMilli()))}, start, end},
		"start alone":           {10, []spec{num(152, 8, uint64(start.UnixMilli()))}, start, none},
		"end alone":             {10, []spec{num(153, 8, uint64(end.UnixMilli()))}, none, end},
		"zero of NTP":           {10, []spec{num(154, 8, 0), num(155, 8, 0)}, none, none},
		"nothing":               {10, nil, none, none},
		"base in the record": {10, []spec{
			num(160, 8, uint64(noon.UnixMilli()-uptime)), num(22, 4, uptime-5500), num(21, 4, uptime-500),
		}, start, end},
		"start after the end": {10, []spec{num(152, 8, uint64(end.UnixMilli())), num(153, 8, uint64(start.UnixMilli()))}, start, start},
		"ms beyond all time":  {10, []spec{num(152, 8, 1<<63), num(153, 8, 1<<63)}, none, none},
	} {
		t.Run(name, func(t *testing.T) {
			r := decodeOne(t, tc.version, append(base[:len(base):len(base)], tc.fields...)...)
			require.Equal(t, tc.start.UTC(), time.Unix(0, r.Start).UTC())
			require.Equal(t, tc.end.UTC(), time.Unix(0, r.End).UTC())
		})
	}
}

// sysUpTime wraps after 49.7 days.
func TestUptimeWraps(t *testing.T) {
	for name, tc := range map[string]struct {
		uptime, first, last uint32
	}{
		"between the record and the header": {1000, 1<<32 - 4500, 1<<32 - 500},
		"within the record":                 {1000, 1<<32 - 4500, 500},
		"not yet":                           {1<<32 - 1, 1<<32 - 5501, 1<<32 - 501},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(9)
			e.uptime = tc.uptime
			r := newBench(t, Config{}).one(e.send(1, e.data(256, with(gre(), num(22, 4, uint64(tc.first)), num(21, 4, uint64(tc.last)))...)...))
			require.Equal(t, int64(tc.uptime-tc.first), (noon.UnixNano()-r.Start)/1e6)
			require.Equal(t, int64(tc.uptime-tc.last), (noon.UnixNano()-r.End)/1e6)
		})
	}
}

func TestBaseOfIPFIXUptimeComesInOptionData(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	b.take(e.send(1, e.options(300, 1, num(149, 4, 7), num(160, 8, uint64(noon.UnixMilli()-uptime)))...))
	r := b.one(e.send(1, e.data(256, gre()...)...))
	require.Equal(t, noon.UnixNano()-5e9, r.Start)
	require.Equal(t, noon.UnixNano()-1e9, r.End)

	// Both in one datagram.
	e = newExporter(10)
	b = newBench(t, Config{})
	sets := append(e.options(300, 1, num(149, 4, 7), num(160, 8, uint64(noon.UnixMilli()-uptime))), e.data(256, gre()...)...)
	b.take(e.send(2, sets...))
	require.Equal(t, noon.UnixNano()-1e9, b.records[0].End)
}

func TestClamp(t *testing.T) {
	at := func(d time.Duration) uint64 { return uint64(noon.Add(d).UnixMilli()) }
	for name, tc := range map[string]struct {
		start, end         time.Duration
		wantStart, wantEnd time.Duration
		clamped            bool
	}{
		"in order":                    {-time.Hour, -time.Minute, -time.Hour, -time.Minute, false},
		"as late as can be":           {0, time.Minute, 0, time.Minute, false},
		"in the future":               {time.Hour, 2 * time.Hour, -time.Hour, 0, true},
		"as early as can be":          {-3 * time.Hour, -2 * time.Hour, -3 * time.Hour, -2 * time.Hour, false},
		"too early":                   {-4 * time.Hour, -2*time.Hour - time.Second, -2*time.Hour + time.Second, 0, true},
		"duration not to be believed": {-30 * time.Hour, -20 * time.Hour, 0, 0, true},
		"a long flow":                 {-300 * time.Hour, -time.Minute, -300 * time.Hour, -time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(10)
			b := newBench(t, Config{})
			r := b.one(e.send(1, e.data(256, append(without(gre(), 21, 22), num(152, 8, at(tc.start)), num(153, 8, at(tc.end)))...)...))
			want := []time.Duration{tc.wantStart, tc.wantEnd}
			require.Equal(t, want, []time.Duration{time.Duration(r.Start - noon.UnixNano()), time.Duration(r.End - noon.UnixNano())})
			require.Equal(t, tc.clamped, b.Stats().TimesClamped == 1)
		})
	}
}

// softflowd, reading old captures, has a sysUpTime of 0 and records beyond it.
func TestClampOfInsaneUptime(t *testing.T) {
	e := newExporter(9)
	e.uptime = 0
	r := newBench(t, Config{}).one(e.send(1, e.data(256, with(gre(), num(22, 4, 614_876_000), num(21, 4, 614_880_000))...)...))
	require.Equal(t, noon.UnixNano()-4e9, r.Start)
	require.Equal(t, noon.UnixNano(), r.End)
}

// nfreplay's headers are off by a day, and the times in milliseconds are not.
func TestWrongExportTime(t *testing.T) {
	e := newExporter(9)
	e.at = noon.Add(-24 * time.Hour)
	ms := func(end time.Time) []spec {
		return append(without(gre(), 21, 22), num(153, 8, uint64(end.UnixMilli())))
	}
	b := newBench(t, Config{})
	b.take(e.send(2, set(setTemplateV9, layout(256, ms(noon)...)),
		set(256, record(ms(noon.Add(-time.Minute))...), record(ms(e.at.Add(-time.Minute))...), record(ms(noon.Add(time.Hour))...))))
	require.Len(t, b.records, 3)
	require.Equal(t, noon.Add(-time.Minute).UnixNano(), b.records[0].End)
	require.Zero(t, b.records[0].Export, "not to be believed")
	require.Equal(t, e.at.Add(-time.Minute).UnixNano(), b.records[1].End)
	require.Equal(t, e.at.UnixNano(), b.records[1].Export)
	require.Equal(t, e.at.UnixNano(), b.records[2].End, "neither: clamped")
	require.Equal(t, uint64(1), b.Stats().TimesClamped)
}

func TestClampFollowsTheActiveTimeout(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	b.take(e.send(1, e.options(300, 1, num(149, 4, 7), num(36, 4, 7*24*3600))...))
	fields := append(without(gre(), 21, 22), num(153, 8, uint64(noon.Add(-10*24*time.Hour).UnixMilli())))
	r := b.one(e.send(1, e.data(256, fields...)...))
	require.Equal(t, noon.Add(-10*24*time.Hour).UnixNano(), r.End)
}
