package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// resolve turns the host of the target into an address.
func (s *session) resolve() {
	now := time.Now()
	if a, err := netip.ParseAddr(s.t.Host); err == nil {
		s.stages.skip(StageDNS, now)
		s.res.PeerAddr = a
		return
	}
	s.stages.begin(StageDNS, now)
	ctx, cancel := context.WithTimeout(s.ctx, s.t.Budgets.DNS)
	defer cancel()
	addrs, err := s.p.opts.Resolver.LookupNetIP(ctx, "ip4", s.t.Host)
	if s.gaveUp() {
		return
	}
	var dns *net.DNSError
	switch {
	case err == nil && len(addrs) > 0:
		s.res.PeerAddr = addrs[0].Unmap()
		if s.peer.IsValid() {
			s.res.PeerAddr = s.peer
		}
		s.stages.done(time.Now())
	case ctx.Err() != nil || errors.As(err, &dns) && dns.IsTimeout:
		s.failWith(StageDNS, CauseDNSTimeout, fmt.Sprintf("no answer for %s within %s", s.t.Host, s.t.Budgets.DNS), err)
	case err == nil, errors.As(err, &dns) && dns.IsNotFound, isAddrError(err):
		s.failWith(StageDNS, CauseDNSNotFound, s.t.Host+" has no IPv4 address", err)
	default:
		s.failWith(StageDNS, CauseDNSServfail, "the resolver could not answer for "+s.t.Host, err)
	}
}

// isAddrError recognises the resolver's "no suitable address": names exist, but
// none with an IPv4 address.
func isAddrError(err error) bool {
	var a *net.AddrError
	return errors.As(err, &a)
}

// connect opens the TCP connection of the control connection.
func (s *session) connect() {
	s.stages.begin(StageTCP, time.Now())
	ctx, cancel := context.WithTimeout(s.ctx, s.t.Budgets.TCP)
	defer cancel()
	w := &connectWatch{}
	d := net.Dialer{KeepAlive: -1, Control: w.control}
	if s.t.LocalAddr.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(s.t.LocalAddr, 0))
	}
	to := netip.AddrPortFrom(s.res.PeerAddr, s.t.Port)
	dial := d.DialContext
	if s.p.opts.dial != nil {
		dial = s.p.opts.dial
	}
	c, err := dial(ctx, "tcp4", to.String()) // Go's dialer sets TCP_NODELAY
	icmp := w.finish(c)
	if s.gaveUp() {
		if c != nil {
			_ = c.Close()
		}
		return
	}
	if err != nil {
		s.connectFailed(to, err, icmp)
		return
	}
	s.conn = c
	s.res.LocalAddr = c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	s.captureOpened(time.Now())
	s.stages.done(time.Now())
	s.tcpIn = make(chan tcpChunk)
	go readControl(s.conn, s.tcpIn)
}

func (s *session) connectFailed(to netip.AddrPort, err error, icmp *ICMPError) {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && (icmp == nil || icmp.Code == icmpPortUnreachable):
		s.failWith(StageTCP, CauseTCPRefused, to.String()+" refused the connection", err)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		s.failWith(StageTCP, CauseTCPTimeout, fmt.Sprintf("no answer from %s within %s", to, s.t.Budgets.TCP), err)
	default: // host or network unreachable, prohibited, or no route on this host
		s.failWith(StageTCP, CauseTCPUnreachable, to.String()+" cannot be reached: "+rootError(err), err)
	}
	s.fail.ICMP = icmp
	if icmp != nil {
		s.fail.Detail += ", " + icmp.describe()
	}
}

// rootError is the innermost text of err, without the addresses around it.
func rootError(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no.Error()
	}
	return err.Error()
}

// controlChunk is how much is read of a control connection at a time. The buffer
// lives as long as the session; the longest message has 220 bytes.
const controlChunk = 256

// readControl passes what the server sends on the control connection to the
// session, until the stream ends; that end is the last chunk.
func readControl(c net.Conn, to chan<- tcpChunk) {
	defer close(to)
	var buf [controlChunk]byte
	for {
		n, err := c.Read(buf[:])
		if n > 0 {
			to <- tcpChunk{data: append([]byte(nil), buf[:n]...)}
		}
		if err != nil {
			to <- tcpChunk{err: err}
			return
		}
	}
}

// startControl exchanges Start-Control-Connection-Request and -Reply.
func (s *session) startControl() {
	now := time.Now()
	s.stages.begin(StageControl, now)
	id, ok := s.p.ids.take(now, s.res.PeerAddr)
	if !ok {
		s.failWith(StageControl, CauseLocalCallIDExhausted, "all call ids towards "+s.res.PeerAddr.String()+" are in use or in quarantine", nil)
		return
	}
	s.res.CallID = id
	cfg := control.ClientConfig{
		HostName: s.t.HostName, Vendor: s.t.Vendor,
		CallID: id, CallSerial: id,
		SendLinkInfo: !s.t.NoLinkInfo,
	}
	if s.held != nil {
		cfg.EchoInterval = s.held.cfg.ControlEcho
	}
	s.ctrl = control.NewClient(cfg)
	s.ctrl.Start(now)
	if s.pump(s.t.Budgets.Control, func() bool { return s.seen.sccrp }) {
		s.stages.done(time.Now())
		return
	}
	s.failUnlessFailed(StageControl, CauseControlSCCRPTimeout, fmt.Sprintf(
		"TCP connected, but no Start-Control-Connection-Reply came within %s", s.t.Budgets.Control))
}

// gaveUp turns the end of the session's context into its failure.
func (s *session) gaveUp() bool {
	if s.ctx.Err() == nil {
		return false
	}
	s.cancelled()
	return true
}
