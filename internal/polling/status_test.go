package polling

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
)

// statusHost remembers what the component reports.
type statusHost struct {
	component.Host
	events []*componentstatus.Event
}

func (h *statusHost) Report(e *componentstatus.Event) { h.events = append(h.events, e) }

func TestStatus(t *testing.T) {
	boom := errors.New("boom")
	h := &statusHost{Host: componenttest.NewNopHost()}
	s := NewStatus(h, 2, "servers answers")
	var got []componentstatus.Status
	for _, step := range []struct {
		target  string
		err     error
		failing int
		want    componentstatus.Status // StatusNone: nothing
	}{
		{"a", boom, 1, componentstatus.StatusNone},
		{"a", boom, 1, componentstatus.StatusNone},
		{"b", nil, 1, componentstatus.StatusOK},
		{"b", nil, 1, componentstatus.StatusNone},
		{"b", boom, 2, componentstatus.StatusRecoverableError},
		{"a", boom, 2, componentstatus.StatusNone},
		{"a", nil, 1, componentstatus.StatusOK},
		{"b", nil, 0, componentstatus.StatusNone},
	} {
		if step.want != componentstatus.StatusNone {
			got = append(got, step.want)
		}
		s.Update(step.target, step.err)
		assert.Equal(t, step.failing, s.Failing())
		assert.Len(t, h.events, len(got))
	}
	for i, e := range h.events {
		assert.Equal(t, got[i], e.Status())
	}
	assert.ErrorIs(t, h.events[1].Err(), boom)
	assert.EqualError(t, h.events[1].Err(), "none of 2 servers answers: boom")
}
