package greflowreceiver

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// flowQueue holds flow records until they are passed on. It is safe for
// concurrent use.
type flowQueue struct {
	limit int

	mu      sync.Mutex
	waiting []flow.Record
	dropped uint64
}

// add copies a record, or counts it if there is no room.
func (q *flowQueue) add(r *flow.Record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= q.limit {
		q.dropped++
		return
	}
	q.waiting = append(q.waiting, *r)
}

// take returns what waits, and gives the queue spare to fill next.
func (q *flowQueue) take(spare []flow.Record) []flow.Record {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.waiting
	q.waiting = spare[:0]
	return out
}

func (q *flowQueue) lost() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// flows returns a log record for each flow record.
func (m *logsMaker) flows(now time.Time, list []flow.Record) plog.Logs {
	out := plog.NewLogs()
	first := true
	for i := range list {
		r := &list[i]
		at := r.End
		if at == 0 {
			at = r.Arrival
		}
		m.lb.RecordPptpFlowRecordEvent(context.Background(), pcommon.Timestamp(max(at, 0)), m.flowAttrs(r)...)
		if m.emit(out, now, plog.SeverityNumberInfo, "", !first, m.resources.own) {
			first = false
		}
	}
	return out
}

func (m *logsMaker) flowAttrs(r *flow.Record) []metadata.EventAttributeOption {
	var a attrs
	a.add(metadata.WithExporterAddressEventAttribute(r.Exporter.Addr.String()))
	a.add(metadata.WithNetworkProtocolNameEventAttribute(protocolName(r.Proto)))
	a.text(metadata.WithSourceAddressEventAttribute, m.flowAddr(r.Src))
	a.text(metadata.WithDestinationAddressEventAttribute, m.flowAddr(r.Dst))
	if r.Proto == flow.ProtoTCP {
		a.add(metadata.WithSourcePortEventAttribute(int64(r.SrcPort)))
		a.add(metadata.WithDestinationPortEventAttribute(int64(r.DstPort)))
	}
	a.add(metadata.WithFlowPacketsEventAttribute(clampInt(r.Packets)))
	a.add(metadata.WithFlowBytesEventAttribute(clampInt(r.Bytes)))
	if r.Biflow {
		a.add(metadata.WithFlowReversePacketsEventAttribute(clampInt(r.RevPackets)))
		a.add(metadata.WithFlowReverseBytesEventAttribute(clampInt(r.RevBytes)))
	}
	if r.HasCallID {
		a.add(metadata.WithPptpCallIDEventAttribute(int64(r.CallID)))
	}
	if r.Drop != flow.NotDropped {
		a.text(metadata.WithPptpFlowDropSourceEventAttribute, dropSource(r.Drop))
		a.add(metadata.WithPptpFlowDropCodeEventAttribute(int64(r.Code)))
	}
	if r.Sampling > 0 {
		a.add(metadata.WithPptpFlowSamplingEventAttribute(r.Sampling))
	}
	return a
}

// flowAddr is what is told of an address: all of a gateway's, of others what may
// be told of clients.
func (m *logsMaker) flowAddr(a netip.Addr) string {
	if a.IsValid() && m.isGateway(a) {
		return a.String()
	}
	return m.clients.Address(a)
}

func protocolName(p uint8) string {
	switch p {
	case flow.ProtoGRE:
		return "gre"
	case flow.ProtoTCP:
		return "tcp"
	case flow.ProtoICMP:
		return "icmp"
	}
	return strconv.Itoa(int(p))
}

// clampInt is n as far as an attribute can hold it.
func clampInt(n uint64) int64 { return int64(min(n, 1<<63-1)) }
