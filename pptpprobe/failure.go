package pptpprobe

import "time"

// failWith sets the failure of the session, unless there is one already.
func (s *session) failWith(stage Stage, c Cause, detail string, err error) {
	if s.fail != nil {
		return
	}
	s.fail = newFailure(stage, c, detail, err)
}

func (s *session) failUnlessFailed(stage Stage, c Cause, detail string) {
	s.failWith(stage, c, detail, nil)
}

func newFailure(stage Stage, c Cause, detail string, err error) *Failure {
	return &Failure{Stage: stage, Cause: c, Detail: detail, Hint: c.Hint(), ResultCode: -1, ErrorCode: -1, Err: err}
}

// warn notes a warning, each cause once.
func (s *session) warn(stage Stage, c Cause, detail string) {
	for _, w := range s.res.Warnings {
		if w.Cause == c {
			return
		}
	}
	s.res.Warnings = append(s.res.Warnings, Warning{Stage: stage, Cause: c, Detail: detail, Hint: c.Hint(), At: time.Now()})
}
