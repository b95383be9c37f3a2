package walk

import "context"

// Op is what a request does. There is no SET.
type Op uint8

// The requests.
const (
	OpGet Op = iota
	OpGetNext
	OpGetBulk
)

// Request is one PDU.
type Request struct {
	Op          Op
	OIDs        []string // without a leading dot
	Repetitions int      // of a GETBULK
}

// Status is the error-status of a response (RFC 3416 section 3).
type Status uint8

// The statuses that are told apart.
const (
	StatusOK                 Status = 0
	StatusTooBig             Status = 1
	StatusNoSuchName         Status = 2
	StatusGenErr             Status = 5
	StatusNoAccess           Status = 6
	StatusAuthorizationError Status = 16
)

// Var is one variable of a response.
type Var struct {
	OID   string // without a leading dot
	Value Value
}

// Response is the answer to a request.
type Response struct {
	Status Status
	Index  int   // of the variable that Status is about, from 1; 0: none
	Vars   []Var // in the order of the answer
}

// Requester sends one request and returns its answer, with one attempt: the
// [Walker] retries, because after a timeout it asks for less. The answer is valid
// until the next call.
//
// An error is an [*Error]. A requester checks that an answer belongs to the request
// (request-id, version, type), not what is in it. It is used by one goroutine.
type Requester interface {
	Do(ctx context.Context, r *Request) (*Response, error)
	// Bulk says whether the agent's version of SNMP has GETBULK.
	Bulk() bool
}
