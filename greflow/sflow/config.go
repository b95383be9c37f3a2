package sflow

import "time"

// Config bounds a [Decoder]. The zero value of a field is its default.
type Config struct {
	// MaxExporters bounds the exporters that are known at once; one is the sender of
	// the datagrams, the agent address in them and a sub-agent, and takes about 400 bytes.
	// Default 4096.
	MaxExporters int
	// MaxSources bounds the data sources (mostly interfaces) of all exporters, of
	// which the samples are counted; each takes about 100 bytes. Default 131072.
	MaxSources int
	// TTL is how long an exporter or data source is kept that sends nothing. Default 24 h.
	TTL time.Duration
	// All delivers every packet. By default only those are that PPTP's detection can
	// use: GRE, TCP port 1723, and what ICMP says of these.
	All bool
}

func (c Config) withDefaults() Config {
	if c.MaxExporters <= 0 {
		c.MaxExporters = 4096
	}
	if c.MaxSources <= 0 {
		c.MaxSources = 128 << 10
	}
	if c.TTL <= 0 {
		c.TTL = 24 * time.Hour
	}
	return c
}
