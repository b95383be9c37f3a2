package evidence

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottldatapoint"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// pointCondition and recordCondition are compiled conditions; nil always holds.
type (
	pointCondition  = *ottl.Condition[*ottldatapoint.TransformContext]
	recordCondition = *ottl.Condition[*ottllog.TransformContext]
)

// conditions compiles OTTL. Its parsers are made when the first is needed: most tables have none.
type conditions struct {
	settings component.TelemetrySettings
	points   *ottl.Parser[*ottldatapoint.TransformContext]
	records  *ottl.Parser[*ottllog.TransformContext]
}

func (c *conditions) point(text string) (pointCondition, error) {
	if c.points == nil {
		p, err := ottldatapoint.NewParser(ottlfuncs.StandardConverters[*ottldatapoint.TransformContext](), c.settings, ottldatapoint.EnablePathContextNames())
		if err != nil {
			return nil, err
		}
		c.points = &p
	}
	return c.points.ParseCondition(text)
}

func (c *conditions) record(text string) (recordCondition, error) {
	if c.records == nil {
		p, err := ottllog.NewParser(ottlfuncs.StandardConverters[*ottllog.TransformContext](), c.settings, ottllog.EnablePathContextNames())
		if err != nil {
			return nil, err
		}
		c.records = &p
	}
	return c.records.ParseCondition(text)
}

// pointHolds evaluates the condition of a rule about a point.
func pointHolds(c pointCondition, rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, m pmetric.Metric, point any) (bool, error) {
	if c == nil {
		return true, nil
	}
	t := ottldatapoint.NewTransformContextPtr(rm, sm, m, point)
	defer t.Close()
	return c.Eval(context.Background(), t)
}

// recordHolds evaluates the condition of a rule about a log record.
func recordHolds(c recordCondition, rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord) (bool, error) {
	if c == nil {
		return true, nil
	}
	t := ottllog.NewTransformContextPtr(rl, sl, lr)
	defer t.Close()
	return c.Eval(context.Background(), t)
}
