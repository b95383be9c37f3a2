package detect

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestJoint(t *testing.T) {
	const ms = int64(time.Millisecond)
	at := began.UnixNano()
	for _, c := range []struct {
		name string
		edit func(there, back *flow.Record)
		want bool
	}{
		{"one entry for both ways", func(_, _ *flow.Record) {}, true},
		{"one for each", func(_, back *flow.Record) { back.Start += ms }, false},
		{"that end at different times", func(_, back *flow.Record) { back.End += ms }, false},
		{"of another flow", func(_, back *flow.Record) { back.Src = client2 }, false},
		{"a clock of whole seconds", func(there, back *flow.Record) {
			for _, r := range []*flow.Record{there, back} {
				r.Start, r.End = at, at+60_000*ms
			}
		}, false},
		{"sampled packets", func(there, back *flow.Record) {
			there.Exporter.Version, back.Exporter.Version = flow.SFlow5, flow.SFlow5
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &exporter{}
			var there flow.Record
			for i := range int64(enoughTwins) {
				there = flow.Record{Src: client1, Dst: gw1, Proto: flow.ProtoGRE, Start: at + i*60_000*ms + 1, End: at + i*60_000*ms + 59_999*ms}
				back := there
				back.Src, back.Dst = there.Dst, there.Src
				c.edit(&there, &back)
				require.False(t, x.alone(&there))
				require.False(t, x.alone(&back))
			}
			there.Start, there.End = there.End, there.End+60_000*ms
			require.Equal(t, c.want, x.alone(&there))
		})
	}
	x := &exporter{}
	require.True(t, x.alone(&flow.Record{Biflow: true, Packets: 7}))
	require.True(t, x.alone(&flow.Record{Biflow: true, RevPackets: 7}))
	require.False(t, x.alone(&flow.Record{Biflow: true, Packets: 7, RevPackets: 6}))
}
