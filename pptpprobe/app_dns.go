package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/net/dns/dnsmessage"
)

// maxDNSAnswers bounds the records of an answer that a result holds, and
// maxAnswerText the length of each.
const (
	maxDNSAnswers = 16
	maxAnswerText = 256
)

// queryTypes are what can be asked for.
var queryTypes = []struct {
	name string
	typ  dnsmessage.Type
}{
	{"A", dnsmessage.TypeA}, {"AAAA", dnsmessage.TypeAAAA}, {"CNAME", dnsmessage.TypeCNAME}, {"MX", dnsmessage.TypeMX},
	{"NS", dnsmessage.TypeNS}, {"PTR", dnsmessage.TypePTR}, {"SOA", dnsmessage.TypeSOA}, {"SRV", dnsmessage.TypeSRV},
	{"TXT", dnsmessage.TypeTXT},
}

// QueryTypes lists the record types that a [CheckDNS] can ask for.
func QueryTypes() []string {
	names := make([]string, len(queryTypes))
	for i, t := range queryTypes {
		names[i] = t.name
	}
	return names
}

// question is the query for exactly name.
func question(name, typ string) (dnsmessage.Question, error) {
	n, err := dnsmessage.NewName(strings.TrimSuffix(name, ".") + ".")
	if err != nil {
		return dnsmessage.Question{}, err
	}
	q := dnsmessage.Question{Name: n, Class: dnsmessage.ClassINET}
	for _, t := range queryTypes {
		if t.name == typ {
			q.Type = t.typ
		}
	}
	return q, nil
}

// checkDNS asks each server on its own, all at the same time: a client that has
// two of them waits for the first one, however good the second is.
func (e *checkEnv) checkDNS(ctx context.Context, r *CheckResult) {
	d := &DNSResult{}
	r.DNS = d
	servers := e.dns
	if r.Check.Server.IsValid() {
		servers = []netip.Addr{r.Check.Server}
	}
	q, err := question(r.Check.Query, r.Check.QueryType)
	switch {
	case err != nil:
		r.fail(CauseAppDNSError, err, "the name %q cannot be asked for: %s", r.Check.Query, err)
		return
	case len(servers) == 0:
		r.fail(CauseAppDNSError, nil, "the gateway pushed no name server to ask for %s", r.Check.Query)
		return
	}
	d.Servers = make([]DNSServerResult, len(servers))
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() {
			a, err := e.exchange(ctx, server, q)
			d.Servers[i] = serverResult(r.Check, server, &a, err)
		})
	}
	wg.Wait()
	good := 0
	for i := range d.Servers {
		if d.Servers[i].Failure == nil {
			good++
		} else if r.Failure == nil {
			f := *d.Servers[i].Failure
			r.Failure = &f
		}
	}
	if r.Failure != nil && len(servers) > 1 {
		r.Failure.Detail += fmt.Sprintf("; %d of %d servers gave an answer", good, len(servers))
	}
}

func serverResult(c Check, server netip.Addr, a *dnsAnswer, err error) DNSServerResult {
	s := DNSServerResult{Server: server, Requests: a.requests, TCP: a.tcp}
	what := c.Query + " " + c.QueryType
	fail := func(cause Cause, format string, args ...any) {
		s.Failure = newFailure(StageApp, cause, fmt.Sprintf(format, args...), err)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		fail(CauseAppDNSError, "%s refuses queries: nothing listens on port %d", server, dnsPort)
		return s
	case err != nil && timedOut(err):
		over := ""
		if a.tcp {
			over = " over TCP, after a truncated answer over UDP"
		}
		fail(CauseAppDNSTimeout, "%s did not answer %d requests for %s within %s%s", server, a.requests, what, c.Timeout, over)
		return s
	case errors.Is(err, errDNSMalformed):
		fail(CauseAppDNSError, "%s answered %s, but %s", server, what, err)
		return s
	case err != nil:
		fail(CauseAppDNSTimeout, "%s was not reached for %s: %s", server, what, rootError(err))
		return s
	}
	s.RCode, s.Latency = rcodeText(a.msg.RCode), a.latency
	for i := range a.msg.Answers[:min(len(a.msg.Answers), maxDNSAnswers)] {
		s.Answers = append(s.Answers, recordText(&a.msg.Answers[i]))
	}
	switch {
	case a.msg.RCode != dnsmessage.RCodeSuccess:
		fail(CauseAppDNSError, "%s answered %s with %s", server, what, s.RCode)
	case len(a.msg.Answers) == 0:
		fail(CauseAppDNSError, "%s knows the name, but has no record for %s", server, what)
	}
	return s
}

// rcodeText is the name of a response code as operators know it (RFC 1035 §4.1.1).
func rcodeText(c dnsmessage.RCode) string {
	names := [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
	if int(c) < len(names) {
		return names[c]
	}
	return "RCODE" + strconv.Itoa(int(c))
}

// recordText is the data of a record, as zone files have it.
func recordText(r *dnsmessage.Resource) string {
	var text string
	switch b := r.Body.(type) {
	case *dnsmessage.AResource:
		text = netip.AddrFrom4(b.A).String()
	case *dnsmessage.AAAAResource:
		text = netip.AddrFrom16(b.AAAA).String()
	case *dnsmessage.CNAMEResource:
		text = "CNAME " + b.CNAME.String()
	case *dnsmessage.NSResource:
		text = b.NS.String()
	case *dnsmessage.PTRResource:
		text = b.PTR.String()
	case *dnsmessage.MXResource:
		text = fmt.Sprintf("%d %s", b.Pref, b.MX)
	case *dnsmessage.SRVResource:
		text = fmt.Sprintf("%d %d %d %s", b.Priority, b.Weight, b.Port, b.Target)
	case *dnsmessage.SOAResource:
		text = fmt.Sprintf("%s %s %d", b.NS, b.MBox, b.Serial)
	case *dnsmessage.TXTResource:
		text = strings.Join(b.TXT, "")
	default:
		text = strings.TrimPrefix(r.Header.Type.String(), "Type")
	}
	return printable(text[:min(len(text), maxAnswerText)])
}
