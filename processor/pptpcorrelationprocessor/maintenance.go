package pptpcorrelationprocessor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

// WindowConfig is a time of maintenance: once, or every week.
type WindowConfig struct {
	Name string `mapstructure:"name" yaml:"name"`
	// Gateways are patterns of ids, such as "vpn-*"; none is all.
	Gateways []string `mapstructure:"gateways" yaml:"gateways"`
	// Start and End are RFC 3339, such as 2026-03-01T22:00:00+01:00.
	Start string `mapstructure:"start" yaml:"start"`
	End   string `mapstructure:"end" yaml:"end"`
	// Days, At and For are of one that comes every week, in the time zone.
	Days     []string      `mapstructure:"days" yaml:"days"`
	At       string        `mapstructure:"at" yaml:"at"`
	For      time.Duration `mapstructure:"for" yaml:"for"`
	TimeZone string        `mapstructure:"time_zone" yaml:"time_zone"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func windowsOf(item string, list []WindowConfig) ([]health.Window, error) {
	var errs []error
	out := make([]health.Window, 0, len(list))
	for i := range list {
		w, err := list[i].window()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s[%d].%w", item, i, err))
			continue
		}
		out = append(out, w)
	}
	return out, errors.Join(errs...)
}

func (c *WindowConfig) window() (health.Window, error) {
	w := health.Window{Name: c.Name, Gateways: c.Gateways}
	if c.Name == "" {
		return w, errors.New("name: is empty; give it one, it is told while the window is open")
	}
	weekly := len(c.Days) > 0 || c.At != "" || c.For != 0
	if once := c.Start != "" || c.End != ""; once == weekly {
		return w, fmt.Errorf("start: %s: give either start and end, or at and for (and days) for one that comes every week", c.Name)
	}
	if weekly {
		var err error
		w.Weekly, err = c.weekly()
		return w, err
	}
	for _, t := range []struct {
		name, text string
		to         *time.Time
	}{{"start", c.Start, &w.Start}, {"end", c.End, &w.End}} {
		at, err := time.Parse(time.RFC3339, t.text)
		if err != nil {
			return w, fmt.Errorf("%s: %s: %q is not RFC 3339, such as 2026-03-01T22:00:00Z", t.name, c.Name, t.text)
		}
		*t.to = at
	}
	if !w.End.After(w.Start) {
		return w, fmt.Errorf("end: %s: %s is not after the start", c.Name, c.End)
	}
	return w, nil
}

func (c *WindowConfig) weekly() (*health.Weekly, error) {
	w := &health.Weekly{For: c.For}
	for _, name := range c.Days {
		day := -1
		for i, full := range weekdays {
			if n := strings.ToLower(name); n == full || n == full[:3] {
				day = i
			}
		}
		if day < 0 {
			return nil, fmt.Errorf("days: %s: %q: %s", c.Name, name, suggest.OneOf(name, weekdays))
		}
		w.Days = append(w.Days, time.Weekday(day))
	}
	at, err := time.Parse("15:04", c.At)
	if err != nil {
		return nil, fmt.Errorf("at: %s: %q is no time of the day, such as 02:30", c.Name, c.At)
	}
	w.At = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	if w.For <= 0 || w.For > 24*time.Hour {
		return nil, fmt.Errorf("for: %s: %s is not in (0s, 24h]", c.Name, c.For)
	}
	if w.Location, err = time.LoadLocation(c.TimeZone); err != nil {
		return nil, fmt.Errorf("time_zone: %s: %w; write a name such as Europe/Berlin", c.Name, err)
	}
	return w, nil
}

// maxWindowFile bounds the file of windows.
const maxWindowFile = 1 << 20

// windowFile is the file of maintenance windows, which is read again when it changes.
type windowFile struct {
	path string
	size int64
	at   time.Time
	read bool
}

// changed returns the windows of the file if it is another than before; ok is false if it is the
// same, or cannot be read. A file that is not there has none.
func (f *windowFile) changed() (list []health.Window, ok bool, err error) {
	if f.path == "" {
		return nil, false, nil
	}
	info, err := os.Stat(f.path)
	if errors.Is(err, os.ErrNotExist) {
		gone := !f.read || !f.at.IsZero()
		f.size, f.at, f.read = 0, time.Time{}, true
		return nil, gone, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("maintenance::file: %w", err)
	}
	if f.read && info.Size() == f.size && info.ModTime().Equal(f.at) {
		return nil, false, nil
	}
	f.size, f.at, f.read = info.Size(), info.ModTime(), true
	if f.size > maxWindowFile {
		return nil, false, fmt.Errorf("maintenance::file: %s: %d bytes are more than the %d that are read", f.path, f.size, maxWindowFile)
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, false, fmt.Errorf("maintenance::file: %w", err)
	}
	list, err = parseWindows(f.path, data)
	return list, err == nil, err
}

func parseWindows(path string, data []byte) ([]health.Window, error) {
	var doc struct {
		Windows []WindowConfig `yaml:"windows"`
	}
	if len(bytes.TrimSpace(data)) > 0 {
		d := yaml.NewDecoder(bytes.NewReader(data))
		d.KnownFields(true)
		if err := d.Decode(&doc); err != nil {
			return nil, fmt.Errorf("maintenance::file: %s: %w", path, err)
		}
	}
	return windowsOf("maintenance::file: "+path+": windows", doc.Windows)
}
