package walk

import (
	"context"
	"errors"
	"fmt"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// Bounds of one request. net-snmp puts at most 100 variables into the answer to a
// GETBULK, whatever is asked for.
const (
	maxVarbinds   = 100
	startVarbinds = 40 // about 1,400 octets of answer: one packet
	maxGet        = 24 // objects of a GET, which also have to fit into the request
)

// Tuning is what a [Walker] has learnt about the size of the answers that an agent
// can give. It is worth keeping between polls. The zero value knows nothing.
type Tuning struct {
	Varbinds int // of the next request
	Ceiling  int // not to be exceeded: more has failed
}

// Stats counts what a [Walker] has done.
type Stats struct {
	Requests int // PDUs sent, with repeated ones
	Retries  int // PDUs sent again because of a timeout or an answer of no use
	Varbinds int // variables received
	Denied   int // variables received from forbidden subtrees, and dropped
}

// Add adds what another one has done.
func (s *Stats) Add(o Stats) {
	s.Requests += o.Requests
	s.Retries += o.Retries
	s.Varbinds += o.Varbinds
	s.Denied += o.Denied
}

// Walker reads from one agent. It is used by one goroutine, and has one request
// under way at a time.
type Walker struct {
	r       Requester
	retries int
	tuning  Tuning
	stats   Stats
}

// New returns a walker that sends a request again up to retries times.
func New(r Requester, retries int, t Tuning) *Walker {
	if t.Varbinds < 1 {
		t.Varbinds = startVarbinds
	}
	if t.Ceiling < 1 {
		t.Ceiling = maxVarbinds
	}
	// What failed once may have been a lost packet: room for one more each time.
	t.Ceiling = min(t.Ceiling+1, maxVarbinds)
	t.Varbinds = min(t.Varbinds, t.Ceiling)
	return &Walker{r: r, retries: retries, tuning: t}
}

// Tuning returns what has been learnt.
func (w *Walker) Tuning() Tuning { return w.tuning }

// Stats returns what has been done since [New].
func (w *Walker) Stats() Stats { return w.stats }

// shrink makes the next request smaller, and says whether it can be.
func (w *Walker) shrink() bool {
	if w.tuning.Varbinds <= 1 {
		return false
	}
	w.tuning.Varbinds /= 2
	w.tuning.Ceiling = w.tuning.Varbinds
	return true
}

// grow makes the next request bigger after one that was answered in full.
func (w *Walker) grow() {
	w.tuning.Varbinds = min(w.tuning.Varbinds+w.tuning.Varbinds/4+1, w.tuning.Ceiling)
}

// exchange sends the request that build makes for a number of variables, and sends
// it again, smaller, while the agent cannot answer it. A response with an error-status
// other than tooBig is returned as it is.
func (w *Walker) exchange(ctx context.Context, what string, build func(varbinds int) *Request) (*Request, *Response, error) {
	for tries := 0; ; {
		req := build(w.tuning.Varbinds)
		resp, err := w.do(ctx, req)
		switch k := KindOf(err); k {
		case "":
			if resp.Status != StatusTooBig {
				return req, resp, nil
			}
			if !w.shrink() {
				return nil, nil, &Error{Kind: KindTooBig, What: what}
			}
			w.stats.Retries++
			continue
		case KindTimeout, KindMalformed, KindEmpty:
			if tries++; tries <= w.retries {
				w.stats.Retries++
				// The first time it may have been a lost packet, then it is taken for too much.
				if k == KindTimeout && (tries > 1 || tries == w.retries) && len(req.OIDs)*max(req.Repetitions, 1) > 1 {
					w.shrink()
					w.tuning.Varbinds = max(w.tuning.Varbinds/2, 1)
				}
				continue
			}
		}
		return nil, nil, in(what, err)
	}
}

// in says what an error is about.
func in(what string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return &Error{Kind: e.Kind, What: what, Err: e.Err}
	}
	return &Error{Kind: KindMalformed, What: what, Err: err}
}

// do is the only way to the agent. Nothing in a forbidden subtree passes it, in
// either direction.
func (w *Walker) do(ctx context.Context, r *Request) (*Response, error) {
	for _, o := range r.OIDs {
		if f, denied := oid.Denied(o); denied {
			return nil, &Error{Kind: KindForbidden, Err: fmt.Errorf("%s is in %s (%s): it is never asked for", o, f.Root, f.Why)}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	w.stats.Requests++
	resp, err := w.r.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	w.stats.Varbinds += len(resp.Vars)
	if len(resp.Vars) == 0 && resp.Status == StatusOK {
		return nil, &Error{Kind: KindEmpty}
	}
	if len(resp.Vars) > len(r.OIDs)*max(r.Repetitions, 1) {
		return nil, &Error{Kind: KindMalformed, Err: errors.New("more variables than were asked for")}
	}
	for i := range resp.Vars {
		if _, denied := oid.Denied(resp.Vars[i].OID); denied {
			w.stats.Denied++
			resp.Vars[i].Value = Value{}
		}
	}
	return resp, nil
}

func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: KindBudget, Err: err}
	}
	return &Error{Kind: KindCanceled, Err: err}
}

// statusError is the error of a response whose error-status is not one that the
// walker can deal with.
func statusError(what string, s Status) error {
	k := KindAgent
	if s == StatusNoAccess || s == StatusAuthorizationError {
		k = KindAccess
	}
	return &Error{Kind: k, What: what, Err: fmt.Errorf("error-status %d", s)}
}
