package evidence

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// matches tells whether all attributes are there, on the point or else on the resource.
func matches(list []matcher, point, resource pcommon.Map) bool {
	for i := range list {
		if !list[i].holds(point, resource) {
			return false
		}
	}
	return true
}

func attribute(key string, point, resource pcommon.Map) (pcommon.Value, bool) {
	if v, ok := point.Get(key); ok {
		return v, true
	}
	return resource.Get(key)
}

func (m *matcher) holds(point, resource pcommon.Map) bool {
	v, ok := attribute(m.key, point, resource)
	if !ok {
		return m.none
	}
	if m.any {
		return true
	}
	text := v.Str()
	if v.Type() != pcommon.ValueTypeStr {
		text = v.AsString()
	}
	if len(m.not) > 0 && len(m.values) == 0 {
		return !slices.Contains(m.not, text)
	}
	return slices.Contains(m.values, text) || m.none && text == ""
}

// textOf is an attribute that is a text, or else empty.
func textOf(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.Str()
	}
	return ""
}
