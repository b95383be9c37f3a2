package gateway

import (
	"net/netip"
	"slices"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// IPCP options (RFC 1332; name servers: RFC 1877).
const (
	optAddress = 3
	optDNS1    = 129
	optDNS2    = 131
)

// ipcpPolicy is what the gateway asks for and grants in IPCP.
type ipcpPolicy struct {
	cfg    *Config
	faults func() *Faults
	host   linkHost

	noAddress bool // the client rejected our own address option
	extra     extraOptions
	given     netip.Addr
	rounds    int
}

// Request implements ppp.Policy.
func (p *ipcpPolicy) Request() []ppp.Option {
	extra := p.extra.open(p.cfg.Manners.IPCPOptions)
	if p.noAddress {
		return extra
	}
	a := p.cfg.LocalIP
	if f := p.faults(); f.IPCPLocal.Is4() {
		a = f.IPCPLocal
	}
	return append(extra, addressOption(optAddress, a))
}

// Judge implements ppp.Policy.
func (p *ipcpPolicy) Judge(req []ppp.Option) (ppp.Code, []ppp.Option) {
	f := p.faults()
	var rej, nak []ppp.Option
	hasAddress := false
	judge := func(o ppp.Option, want netip.Addr, ok bool) {
		switch {
		case !ok:
			rej = append(rej, o)
		case optionAddress(o) != want:
			nak = append(nak, addressOption(o.Type, want))
		}
	}
	for _, o := range req {
		if len(o.Data) != 4 {
			rej = append(rej, o) // also Van Jacobson compression, which the gateway does not have
			continue
		}
		switch o.Type {
		case optAddress:
			hasAddress = true
			want, ok := p.address(optionAddress(o), f)
			if ok && !want.IsValid() {
				nak = append(nak, addressOption(optAddress, netip.IPv4Unspecified()))
				continue
			}
			judge(o, want, ok)
		case optDNS1, optDNS2:
			want, ok := p.dns(o.Type, f)
			judge(o, want, ok)
		default:
			rej = append(rej, o)
		}
	}
	if len(rej) > 0 {
		return ppp.ConfRej, rej
	}
	if !hasAddress {
		// RFC 1332 section 3.3: suggest the option that the client did not ask for.
		if want, ok := p.address(netip.IPv4Unspecified(), f); ok && want.IsValid() {
			nak = append(nak, addressOption(optAddress, want))
		}
	}
	if len(nak) > 0 {
		return ppp.ConfNak, nak
	}
	return ppp.ConfAck, nil
}

// address is what the client gets; false: the option is rejected; the zero Addr:
// there is none.
func (p *ipcpPolicy) address(asked netip.Addr, f *Faults) (netip.Addr, bool) {
	switch {
	case f.IPCPNoAddress == NoAddressNak:
		return netip.Addr{}, true
	case f.IPCPNoAddress == NoAddressReject:
		return netip.Addr{}, false
	case f.IPCPRefuseAddress && !asked.IsUnspecified() && asked != p.given:
		return netip.Addr{}, false
	case f.IPCPLoop:
		p.rounds++
		return fromUint32(toUint32(p.cfg.Pool.Addr()) + 2 + uint32(p.rounds%2)), true
	case f.IPCPAddress.Is4():
		return p.host.takeAddress(f.IPCPAddress, true)
	}
	a, ok := p.host.takeAddress(asked, false)
	if !ok {
		return netip.Addr{}, true // the pool is empty
	}
	p.given = a
	return a, true
}

// dns is the first or second server to push.
func (p *ipcpPolicy) dns(option uint8, f *Faults) (netip.Addr, bool) {
	i := 0
	if option == optDNS2 {
		i = 1
	}
	if f.IPCPNoDNS || i >= len(p.cfg.DNS) {
		return netip.Addr{}, false
	}
	return p.cfg.DNS[i], true
}

// Ack implements ppp.Policy.
func (p *ipcpPolicy) Ack([]ppp.Option) {}

// Nak implements ppp.Policy: the gateway's own address is not negotiable.
func (p *ipcpPolicy) Nak([]ppp.Option) {}

// Reject implements ppp.Policy.
func (p *ipcpPolicy) Reject(opts []ppp.Option) {
	p.extra.reject(opts)
	p.noAddress = p.noAddress || slices.ContainsFunc(opts, func(o ppp.Option) bool { return o.Type == optAddress })
}

func addressOption(t uint8, a netip.Addr) ppp.Option {
	b := a.As4()
	return ppp.Option{Type: t, Data: b[:]}
}

// optionAddress reads an option of four octets.
func optionAddress(o ppp.Option) netip.Addr { return netip.AddrFrom4([4]byte(o.Data)) }
