package radiusreceiver

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
)

// format and transport are what the collector's own metrics call our data.
const (
	format    = "radius"
	transport = "udp"
)

// outlet passes telemetry on to the signals that are wired. What one of them refuses
// does not keep it from the others, and does not stop the schedule: the next round
// brings the cumulative metrics again.
type outlet struct {
	cfg    *Config
	logger *zap.Logger
	ctx    context.Context // of all that is passed on; set by Start

	// nil if the signal is not wired.
	metrics *metricsMaker
	logs    *logsMaker
	traces  *tracesMaker

	nextMetrics                   consumer.Metrics
	nextLogs                      consumer.Logs
	nextTraces                    consumer.Traces
	obsMetrics, obsLogs, obsTrace *receiverhelper.ObsReport
}

func newObsReport(set receiver.Settings) (*receiverhelper.ObsReport, error) {
	return receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: transport, ReceiverCreateSettings: set,
	})
}

func (o *outlet) addMetrics(set receiver.Settings, next consumer.Metrics) (err error) {
	o.metrics, o.nextMetrics = newMetricsMaker(o.cfg, set), next
	o.obsMetrics, err = newObsReport(set)
	return err
}

func (o *outlet) addLogs(set receiver.Settings, next consumer.Logs) (err error) {
	o.logs, o.nextLogs = newLogsMaker(o.cfg, set), next
	o.obsLogs, err = newObsReport(set)
	return err
}

func (o *outlet) addTraces(set receiver.Settings, next consumer.Traces) (err error) {
	o.traces, o.nextTraces = &tracesMaker{build: set.BuildInfo}, next
	o.obsTrace, err = newObsReport(set)
	return err
}

func (o *outlet) pushMetrics(md pmetric.Metrics) {
	n := md.DataPointCount()
	if n == 0 {
		return
	}
	ctx := o.obsMetrics.StartMetricsOp(o.ctx)
	err := o.nextMetrics.ConsumeMetrics(ctx, md)
	o.obsMetrics.EndMetricsOp(ctx, format, n, err)
	o.refused("metrics", err)
}

func (o *outlet) pushLogs(ld plog.Logs) {
	n := ld.LogRecordCount()
	if n == 0 {
		return
	}
	ctx := o.obsLogs.StartLogsOp(o.ctx)
	err := o.nextLogs.ConsumeLogs(ctx, ld)
	o.obsLogs.EndLogsOp(ctx, format, n, err)
	o.refused("logs", err)
}

func (o *outlet) pushTraces(td ptrace.Traces) {
	n := td.SpanCount()
	if n == 0 {
		return
	}
	ctx := o.obsTrace.StartTracesOp(o.ctx)
	err := o.nextTraces.ConsumeTraces(ctx, td)
	o.obsTrace.EndTracesOp(ctx, format, n, err)
	o.refused("traces", err)
}

func (o *outlet) refused(signal string, err error) {
	if err != nil {
		o.logger.Warn("The pipeline did not accept what was found", zap.String("signal", signal), zap.Error(err))
	}
}
