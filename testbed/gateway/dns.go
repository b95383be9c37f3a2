package gateway

import (
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// DefaultZone is what the DNS service knows by default: gateway.pptp.test is the
// gateway's own address in the tunnel, www.pptp.test a host beyond it.
func DefaultZone(local netip.Addr) map[string]netip.Addr {
	return map[string]netip.Addr{
		"gateway.pptp.test": local,
		"www.pptp.test":     netip.AddrFrom4([4]byte{192, 0, 2, 80}),
	}
}

const dnsTTL = 60 // seconds

// answerDNS answers a DNS query from the zone; nil: it is not one. code, if not
// 0, is the answer to everything.
func answerDNS(query []byte, zone map[string]netip.Addr, code uint8) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil || h.Response {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	addr, known := zone[name]
	h = dnsmessage.Header{
		ID: h.ID, Response: true, OpCode: h.OpCode, Authoritative: true, RecursionDesired: h.RecursionDesired, RecursionAvailable: true,
	}
	switch {
	case code != 0:
		h.RCode, known = dnsmessage.RCode(code), false
	case !known:
		h.RCode = dnsmessage.RCodeNameError
	}
	b := dnsmessage.NewBuilder(nil, h)
	if b.StartQuestions() != nil || b.Question(q) != nil || b.StartAnswers() != nil {
		return nil
	}
	if known && q.Type == dnsmessage.TypeA && q.Class == dnsmessage.ClassINET {
		r := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: dnsTTL}
		if b.AResource(r, dnsmessage.AResource{A: addr.As4()}) != nil {
			return nil
		}
	}
	answer, err := b.Finish()
	if err != nil {
		return nil
	}
	return answer
}
