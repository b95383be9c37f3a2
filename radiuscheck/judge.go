package radiuscheck

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// judge says what an exchange means. login is nil for a Status-Server.
func (c *Config) judge(r *Result, ex *exchange.Result, login credentials, key *packet.Key) {
	r.Start, r.Total, r.Latency = ex.Start, ex.Total, ex.Latency
	r.Retransmissions, r.Replies = ex.Retransmissions(), ex.Counts
	if ex.Reply == nil {
		c.judgeSilence(r, ex)
		return
	}
	r.Code, r.Signed = ex.Reply.Code(), ex.Signed
	r.Message = c.message(ex.Reply)
	if login != nil {
		c.judgeReply(r, ex, login, key)
	}
	if took := r.took(); c.Slow > 0 && took >= c.Slow {
		r.Warning = failure(Slow, fmt.Sprintf("The %s came after %s%s.", r.Code, rounded(took), times(r.Retransmissions)))
	}
}

// took is how long the user of a gateway would have waited.
func (r *Result) took() time.Duration {
	if r.Latency > 0 {
		return r.Latency
	}
	return r.Total
}

// judgeSilence is for an exchange without answer.
func (c *Config) judgeSilence(r *Result, ex *exchange.Result) {
	waited := fmt.Sprintf(" in %s%s", rounded(ex.Total), times(r.Retransmissions))
	switch n := &ex.Counts; {
	case n[exchange.BadAuthenticator] > 0:
		r.fail(BadAuthenticator, fmt.Sprintf("%d replies came%s, none of them made with our secret.", n[exchange.BadAuthenticator], waited))
	case n[exchange.Malformed] > 0:
		r.fail(Malformed, fmt.Sprintf("%d packets came%s that are no replies to the request.", n[exchange.Malformed], waited))
	case ex.Unreachable != "":
		r.fail(Unreachable, "No answer"+waited+": "+ex.Unreachable+".")
	default:
		r.fail(Timeout, "No answer"+waited+".")
	}
}

// judgeReply is for the answer to a login.
func (c *Config) judgeReply(r *Result, ex *exchange.Result, login credentials, key *packet.Key) {
	switch r.Code {
	case packet.AccessAccept:
		auth := ex.Request.Authenticator()
		login.verify(r, ex.Reply, &auth, key)
	case packet.AccessChallenge:
		r.fail(Challenge, "The server wants an answer to a challenge"+colon(r.Message)+".")
	default:
		detail := ""
		if v, ok := ex.Reply.LookupVendor(microsoft, msCHAPError); ok && len(v) > 1 {
			r.MSCHAPError, detail = mschapError(c.clean(string(v[1:]))) // the first octet is an identifier
		}
		r.fail(Rejected, "The server rejects "+protocols[r.Method]+colon(strings.TrimSpace(detail+" "+r.Message))+".")
	}
	if !r.Signed && c.RequireSigned && r.Code != packet.AccessChallenge {
		r.fail(MessageAuthenticatorMissing, fmt.Sprintf("The %s has no Message-Authenticator.", r.Code))
	}
}

// review compares the results of a round: what one method found explains what another did.
// answered says that an Access-Request got an answer, in this round or the last that had one.
func review(results []Result, answered bool) {
	status, foreign := false, false
	signed := make(map[Method]bool)
	for i := range results {
		r := &results[i]
		status = status || r.Method == Status && r.Answered()
		foreign = foreign || r.Failure != nil && r.Failure.Cause == BadAuthenticator
		if r.Signing == Always && r.Answered() {
			signed[r.Method] = true
		}
	}
	for i := range results {
		r := &results[i]
		if r.Failure == nil || r.Failure.Cause != Timeout {
			continue
		}
		switch {
		case !r.Method.UsesPassword() && answered && !status:
			r.Warning = failure(Unsupported, "No answer to Status-Server, but to Access-Request.")
			r.Failure = nil
		case r.Method.UsesPassword() && r.Signing == Never && signed[r.Method]:
			r.Failure = failure(MessageAuthenticatorRequired, "An Access-Request with Message-Authenticator is answered, the same without is not. "+r.Failure.Detail)
		case foreign:
			r.Failure.Hint = keysDiffer
		case r.Method.UsesPassword() && status && r.Signing == Never:
			r.Failure.Hint = behind + wantsSigned
		case r.Method.UsesPassword() && status:
			r.Failure.Hint = behind
		}
	}
}

// message is the text for the user. The server may send back what it was sent.
func (c *Config) message(p packet.Packet) string {
	for t, v := range p.All() {
		if t == packet.ReplyMessage {
			return c.clean(string(v))
		}
	}
	return ""
}

// clean makes a text of the server fit to be shown.
func (c *Config) clean(s string) string {
	const minSecret = 4 // a shorter one would be found in every other word
	for _, secret := range []string{c.Password, c.Secret} {
		if len(secret) >= minSecret {
			s = strings.ReplaceAll(s, secret, "[REDACTED]")
		}
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	return strings.TrimRight(s, ". ")
}

// protocols are the names of the methods that log in.
var protocols = map[Method]string{PAP: "PAP", CHAP: "CHAP", MSCHAPv2: "MS-CHAPv2"}

// mschapErrors are the E= of RFC 2759, section 6.
var mschapErrors = map[int]string{
	646: "restricted logon hours", 647: "account disabled", 648: "password expired", 649: "no dial-in permission",
	691: "authentication failure", 709: "password change failed",
}

// mschapError reads MS-CHAP-Error, "E=691 R=1 C=... V=3 M=...".
func mschapError(s string) (code int, text string) {
	for f := range strings.FieldsSeq(s) {
		if v, ok := strings.CutPrefix(f, "E="); ok {
			code, _ = strconv.Atoi(v) // 0 if it is no number
			break
		}
	}
	if code == 0 {
		return 0, ""
	}
	text = fmt.Sprintf("E=%d", code)
	if known, ok := mschapErrors[code]; ok {
		text += " (" + known + ")"
	}
	if _, m, ok := strings.Cut(s, "M="); ok {
		text += " " + m
	}
	return code, text
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

func times(retransmissions int) string {
	switch retransmissions {
	case 0:
		return ""
	case 1:
		return " and 1 retransmission"
	}
	return fmt.Sprintf(" and %d retransmissions", retransmissions)
}

// rounded makes a duration readable.
func rounded(d time.Duration) time.Duration {
	if d >= time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}
