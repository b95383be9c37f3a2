// Command pptpgw runs the simulated PPTP gateway of this project's testbed.
//
//	pptpgw -listen 127.0.0.2:1723 -user probe -password-file secret.txt
//	pptpgw -list-faults
//	pptpgw -fault auth.rejected
//	pptpgw -persona rras
//
// The password comes from -password-file, or from the environment variable
// PPTPGW_PASSWORD; there is no flag for it, because every user of the host can
// read a command line. It needs CAP_NET_RAW for GRE.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

const passwordVariable = "PPTPGW_PASSWORD"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "pptpgw:", err)
			os.Exit(1)
		}
	}
}

// options are the command line.
type options struct {
	listen, user, passwordFile, faults string
	mppe, auth, persona                string
	listFaults, noGRE, verbose         bool
	seed                               uint64
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("pptpgw", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.listen, "listen", "127.0.0.2:1723", "address and port of the control connection; GRE uses the same address")
	fs.StringVar(&o.user, "user", "probe", "name of the one user")
	fs.StringVar(&o.passwordFile, "password-file", "", "file with the user's password in its first line (else: $"+passwordVariable+")")
	fs.StringVar(&o.faults, "fault", "", "fault to begin with, see -list-faults")
	fs.BoolVar(&o.listFaults, "list-faults", false, "print the faults and exit")
	fs.StringVar(&o.mppe, "mppe", "prefer", "encryption: prefer, require or refuse, and after a comma: 40, 56, 128, stateful")
	fs.StringVar(&o.auth, "auth", "mschap_v2", "authentication to offer, in this order: pap, chap_md5, mschap_v1, mschap_v2, eap, with commas between")
	fs.StringVar(&o.persona, "persona", "", "product whose manners to take on: "+strings.Join(gateway.PersonaNames(), ", "))
	fs.BoolVar(&o.noGRE, "no-gre", false, "control connection only; needs no privilege")
	fs.Uint64Var(&o.seed, "seed", 1, "seed of loss, reordering and duplication")
	fs.BoolVar(&o.verbose, "v", false, "log what is not a session event as well")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.listFaults {
		return listFaults(stdout)
	}
	cfg, err := o.config()
	if err != nil {
		return err
	}
	printer := newPrinter(stdout)
	cfg.Observe = printer.event
	if o.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	gw, err := gateway.Start(ctx, cfg)
	if err != nil {
		return err
	}
	printer.line("listening on %s, user %q, %s", gw.Addr(), o.user, o.summary())
	<-ctx.Done()
	if err := gw.Close(); err != nil {
		return err
	}
	s := gw.Stats()
	printer.line("%d sessions, %d established, %d ended cleanly", s.Connections, s.Established, s.ClosedClean)
	return nil
}

func (o *options) summary() string {
	s := "no fault"
	if o.faults != "" {
		s = "fault " + o.faults
	}
	if o.persona != "" {
		s += ", as " + o.persona
	}
	return s
}

func (o *options) config() (gateway.Config, error) {
	listen, err := netip.ParseAddrPort(o.listen)
	if err != nil {
		return gateway.Config{}, fmt.Errorf("-listen: %q is not an address with a port, such as 127.0.0.2:1723", o.listen)
	}
	password, err := o.password()
	if err != nil {
		return gateway.Config{}, err
	}
	cfg := gateway.Config{Listen: listen, Users: map[string]string{o.user: password}, NoGRE: o.noGRE, Seed: o.seed}
	if cfg.MPPE, err = parseMPPE(o.mppe); err != nil {
		return cfg, err
	}
	if cfg.Auth, err = parseAuth(o.auth); err != nil {
		return cfg, err
	}
	if o.persona != "" {
		p, ok := gateway.PersonaByName(o.persona)
		if !ok {
			return cfg, fmt.Errorf("-persona: %q is unknown; use %s", o.persona, strings.Join(gateway.PersonaNames(), ", "))
		}
		cfg = p.Apply(cfg)
	}
	if o.faults != "" {
		f, ok := gateway.FaultByName(o.faults)
		if !ok {
			return cfg, fmt.Errorf("-fault: %q is unknown; pptpgw -list-faults prints those there are", o.faults)
		}
		cfg.Faults = f
	}
	return cfg, nil
}

func (o *options) password() (string, error) {
	if o.passwordFile != "" {
		b, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return "", fmt.Errorf("-password-file: %w", err)
		}
		first, _, _ := strings.Cut(string(b), "\n")
		return strings.TrimSuffix(first, "\r"), nil
	}
	if p, ok := os.LookupEnv(passwordVariable); ok {
		return p, nil
	}
	return "", fmt.Errorf("no password: give -password-file, or set %s", passwordVariable)
}

func parseAuth(s string) ([]chap.Method, error) {
	var methods []chap.Method
	for name := range strings.SplitSeq(s, ",") {
		m := chap.MethodPAP
		for m <= chap.MethodEAP && m.String() != strings.TrimSpace(name) {
			m++
		}
		if m > chap.MethodEAP {
			return nil, fmt.Errorf("-auth: %q is unknown; use pap, chap_md5, mschap_v1, mschap_v2 or eap", name)
		}
		methods = append(methods, m)
	}
	return methods, nil
}

func listFaults(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "FAULT\tCAUSE\tWHAT THE GATEWAY DOES\tNEEDS")
	for _, f := range gateway.Catalog() {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, strings.Join(f.Causes, ", "), f.About, f.NeedsConfig)
	}
	return t.Flush()
}
