package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Metric is a metric as Prometheus sees it.
type Metric struct {
	// Component is the type of the component that makes it, such as pptp_probe.
	Component string
	// Labels are those that it can have, of its resource too.
	Labels []string
	// Own tells that it is about the collector, which serves it on another port.
	Own bool
}

// metadata is what we read of a component's metadata.yaml.
type metadata struct {
	Type       string
	Resource   map[string]any `yaml:"resource_attributes"`
	Attributes map[string]struct {
		Name string `yaml:"name_override"`
	}
	Metrics   map[string]instrument
	Telemetry struct{ Metrics map[string]instrument }
}

type instrument struct {
	Unit       string
	Attributes []string
	Gauge      *struct{}
	Histogram  *struct{}
	Sum        *struct{ Monotonic bool }
}

// handmade are the histograms, which mdatagen cannot describe.
var handmade = map[string]map[string][]string{
	"pptp_probe": {
		"pptp_auth_duration_seconds":               nil,
		"pptp_connect_duration_seconds":            nil,
		"pptp_control_echo_rtt_seconds":            nil,
		"pptp_gre_ack_rtt_seconds":                 nil,
		"pptp_lcp_echo_rtt_seconds":                nil,
		"pptp_probe_duration_seconds":              {"error_type"},
		"pptp_probe_stage_duration_seconds":        {"pptp_stage", "error_type"},
		"pptp_tunnel_dns_lookup_duration_seconds":  {"pptp_check", "error_type"},
		"pptp_tunnel_http_duration_seconds":        {"pptp_check", "error_type"},
		"pptp_tunnel_icmp_rtt_seconds":             {"pptp_check"},
		"pptp_tunnel_tcp_connect_duration_seconds": {"pptp_check", "error_type"},
	},
	"pptp_log": {
		"pptp_log_session_duration_seconds": {"pptp_session_outcome"},
	},
	"radius": {
		"radius_check_duration_seconds":          {"radius_method", "radius_message_authenticator", "radius_code"},
		"radius_check_wait_duration_seconds":     {"radius_method", "radius_message_authenticator"},
		"radius_server_request_duration_seconds": {"radius_request_section"},
	},
}

// common are the metrics of every collector that we use, and their labels.
var common = map[string][]string{
	"otelcol_exporter_send_failed_log_records":   {"exporter"},
	"otelcol_exporter_send_failed_metric_points": {"exporter"},
	"otelcol_exporter_sent_log_records":          {"exporter"},
	"otelcol_exporter_sent_metric_points":        {"exporter"},
	"otelcol_process_cpu_seconds":                nil,
	"otelcol_process_memory_rss":                 nil,
	"otelcol_process_runtime_heap_alloc_bytes":   nil,
	"otelcol_process_uptime":                     nil,
	"otelcol_receiver_accepted_log_records":      {"receiver", "transport"},
	"otelcol_receiver_accepted_metric_points":    {"receiver", "transport"},
	"otelcol_receiver_refused_log_records":       {"receiver", "transport"},
	"otelcol_receiver_refused_metric_points":     {"receiver", "transport"},
}

// Metrics reads the metadata.yaml of all components below the root of the repository, and returns their metrics by the
// names that Prometheus sees: those of the exporter `prometheus` with `resource_to_telemetry_conversion`, and those that
// the collector serves about itself.
func Metrics(root string) (map[string]Metric, error) {
	var paths []string
	for _, kind := range []string{"receiver", "connector", "processor"} {
		found, err := filepath.Glob(filepath.Join(root, kind, "*", "metadata.yaml"))
		if err != nil {
			return nil, fmt.Errorf("find components: %w", err)
		}
		paths = append(paths, found...)
	}
	out := map[string]Metric{
		"up":     {Own: true, Labels: []string{"job", "instance"}},
		"ALERTS": {Labels: []string{"alertname", "alertstate", "severity", "scope", "gateway", "radius_domain", "correlation_group"}},
	}
	for name, labels := range common {
		out[name] = Metric{Component: "collector", Own: true, Labels: append(labels, "job", "instance")}
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		var m metadata
		if err := yaml.Unmarshal(b, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		m.add(out)
	}
	return out, nil
}

func (m *metadata) add(out map[string]Metric) {
	resource := []string{"job", "instance"}
	for _, name := range slices.Sorted(maps.Keys(m.Resource)) {
		resource = append(resource, label(name))
	}
	for name, i := range m.Metrics {
		i.add(out, i.name(name), Metric{Component: m.Type, Labels: append(m.labels(i.Attributes), resource...)})
	}
	for name, labels := range handmade[m.Type] {
		(&instrument{Histogram: &struct{}{}}).add(out, name, Metric{Component: m.Type, Labels: append(slices.Clone(labels), resource...)})
	}
	for name, i := range m.Telemetry.Metrics {
		i.add(out, "otelcol_"+label(name), Metric{Component: m.Type, Own: true, Labels: append(m.labels(i.Attributes), "job", "instance")})
	}
}

// add adds the series of a metric: a histogram has three.
func (i *instrument) add(out map[string]Metric, name string, m Metric) {
	if i.Histogram == nil {
		out[name] = m
		return
	}
	out[name+"_sum"], out[name+"_count"] = m, m
	m.Labels = append(slices.Clone(m.Labels), "le")
	out[name+"_bucket"] = m
}

func (m *metadata) labels(attributes []string) []string {
	var out []string
	for _, a := range attributes {
		if o := m.Attributes[a].Name; o != "" {
			a = o
		}
		out = append(out, label(a))
	}
	return out
}

var notOfLabel = regexp.MustCompile(`[^a-zA-Z0-9_]`)

func label(name string) string { return notOfLabel.ReplaceAllString(name, "_") }

var units = map[string]string{"s": "seconds", "By": "bytes", "By/s": "bytes_per_second"}

// name is what the exporter makes of a metric's name: the unit behind it unless it is there already, `ratio` behind
// gauges without a unit, and `total` behind counters.
func (i *instrument) name(name string) string {
	out := label(name)
	unit := units[i.Unit]
	if i.Unit == "1" && i.Gauge != nil {
		unit = "ratio"
	}
	if unit != "" && !slices.Contains(strings.Split(out, "_"), unit) {
		out += "_" + unit
	}
	if i.Sum != nil && i.Sum.Monotonic {
		out = strings.TrimSuffix(out, "_total") + "_total"
	}
	return out
}
