package radiusreceiver

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// anomaly is called by the tracker.
func (a *accountant) anomaly(x *accounting.Anomaly) {
	var o options
	o.text(metadata.WithRadiusNasAddressEventAttribute, addrText(x.NAS.Address))
	detail := ""
	if s := x.Session; s != nil {
		o.text(metadata.WithRadiusSessionIDEventAttribute, strings.ToValidUTF8(s.ID, "\uFFFD"))
		o.text(metadata.WithUserNameEventAttribute, strings.ToValidUTF8(a.user.Name(s.User), "\uFFFD"))
		o.text(metadata.WithClientAddressEventAttribute, a.client.Address(s.Client))
	}
	if x.Limit != 0 || x.Value != 0 {
		o = append(o, metadata.WithRadiusValueEventAttribute(x.Value), metadata.WithRadiusLimitEventAttribute(x.Limit))
		detail = fmt.Sprintf("%.4g where the limit is %.4g", x.Value, x.Limit)
	}
	if x.Total > 0 {
		o = append(o, metadata.WithRadiusCountEventAttribute(int64(x.Count)), metadata.WithRadiusTotalEventAttribute(int64(x.Total)))
		detail = fmt.Sprintf("%d of %d sessions", x.Count, x.Total)
	}
	if x.Kind == accounting.CauseShift || x.Kind == accounting.MassStop {
		o.text(metadata.WithRadiusStopCauseEventAttribute, x.Cause.String())
		detail += ", most of them " + x.Cause.String()
	}
	o.text(metadata.WithPptpDetailEventAttribute, detail)
	nas, kind := strings.ToValidUTF8(x.NAS.String(), "\uFFFD"), x.Kind.String()
	a.offer(event{
		at: x.Time, severity: plog.SeverityNumberWarn,
		body: fmt.Sprintf("Accounting of NAS %s shows %s%s.", nas, kind, colon(detail)),
		record: func(lb *metadata.LogsBuilder, ctx context.Context, ts pcommon.Timestamp) {
			lb.RecordRadiusAccountingAnomalyEvent(ctx, ts, kind, nas, o...)
		},
	})
}

// restart is called by the tracker.
func (a *accountant) restart(x *accounting.Restart) {
	var o options
	o.text(metadata.WithRadiusNasAddressEventAttribute, addrText(x.NAS.Address))
	o = append(o, metadata.WithRadiusSessionsEventAttribute(int64(x.Sessions)))
	nas, status := strings.ToValidUTF8(x.NAS.String(), "\uFFFD"), x.Status.String()
	a.offer(event{
		at: x.Time, severity: plog.SeverityNumberWarn,
		body: fmt.Sprintf("NAS %s said Accounting-%s; sessions that are gone: %d.", nas, status, x.Sessions),
		record: func(lb *metadata.LogsBuilder, ctx context.Context, ts pcommon.Timestamp) {
			lb.RecordRadiusAccountingNasRestartedEvent(ctx, ts, metadata.MapAttributeRadiusAccountingStatus[status], nas, o...)
		},
	})
}

// noisy is called by the tracker.
func (a *accountant) noisy(x *accounting.Noisy) {
	var o options
	user, subnet := strings.ToValidUTF8(a.user.Name(x.User), "\uFFFD"), ""
	if x.Subnet.IsValid() {
		subnet = a.client.Name(x.Subnet.String())
	}
	o.text(metadata.WithUserNameEventAttribute, user)
	o.text(metadata.WithRadiusSubnetEventAttribute, subnet)
	where := ""
	if x.NAS != (accounting.NAS{}) {
		nas := strings.ToValidUTF8(x.NAS.String(), "\uFFFD")
		o.text(metadata.WithRadiusNoisyNasEventAttribute, nas)
		where = " of NAS " + nas
	}
	o = append(o, metadata.WithRadiusQuotaEventAttribute(x.Quota), metadata.WithRadiusValueEventAttribute(float64(x.Value)),
		metadata.WithRadiusTotalEventAttribute(int64(x.Total)), metadata.WithRadiusWindowEventAttribute(x.Window.Seconds()))
	detail := fmt.Sprintf("%d of %d %s in %s", x.Value, x.Total, x.Measure, x.Window)
	if x.Quota {
		detail = fmt.Sprintf("%d %s in %s, more than the quota of %d", x.Value, x.Measure, x.Window, x.Total)
	}
	o.text(metadata.WithPptpDetailEventAttribute, detail)
	who := "A user"
	switch {
	case user != "":
		who = "User " + user
	case subnet != "":
		who = "Subnet " + subnet
	case x.User == "":
		who = "A subnet"
	}
	measure := x.Measure.String()
	a.offer(event{
		at: x.Time, severity: plog.SeverityNumberWarn,
		body: fmt.Sprintf("%s%s is noisy: %s.", who, where, detail),
		record: func(lb *metadata.LogsBuilder, ctx context.Context, ts pcommon.Timestamp) {
			lb.RecordRadiusUserNoisyEvent(ctx, ts, measure, o...)
		},
	})
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
