package snmpppp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

func malformed(format string, args ...any) error {
	return &Error{Kind: walk.KindMalformed, Err: fmt.Errorf(format, args...)}
}

// reportError translates the reports that gosnmp returns as an answer, which are those
// that come a second time.
func reportError(p *gosnmp.SnmpPacket) error {
	if len(p.Variables) > 0 {
		if k, ok := reports[p.Variables[0].Name]; ok {
			return &Error{Kind: k, Err: errReport}
		}
	}
	return malformed("a report of an unknown kind")
}

var errReport = errors.New("the agent sent a report instead of an answer")

// reports are the counters that a Report PDU names (RFC 3414 section 3.2, RFC 3412
// section 7.2, RFC 3413 section 3.2).
var reports = map[string]walk.Kind{
	".1.3.6.1.6.3.15.1.1.1.0": walk.KindSecurityLevel,
	".1.3.6.1.6.3.15.1.1.2.0": walk.KindNotInTime,
	".1.3.6.1.6.3.15.1.1.3.0": walk.KindUnknownUser,
	".1.3.6.1.6.3.15.1.1.4.0": walk.KindUnknownEngine,
	".1.3.6.1.6.3.15.1.1.5.0": walk.KindWrongDigest,
	".1.3.6.1.6.3.15.1.1.6.0": walk.KindDecryption,
	".1.3.6.1.6.3.11.2.1.1.0": walk.KindSecurityLevel,
	".1.3.6.1.6.3.12.1.4.0":   walk.KindUnknownContext,
	".1.3.6.1.6.3.12.1.5.0":   walk.KindUnknownContext,
}

// reportIn finds the counter of a report in a message of SNMPv3 that is not encrypted.
// It only names a failure that there is in any case: nothing else is believed of what is
// not authentic.
func reportIn(message []byte) (walk.Kind, bool) {
	for _, r := range reportOctets {
		if bytes.Contains(message, r.oid) {
			return r.kind, true
		}
	}
	return "", false
}

// reportOctets are reports, encoded.
var reportOctets = func() (list []struct {
	oid  []byte
	kind walk.Kind
}) {
	for name, k := range reports {
		octets := []byte{0x2b} // 1.3
		for _, arc := range strings.Split(name, ".")[3:] {
			n, _ := strconv.Atoi(arc)
			octets = append(octets, byte(n)) // all are below 128
		}
		list = append(list, struct {
			oid  []byte
			kind walk.Kind
		}{append([]byte{0x06, byte(len(octets))}, octets...), k})
	}
	return list
}()

// gosnmpErrors are what gosnmp makes of the reports itself.
var gosnmpErrors = []struct {
	err  error
	kind walk.Kind
}{
	{gosnmp.ErrUnknownUsername, walk.KindUnknownUser},
	{gosnmp.ErrWrongDigest, walk.KindWrongDigest},
	{gosnmp.ErrNotInTimeWindow, walk.KindNotInTime},
	{gosnmp.ErrDecryption, walk.KindDecryption},
	{gosnmp.ErrUnknownSecurityLevel, walk.KindSecurityLevel},
	{gosnmp.ErrUnknownSecurityModels, walk.KindSecurityLevel},
	{gosnmp.ErrUnknownEngineID, walk.KindUnknownEngine},
	{gosnmp.ErrUnknownReportPDU, walk.KindUnknownContext},
}

// classify makes an [Error] of one of gosnmp's. Its text is kept only where it cannot
// hold what the agent sent, or a secret.
func (c *client) classify(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return contextError(ctx.Err())
	}
	// The socket's deadline, which is that of ctx, may pass a moment before ctx notices.
	if d, ok := ctx.Deadline(); ok && time.Until(d) < time.Millisecond {
		return contextError(context.DeadlineExceeded)
	}
	for _, e := range gosnmpErrors {
		if errors.Is(err, e.err) {
			return &Error{Kind: e.kind, Err: e.err}
		}
	}
	text := err.Error()
	if c.conn != nil {
		if k, ok := reportIn(c.conn.head); ok {
			return &Error{Kind: k, Err: errReport}
		}
	}
	switch {
	case errors.Is(err, gosnmp.ErrMaxRetriesExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return &Error{Kind: walk.KindTimeout, Err: fmt.Errorf("no answer within %s%s", c.target.Timeout, c.silence())}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &Error{Kind: walk.KindRefused, Err: errRefused}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM),
		errors.Is(err, syscall.EADDRNOTAVAIL):
		return &Error{Kind: walk.KindUnreachable, Err: unwrapErrno(err)}
	case strings.Contains(text, "not authentic"):
		return &Error{Kind: walk.KindWrongDigest, Err: errors.New("the answer is not authentic")}
	case strings.Contains(text, "engine ID"):
		return &Error{Kind: walk.KindUnknownEngine, Err: errors.New("the agent's engine id is none")}
	}
	return malformed("the answer does not parse")
}

var errRefused = errors.New("nothing listens on the port, or the connection was closed")

// silence says why else than by absence an agent may not answer.
func (c *client) silence() string {
	switch {
	case c.usm == nil:
		return " (to a wrong community agents do not answer)"
	case c.usm.AuthoritativeEngineID != "" && c.target.Auth.PrivProtocol != "":
		return " (it has answered the discovery: to a wrong priv_passphrase or priv_protocol agents do not answer)"
	}
	return ""
}

func unwrapErrno(err error) error {
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return nil
}

func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: walk.KindBudget, Err: err}
	}
	return &Error{Kind: walk.KindCanceled, Err: err}
}
