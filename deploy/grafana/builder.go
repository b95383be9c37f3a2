package main

import (
	"strings"
)

const columns = 24

var prometheus = &datasourceRef{Type: "prometheus", UID: "${datasource}"}

// board lays panels out from left to right, and below when a line is full.
type board struct {
	dashboard
	x, y, height int
	row          *panel // a collapsed one, which the next panels go into
}

// newBoard returns a dashboard with the variables that all have; the others follow.
func newBoard(uid, title, description string, variables ...templateVariable) *board {
	source := templateVariable{
		Name: "datasource", Label: "Prometheus", Type: "datasource", Query: "prometheus", Refresh: 1, Current: map[string]any{},
	}
	return &board{dashboard: dashboard{
		UID: uid, Title: title, Description: description, Tags: []string{"pptp"}, GraphTooltip: 1, Refresh: "30s", SchemaVersion: 39,
		Links: []link{
			{Title: "PPTP", Type: "dashboards", Tags: []string{"pptp"}, IncludeVars: true, KeepTime: true},
			{Title: "Runbook", Type: "link", Icon: "doc", URL: runbook, Tags: []string{}, TargetBlank: true},
		},
		Templating: templating{List: append([]templateVariable{source}, variables...)},
		Time:       timeRange{From: "now-3h", To: "now"}, Timezone: "browser", Version: 1,
	}}
}

const runbook = "https://github.com/otelcol-pptp/otelcol-pptp/blob/main/docs/runbook/"

// variable is a choice among the values of a label. Several can be chosen, or all; what has no such label is in all.
func variable(name, text, query string) templateVariable {
	return templateVariable{
		Name: name, Label: text, Type: "query", Query: map[string]any{"query": query, "refId": name}, Definition: query, Datasource: prometheus,
		IncludeAll: true, AllValue: ".*", Multi: true, Refresh: 2, Sort: 1, Current: map[string]any{"text": "All", "value": "$__all"},
	}
}

var (
	site    = variable("site", "Site", "label_values(pptp_gateway_status, pptp_gateway_site)")
	gateway = templateGateway()
	vantage = variable("vantage", "Vantage", `label_values(pptp_probe_up{pptp_gateway_id=~"$gateway"}, pptp_vantage)`)
)

// templateGateway has no value for all: all are those of the site.
func templateGateway() templateVariable {
	v := variable("gateway", "Gateway", `label_values(pptp_gateway_status{pptp_gateway_site=~"$site"}, pptp_gateway_id)`)
	v.AllValue = ""
	return v
}

func (b *board) add(w, h int, p *panel) {
	if b.x+w > columns {
		b.newLine()
	}
	p.ID = b.nextID()
	p.GridPos = gridPos{H: h, W: w, X: b.x, Y: b.y}
	b.x += w
	b.height = max(b.height, h)
	if b.row != nil {
		b.row.Panels = append(b.row.Panels, p)
		return
	}
	b.Panels = append(b.Panels, p)
}

func (b *board) newLine() { b.x, b.y, b.height = 0, b.y+b.height, 0 }

func (b *board) nextID() int {
	n := 1
	for _, p := range b.Panels {
		n += 1 + len(p.Panels)
	}
	return n
}

// section begins a row; collapsed ones open by a click, and cost no query before.
func (b *board) section(title string, collapsed bool) {
	b.row = nil
	b.newLine()
	p := &panel{ID: b.nextID(), Type: "row", Title: title, GridPos: gridPos{H: 1, W: columns, Y: b.y}, Collapsed: &collapsed}
	b.Panels = append(b.Panels, p)
	b.y++
	if collapsed {
		b.row = p
	}
}

// query is a PromQL expression and how its series are called.
type query struct{ expr, legend string }

func one(expr string) []query { return []query{{expr: expr}} }

func targets(queries []query, instant bool, format string) []target {
	out := make([]target, len(queries))
	for i, q := range queries {
		legend := q.legend
		if legend == "" {
			legend = "__auto"
		}
		out[i] = target{RefID: string(rune('A' + i)), Datasource: prometheus, Expr: q.expr, LegendFormat: legend, Instant: instant, Range: !instant, Format: format}
	}
	return out
}

// at colours values from the given ones on: at("green", 1, "red") is green below 1.
func at(lowest string, more ...any) *thresholds {
	t := &thresholds{Mode: "absolute", Steps: []step{{Color: lowest}}}
	for i := 0; i+1 < len(more); i += 2 {
		var v float64
		switch n := more[i].(type) {
		case int:
			v = float64(n)
		case float64:
			v = n
		}
		t.Steps = append(t.Steps, step{Color: more[i+1].(string), Value: &v})
	}
	return t
}

// values maps numbers to words.
func values(words ...mappingResult) []mapping {
	options := make(map[string]mappingResult, len(words))
	for i, w := range words {
		w.Index = i
		options[string(rune('0'+i))] = w
	}
	return []mapping{{Type: "value", Options: options}}
}

func number(v float64) *float64 { return &v }

func stat(title, description, unit string, colours *thresholds, expr string) *panel {
	return &panel{
		Type: "stat", Title: title, Description: description, Datasource: prometheus, Targets: targets(one(expr), true, ""),
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: field{
			Unit: unit, NoValue: "–", Color: map[string]any{"mode": "thresholds"}, Thresholds: colours,
		}},
		Options: map[string]any{
			"colorMode": "background", "graphMode": "none", "justifyMode": "auto", "textMode": "auto",
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

func series(title, description, unit string, queries ...query) *panel {
	return &panel{
		Type: "timeseries", Title: title, Description: description, Datasource: prometheus, Targets: targets(queries, false, ""),
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: field{
			Unit: unit, Min: number(0), Color: map[string]any{"mode": "palette-classic"},
			Custom: map[string]any{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": false, "stacking": map[string]any{"mode": "none"}},
		}},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"mean", "max", "lastNotNull"}},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
}

// stacked puts the series of a panel on top of each other.
func stacked(p *panel) *panel {
	p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal"}
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	return p
}

// limited draws a line where it becomes bad, and colours what is beyond.
func limited(p *panel, colours *thresholds) *panel {
	p.FieldConfig.Defaults.Thresholds = colours
	p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
	return p
}

// share is a series between 0 and 1.
func share(p *panel) *panel {
	p.FieldConfig.Defaults.Unit, p.FieldConfig.Defaults.Max = "percentunit", number(1)
	return p
}

func timeline(title, description string, words []mapping, queries ...query) *panel {
	return &panel{
		Type: "state-timeline", Title: title, Description: description, Datasource: prometheus, Targets: targets(queries, false, ""),
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: field{
			Color: map[string]any{"mode": "thresholds"}, Custom: map[string]any{"fillOpacity": 75, "lineWidth": 0}, Mappings: words, Thresholds: at("transparent"),
		}},
		Options: map[string]any{
			"mergeValues": true, "rowHeight": 0.85, "showValue": "auto", "alignValue": "left",
			"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false},
			"tooltip": map[string]any{"mode": "single", "sort": "none"},
		},
	}
}

func heatmap(title, description, unit, expr string) *panel {
	p := &panel{
		Type: "heatmap", Title: title, Description: description, Datasource: prometheus, Targets: targets([]query{{expr, "{{le}}"}}, false, "heatmap"),
		FieldConfig: &fieldConfig{Overrides: []override{}},
		Options: map[string]any{
			"calculate": false, "cellGap": 1, "showValue": "never",
			"color":  map[string]any{"mode": "scheme", "scheme": "Spectral", "reverse": true, "steps": 64, "exponent": 0.5},
			"yAxis":  map[string]any{"unit": unit, "axisPlacement": "left"},
			"legend": map[string]any{"show": true}, "tooltip": map[string]any{"mode": "single", "yHistogram": false},
		},
	}
	return p
}

// bars shows the present values side by side.
func bars(title, description, unit string, colours *thresholds, q query) *panel {
	return &panel{
		Type: "bargauge", Title: title, Description: description, Datasource: prometheus, Targets: targets([]query{q}, true, ""),
		FieldConfig: &fieldConfig{Overrides: []override{}, Defaults: field{
			Unit: unit, Min: number(0), Color: map[string]any{"mode": "thresholds"}, Thresholds: colours,
		}},
		Options: map[string]any{
			"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color",
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

// column is a column of a table: a label of the series, or the value of a query, which is called Value #A and so on.
type column struct {
	name, title string
	properties  []property
}

// table joins queries by a label.
func table(title, description, by string, columns []column, queries ...query) *panel {
	names, order := map[string]string{}, map[string]int{}
	var keep []string
	var overrides []override
	for i, c := range columns {
		names[c.name], order[c.name] = c.title, i
		keep = append(keep, c.name)
		if len(c.properties) > 0 {
			overrides = append(overrides, override{Matcher: matcher{ID: "byName", Options: c.title}, Properties: c.properties})
		}
	}
	p := &panel{
		Type: "table", Title: title, Description: description, Datasource: prometheus, Targets: targets(queries, true, "table"),
		FieldConfig: &fieldConfig{Overrides: overrides, Defaults: field{
			NoValue: "nothing", Custom: map[string]any{"align": "auto", "filterable": true, "cellOptions": map[string]any{"type": "auto"}},
		}},
		Options: map[string]any{"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false}},
	}
	if len(queries) > 1 {
		p.Transformations = append(p.Transformations, transformation{ID: "joinByField", Options: map[string]any{"byField": by, "mode": "outer"}})
	}
	p.Transformations = append(p.Transformations,
		transformation{ID: "filterFieldsByName", Options: map[string]any{"include": map[string]any{"names": keep}}},
		transformation{ID: "organize", Options: map[string]any{"renameByName": names, "indexByName": order, "excludeByName": map[string]any{}}},
	)
	return p
}

// linked makes the cells of a column lead somewhere.
func linked(title, url string) property {
	return property{ID: "links", Value: []fieldLink{{Title: title, URL: url, TargetBlank: strings.HasPrefix(url, "http")}}}
}

func inUnit(unit string) property { return property{ID: "unit", Value: unit} }

// coloured fills the cells of a column by thresholds or words.
func coloured(t *thresholds, m []mapping) []property {
	p := []property{{ID: "custom.cellOptions", Value: map[string]any{"type": "color-background", "mode": "basic"}}}
	if t != nil {
		p = append(p, property{ID: "thresholds", Value: t})
	}
	if m != nil {
		p = append(p, property{ID: "mappings", Value: m})
	}
	return p
}
