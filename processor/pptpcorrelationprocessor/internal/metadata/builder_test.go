package metadata

import "go.opentelemetry.io/collector/processor/processortest"

// settings is what the generated test passes to NewMetricsBuilder.
var settings = processortest.NewNopSettings(processortest.NopType)
