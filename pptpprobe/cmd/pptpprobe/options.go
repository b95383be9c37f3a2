package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// checkOptions are the command line of check.
type checkOptions struct {
	target       pptpprobe.Target
	depthGiven   bool
	passwordFile string
	firstCheck   string // the option of the first check

	json, nagios, quiet bool
	help, version       bool
	warning, critical   *threshold // nil: none
}

var (
	authMethods = []chap.Method{chap.MethodMSCHAPv2, chap.MethodMSCHAPv1, chap.MethodMD5, chap.MethodPAP}
	mppeModes   = []ppp.Security{ppp.MPPERequire, ppp.MPPEPrefer, ppp.MPPERefuse}
	strengths   = []mppe.Strength{mppe.Bits128, mppe.Bits56, mppe.Bits40}
)

const defaultPort = 1723

// options lists all options of check, in the order of the help.
func (c *checkOptions) options() []option {
	t := &c.target
	return []option{
		{"u", "user", "USER", "log in as USER, which may carry a domain (CORP\\probe)", text(&t.Username)},
		{"", "password-file", "FILE", "read the password from the first line of FILE; - is stdin", text(&c.passwordFile)},
		{"d", "depth", "DEPTH", "how far to go: " + strings.Join(pptpprobe.Depths(), ", ") +
			" (gre; with -u network; with a check application)", c.setDepth},
		{"", "auth", "METHODS", "acceptable methods: " + strings.Join(names(authMethods), ", ") + " (mschap_v2)", c.setAuth},
		{"", "mppe", "MODE", "encryption: " + strings.Join(names(mppeModes), ", ") + " (prefer)", c.setMPPE},
		{"", "mppe-strength", "BITS", "acceptable key lengths: 128, 56, 40 (128)", c.setStrengths},
		{"", "stateful", "", "allow stateful encryption if the gateway insists on it", yes(&t.MPPE.Stateful)},
		{"", "mru", "BYTES", "what to ask the gateway to keep its packets below, 576 to 1500 (1400)", c.setMRU},
		{"", "local", "ADDRESS", "address of this host to probe from", c.setLocal},
		{"t", "timeout", "TIME", "limit of the session before its teardown, as 20 or 20s; a stage gets at most 80 % of it (30s)", c.setTimeout},
		{"", "ping", "ADDRESS", "ping an IPv4 address through the tunnel; peer is the gateway's end of it; repeatable", c.addPing},
		{"", "http", "URL", "fetch a URL through the tunnel, names resolved there; repeatable", c.addHTTP},
		{"", "tcp", "HOST:PORT", "connect through the tunnel; repeatable", c.addTCP},
		{"", "dns", "NAME", "ask each DNS server that the gateway pushed for NAME; repeatable", c.addDNS},
		{"", "mtu", "ADDRESS", "find the largest packet that passes to an IPv4 address, or to peer; repeatable", c.addMTU},
		{"", "throughput", "URL", "download up to 4 MiB through the tunnel, and say how fast; repeatable", c.addThroughput},
		{"", "echo", "", "measure the round trips of LCP and of the control connection", c.addEcho},
		{"", "capture", "DIR", "if the session fails, write its packets to a pcapng file in DIR; secrets are masked", c.setCapture},
		{"", "no-link-info", "", "send no Set-Link-Info, which some pass-through routers do not survive", yes(&t.NoLinkInfo)},
		{"", "json", "", "print one JSON object", yes(&c.json)},
		{"", "nagios", "", "print one status line with performance data, and exit like a monitoring plugin", yes(&c.nagios)},
		{"w", "warning", "RANGE", "with --nagios: WARNING if the whole session takes seconds outside of RANGE (5, 1:5, @5:)", limit(&c.warning)},
		{"c", "critical", "RANGE", "with --nagios: CRITICAL in the same way", limit(&c.critical)},
		{"q", "quiet", "", "print the verdict only", yes(&c.quiet)},
		{"h", "help", "", "print this", yes(&c.help)},
		{"", "version", "", "print the version", yes(&c.version)},
	}
}

// parseCheck reads the command line of check. The password is missing yet.
func parseCheck(args []string) (*checkOptions, error) {
	c := &checkOptions{target: pptpprobe.Target{
		MPPE: pptpprobe.MPPE{Mode: ppp.MPPEPrefer},
		// What is slow enough to be said, as in the receiver pptp_probe.
		Thresholds: pptpprobe.Thresholds{TCPConnect: time.Second, Auth: 5 * time.Second, GRELoss: 0.1},
	}}
	operands, err := parse(args, c.options())
	if err != nil || c.help || c.version {
		return c, err
	}
	switch len(operands) {
	case 1:
		c.target.Host, c.target.Port, err = parseEndpoint(operands[0])
	case 0:
		err = errors.New("whom to probe? pptpprobe check HOST[:PORT] [-u USER]")
	default: // the others are not repeated: one might be a password
		err = fmt.Errorf("%d arguments besides the options, expected just one: HOST[:PORT]", len(operands))
	}
	if err != nil {
		return c, err
	}
	return c, c.complete()
}

// complete sets what follows from other options, and finds contradictions.
func (c *checkOptions) complete() error {
	t := &c.target
	if !c.depthGiven {
		switch {
		case len(t.Checks) > 0:
			t.Depth = pptpprobe.DepthApplication
		case t.Username != "":
			t.Depth = pptpprobe.DepthNetwork
		default:
			t.Depth = pptpprobe.DepthGRE
		}
	}
	t.Budgets = budgetsWithin(t.Timeout)
	var errs []error
	switch {
	case c.logsIn() && t.Username == "":
		errs = append(errs, fmt.Errorf("--user: is missing; depth %s logs in, so give -u USER, or use --depth gre and no checks", t.Depth))
	case !c.logsIn() && c.passwordFile != "":
		errs = append(errs, fmt.Errorf("--password-file: depth %s does not log in; leave it out, or use a deeper --depth with -u USER", t.Depth))
	}
	switch n := len(t.Checks); {
	case t.Depth == pptpprobe.DepthApplication && n == 0:
		errs = append(errs, errors.New("--depth: application sends traffic, so say which: --ping, --http, --tcp, --dns, --mtu, --throughput or --echo"))
	case t.Depth != pptpprobe.DepthApplication && n > 0:
		errs = append(errs, fmt.Errorf("--depth: %s ends before any traffic; leave it out, or leave out --%s", t.Depth, c.firstCheck))
	}
	if !c.nagios && (c.warning != nil || c.critical != nil) {
		errs = append(errs, errors.New("--warning and --critical: are for --nagios; add it, or leave them out"))
	}
	if c.json && c.nagios || c.json && c.quiet || c.nagios && c.quiet {
		errs = append(errs, errors.New("--json, --nagios and --quiet: give one of them"))
	}
	if len(errs) == 0 {
		errs = append(errs, t.Validate()) // what only the probe knows
	}
	return errors.Join(errs...)
}

// logsIn says whether the session needs a password.
func (c *checkOptions) logsIn() bool { return c.target.Depth >= pptpprobe.DepthAuth }

// budgetsWithin shortens the stages' usual budgets to 80 % of a short time-out.
// A gateway that answers nothing over GRE is then found in gre.no_reply, not in
// local.deadline, which says nothing about it.
func budgetsWithin(timeout time.Duration) pptpprobe.Budgets {
	longest := timeout / 5 * 4
	within := func(seconds time.Duration) time.Duration {
		if timeout == 0 {
			return 0
		}
		return min(seconds*time.Second, longest)
	}
	return pptpprobe.Budgets{
		DNS: within(5), TCP: within(5), Control: within(12), Call: within(10), GRE: within(10),
		LCP: within(15), Auth: within(15), CCP: within(10), IPCP: within(10),
	}
}
