package netflow

import "time"

// Config bounds a [Decoder]. The zero value of a field is its default.
type Config struct {
	// MaxExporters bounds the exporters that are known at once; one is an address, a
	// version and an observation domain. Default 4096.
	MaxExporters int
	// MaxTemplates bounds the templates of one exporter. Default 1024.
	MaxTemplates int
	// MaxFields bounds the fields of one template. Default 256.
	MaxFields int
	// MaxBytes bounds the memory of all exporters, templates and pending data. Default 64 MiB.
	MaxBytes int64
	// TemplateTTL is how long a template is kept that is neither sent again nor
	// used, and an exporter that sends nothing. Default 24 h.
	TemplateTTL time.Duration
	// PendingBytes bounds the data of one exporter that waits for its template. Default 64 KiB.
	PendingBytes int
	// PendingAge is how long such data waits. Default 30 min, the slowest common interval of templates.
	PendingAge time.Duration
	// All delivers every record. By default only those are that PPTP's detection can
	// use: GRE, TCP port 1723, and ICMP type 3, with the NAT and firewall events and
	// the drops of them.
	All bool
}

func (c Config) withDefaults() Config {
	orInt := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	orInt(&c.MaxExporters, 4096)
	orInt(&c.MaxTemplates, 1024)
	orInt(&c.MaxFields, 256)
	orInt(&c.PendingBytes, 64<<10)
	if c.MaxBytes <= 0 {
		c.MaxBytes = 64 << 20
	}
	if c.TemplateTTL <= 0 {
		c.TemplateTTL = 24 * time.Hour
	}
	if c.PendingAge <= 0 {
		c.PendingAge = 30 * time.Minute
	}
	return c
}
