package pptpcorrelationprocessor

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/evidence"
)

// errBlind: a processor that knows no gateway and learns none does nothing.
var errBlind = errors.New("gateways: is empty and learn is false, so nothing would be evaluated; list gateways, or set learn to true")

// Validate implements [confmap.Validator].
func (c *Config) Validate() error {
	var errs []error
	if len(c.Gateways) == 0 && !c.Learn {
		errs = append(errs, errBlind)
	}
	errs = append(errs, inventory.Validate(c.Gateways))
	for _, d := range []struct {
		name             string
		value, low, high time.Duration
	}{
		{"metrics_interval", c.MetricsInterval, time.Second, time.Hour},
		{"save_interval", c.SaveInterval, time.Second, 24 * time.Hour},
		{"count_window", c.CountWindow, 10 * time.Second, time.Hour},
	} {
		if d.value < d.low || d.value > d.high {
			errs = append(errs, fmt.Errorf("%s: %s is not in [%s, %s]", d.name, d.value, d.low, d.high))
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"max_series", c.Limits.MaxSeries}, {"max_sessions", c.Limits.MaxSessions}, {"max_pending", c.Limits.MaxPending}} {
		if n.value < 1 || n.value > 10_000_000 {
			errs = append(errs, fmt.Errorf("limits::%s: %d is not in [1, 10000000]", n.name, n.value))
		}
	}
	book, err := c.codebook()
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	hc, err := c.health(book)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	if err := hc.Validate(); err != nil && errors.Join(errs...) == nil {
		errs = append(errs, err)
	}
	if _, err := evidence.NewReader(c.reader(book, component.TelemetrySettings{})); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// codebook is the one that comes with package health, with what the user changes.
func (c *Config) codebook() (*health.Codebook, error) {
	book := health.DefaultCodebook()
	for i, name := range c.Codebook.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("codebook::files[%d]: %w", i, err)
		}
		if book, err = book.Extend(name, data); err != nil {
			return nil, fmt.Errorf("codebook::files[%d]: %w", i, err)
		}
	}
	if c.Codebook.Text == "" {
		return book, nil
	}
	return book.Extend("codebook::text", []byte(c.Codebook.Text))
}

// health is what the engine is told.
func (c *Config) health(book *health.Codebook) (health.Config, error) {
	windows, err := windowsOf("maintenance::windows", c.Maintenance.Windows)
	if err != nil {
		return health.Config{}, err
	}
	v, l := &c.Verdict, &c.Limits
	return health.Config{
		Codebook: book, Gateways: evidence.HealthGateways(c.Gateways), Learn: c.Learn, Unexpected: !c.ExpectAll,
		MaxGateways: l.MaxGateways, MaxItems: l.MaxItems, MaxVantages: l.MaxVantages,
		MaxAhead: v.MaxAhead, Forget: v.Forget, Interval: c.Interval,
		Quorum: v.Quorum, Rounds: v.Rounds, VantageShare: v.VantageShare,
		DegradedAfter: v.DegradedAfter, DownAfter: v.DownAfter, HealthyAfter: v.HealthyAfter,
		MinHold: v.MinHold, Settle: v.Settle, Windows: windows, Grace: c.Maintenance.Grace,
	}, nil
}

// reader is what the reader of evidence is told.
func (c *Config) reader(book *health.Codebook, set component.TelemetrySettings) evidence.Config {
	return evidence.Config{
		Gateways: c.Gateways, Codebook: book, Rules: c.Evidence, Disable: c.DisableEvidence, Regular: c.Regular,
		Window: c.CountWindow, MaxSeries: c.Limits.MaxSeries, MaxSessions: c.Limits.MaxSessions, Settings: set,
	}
}
