package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// check is the command that runs one session.
func check(ctx context.Context, args []string, env *environment) int {
	c, err := parseCheck(args)
	switch {
	case err != nil:
		return usage(env, c.nagios || asksForNagios(args), err)
	case c.help:
		fmt.Fprint(env.stdout, checkHelp())
		return exitOK
	case c.version:
		fmt.Fprintln(env.stdout, version())
		return exitOK
	}
	if c.logsIn() {
		if c.target.Password, err = password(ctx, c, env); err != nil {
			return usage(env, c.nagios, err)
		}
	}
	s := probe(ctx, c, env)
	switch {
	case c.nagios:
		st, line := s.nagios(c.warning, c.critical)
		fmt.Fprintln(env.stdout, line)
		return st.exitCode()
	case c.json:
		err = s.writeJSON(env.stdout)
	case c.quiet:
		_, err = io.WriteString(env.stdout, s.verdictLine()+"\n")
	default:
		_, err = io.WriteString(env.stdout, s.text(colours(env)))
	}
	if err != nil {
		return usage(env, false, fmt.Errorf("write the result: %w", err))
	}
	return s.verdict().exitCode()
}

// asksForNagios finds --nagios in a command line that could not be parsed as
// far as that: the monitoring system wants to be answered in its own way.
func asksForNagios(args []string) bool {
	return slices.Contains(args, "--nagios") || slices.Contains(args, "-nagios")
}

// probe runs the session. When ctx ends, it is torn down and said to be interrupted.
func probe(ctx context.Context, c *checkOptions, env *environment) *session {
	p := env.newProbe()
	defer func() { _ = p.Close() }()
	if env.isTerminal(env.stderr) && !c.nagios {
		defer announce(ctx, env.stderr, clean(c.target.Host, ""))()
	}
	res := p.Run(ctx, c.target)
	return &session{res: res, target: c.target, interrupted: ctx.Err() != nil && hasCause(res, pptpprobe.CauseLocalDeadline)}
}

// announce says what is going on, until the function it returns takes that back.
func announce(ctx context.Context, stderr io.Writer, host string) (over func()) {
	fmt.Fprintf(stderr, "probing %s ...", host)
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		select {
		case <-ctx.Done():
			fmt.Fprint(stderr, "\ninterrupted, ending the session (Ctrl-C again leaves at once) ...")
		case <-done:
		}
	})
	return func() {
		close(done)
		wait.Wait()
		fmt.Fprint(stderr, "\r\x1b[K")
	}
}

func hasCause(r *pptpprobe.Result, c pptpprobe.Cause) bool {
	return r.Failure != nil && r.Failure.Cause == c
}

// colours says whether what reads stdout shows colours (https://no-color.org).
func colours(env *environment) bool {
	no, _ := env.lookupEnv("NO_COLOR")
	term, _ := env.lookupEnv("TERM")
	return no == "" && term != "dumb" && env.isTerminal(env.stdout)
}

// verdict is how the session went.
type verdict string

// The verdicts; they are values of the JSON output.
const (
	verdictOK          verdict = "ok"
	verdictFailed      verdict = "failed"      // by the gateway, or on the way to it
	verdictLocal       verdict = "local"       // a fault of this host, or its time-out, which says nothing about the gateway
	verdictInterrupted verdict = "interrupted" // by Ctrl-C
)

func (v verdict) exitCode() int {
	switch v {
	case verdictOK:
		return exitOK
	case verdictFailed:
		return exitFailed
	}
	return exitUsage
}

// session is a session that has ended, and what was asked of it.
type session struct {
	res         *pptpprobe.Result
	target      pptpprobe.Target
	interrupted bool
}

func (s *session) verdict() verdict {
	switch f := s.res.Failure; {
	case f == nil:
		return verdictOK
	case s.interrupted:
		return verdictInterrupted
	case f.Cause == "" || isLocal(f.Cause):
		return verdictLocal
	}
	return verdictFailed
}

// isLocal says whether a cause is a fault of this host. Two of them are found
// in the stage of GRE, and have their names from it.
func isLocal(c pptpprobe.Cause) bool {
	return strings.HasPrefix(string(c), "local.") || c == pptpprobe.CauseGRESendError || c == pptpprobe.CauseGRENoReplyLocal
}

// isNote says whether a warning is only worth mentioning: teardown.no_cdn is
// what every session with poptop has.
func isNote(c pptpprobe.Cause) bool {
	i, _ := c.Info()
	return i.Severity == pptpprobe.SeverityInfo
}

// endpoint is the gateway as it was given, with its port if that is not the usual one.
func (s *session) endpoint() string {
	if s.target.Port == defaultPort {
		return s.clean(s.target.Host)
	}
	return fmt.Sprintf("%s:%d", s.clean(s.target.Host), s.target.Port)
}

// verdictLine is the verdict in one line.
func (s *session) verdictLine() string {
	f := s.res.Failure
	switch v := s.verdict(); v {
	case verdictOK:
		return "OK: " + s.success()
	case verdictInterrupted:
		return fmt.Sprintf("INTERRUPTED in stage %s: %s", f.Stage, s.endpoint())
	case verdictLocal:
		return fmt.Sprintf("NO VERDICT, %s in stage %s: %s", causeName(f), f.Stage, s.clean(f.Detail))
	default:
		return fmt.Sprintf("FAILED, %s in stage %s: %s", causeName(f), f.Stage, s.clean(f.Detail))
	}
}

func (s *session) success() string {
	t := fmt.Sprintf("%s reached depth %s in ", s.endpoint(), s.target.Depth)
	if s.res.Connect > 0 {
		return t + fmt.Sprintf("%s, connected after %s", took(s.res.Duration), took(s.res.Connect))
	}
	return t + took(s.res.Duration)
}

// took writes a duration for people: 12.3 ms, 2.10 s.
func took(d time.Duration) string {
	if d < time.Second {
		return milliseconds(d) + " ms"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}

// causeName is the cause; only a target that the probe does not accept has none.
func causeName(f *pptpprobe.Failure) string {
	if f.Cause == "" {
		return "invalid target"
	}
	return string(f.Cause)
}

// clean makes a text fit to be shown, see [clean].
func (s *session) clean(t string) string { return clean(t, string(s.target.Password)) }
