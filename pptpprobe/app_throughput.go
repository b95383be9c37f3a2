package pptpprobe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// uploadShare is the part of a check's time in which an upload sends. In the
	// rest, what is in buffers arrives, and the answer.
	uploadShare = 0.66
	// stalledBelow is how little a transfer that stops may have brought to count as
	// one that never got going, and not as a slow one.
	stalledBelow = 32 << 10
	// inFlight is the most of an upload that is not yet with the server: the send
	// buffer, and that of the HTTP client.
	inFlight  = transferSend + 8<<10
	chunkSize = 16 << 10
)

// checkThroughput moves bytes over one connection, until there have been enough
// or the time is over. The latter is not a failure: the rate is known then too.
func (e *checkEnv) checkThroughput(ctx context.Context, r *CheckResult) {
	res := &ThroughputResult{Direction: r.Check.Direction}
	r.Throughput = res
	if res.Direction == Upload {
		e.upload(ctx, r)
	} else {
		e.download(ctx, r)
	}
	if c := r.Check; r.Failure == nil && c.MinRate > 0 && res.Rate() < c.MinRate {
		r.warn(CauseAppThroughputLow, "the %s of %d bytes took %s, %.0f bytes a second, less than %.0f",
			res.Direction, res.Bytes, res.Elapsed.Round(time.Millisecond), res.Rate(), c.MinRate)
	}
}

func (e *checkEnv) download(ctx context.Context, r *CheckResult) {
	c, res, t := r.Check, r.Throughput, &httpTimes{}
	resp := e.roundTrip(ctx, r, t, http.MethodGet, http.NoBody)
	defer resp.close()
	res.Connect = t.connect()
	if r.Failure != nil || !transferable(r, resp.status) {
		return
	}
	begun, last := time.Unix(0, t.wrote.Load()), time.Now()
	var err error
	for b := make([]byte, chunkSize); res.Bytes < c.MaxBytes; {
		var n int
		n, err = resp.body.Read(b[:min(chunkSize, c.MaxBytes-res.Bytes)])
		if n > 0 {
			res.Bytes += int64(n)
			last = time.Now()
		}
		if err != nil {
			break
		}
	}
	res.Elapsed = last.Sub(begun)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		res.Complete = true
		if res.Bytes == 0 {
			r.fail(CauseAppHTTPStatus, nil, "status %d, but the answer of %s has no body to measure with", res.Status, c.url())
		}
	case !timedOut(err):
		r.fail(CauseAppHTTPTimeout, err, "the download broke off after %d bytes: %s", res.Bytes, rootError(err))
	case res.Bytes < stalledBelow && time.Since(last) > time.Since(begun)/2:
		r.fail(CauseAppHTTPTimeout, err, "the download stopped after %d bytes", res.Bytes)
	default:
		res.Elapsed = time.Since(begun) // that nothing came at the end counts too
	}
}

func (e *checkEnv) upload(ctx context.Context, r *CheckResult) {
	c, res, t := r.Check, r.Throughput, &httpTimes{}
	end := time.Now().Add(time.Duration(float64(c.Timeout) * uploadShare))
	body := &filler{left: c.MaxBytes, end: end, rng: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))} //nolint:gosec // not a secret, just not compressible
	resp := e.roundTrip(ctx, r, t, http.MethodPost, io.NopCloser(body))
	defer resp.close()
	answered := time.Now()
	res.Connect = t.connect()
	res.Bytes = body.sent.Load()
	begun := time.Unix(0, body.begun.Load())
	if r.Failure != nil {
		// What did not fit into the buffers any more has arrived.
		if arrived := res.Bytes - inFlight; r.Failure.Cause == CauseAppHTTPTimeout && arrived > 0 {
			r.Failure = nil
			res.Bytes, res.Elapsed = arrived, answered.Sub(begun)
		}
		return
	}
	if !transferable(r, resp.status) {
		return
	}
	res.Elapsed, res.Complete = answered.Sub(begun), !body.cut.Load()
}

// transferable says whether the answer has the right status for a transfer.
func transferable(r *CheckResult, status int) bool {
	r.Throughput.Status = status
	if status < 200 || status > 299 {
		r.fail(CauseAppHTTPStatus, nil, "status %d for the %s, expected 200 to 299", status, r.Check.Direction)
		return false
	}
	return true
}

// filler is the body of an upload: bytes that nothing on the way can compress,
// until there have been enough or it is time to stop. It is read by another
// goroutine than looks at the counters.
type filler struct {
	left int64
	end  time.Time
	rng  *rand.Rand

	sent, begun atomic.Int64 // bytes, and Unix nanoseconds of the first Read
	cut         atomic.Bool  // by time
}

// Read implements io.Reader.
func (f *filler) Read(b []byte) (int, error) {
	now := time.Now()
	f.begun.CompareAndSwap(0, now.UnixNano())
	switch {
	case f.left == 0:
		return 0, io.EOF
	case now.After(f.end):
		f.cut.Store(true)
		return 0, io.EOF
	}
	n := int(min(f.left, int64(len(b)), chunkSize))
	var word [8]byte
	for i := 0; i < n; i += len(word) {
		binary.LittleEndian.PutUint64(word[:], f.rng.Uint64())
		copy(b[i:n], word[:])
	}
	f.left -= int64(n)
	f.sent.Add(int64(n))
	return n, nil
}
