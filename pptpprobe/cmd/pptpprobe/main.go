package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// The exit codes, if --nagios does not ask for those of a plugin.
const (
	exitOK     = 0
	exitFailed = 1 // the session failed
	exitUsage  = 2 // it could not be tried: bad usage, or a fault of this host
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the teardown
	code := run(ctx, os.Args[1:], hostEnvironment())
	stop()
	os.Exit(code)
}

// prober is a [pptpprobe.Probe].
type prober interface {
	Run(context.Context, pptpprobe.Target) *pptpprobe.Result
	Close() error
}

// environment is what the command finds around it.
type environment struct {
	stdin          *os.File
	stdout, stderr io.Writer
	lookupEnv      func(string) (string, bool)
	isTerminal     func(any) bool // whether a stream is one; false for what is no file
	openTTY        func() (*os.File, error)
	canOpenGRE     func() bool
	newProbe       func() prober
}

func hostEnvironment() *environment {
	return &environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		lookupEnv:  os.LookupEnv,
		isTerminal: isTerminal,
		openTTY:    openTTY,
		canOpenGRE: canOpenGRE,
		newProbe:   func() prober { return pptpprobe.New(pptpprobe.Options{}) },
	}
}

var commands = []string{"check", "causes", "help"}

// run is the whole command; it returns the exit code.
func run(ctx context.Context, args []string, env *environment) int {
	if len(args) == 0 {
		fmt.Fprint(env.stderr, overview)
		return exitUsage
	}
	command, rest := args[0], args[1:]
	switch command {
	case "check":
		return check(ctx, rest, env)
	case "causes":
		return causes(rest, env)
	case "help", "-h", "-help", "--help":
		return help(rest, env)
	case "version", "-version", "--version":
		fmt.Fprintln(env.stdout, version())
		return exitOK
	}
	err := fmt.Errorf("unknown command %q; %s", command, suggest.OneOf(command, commands))
	if strings.ContainsAny(command, ".:") { // a host
		err = fmt.Errorf("unknown command %q; to probe a gateway: pptpprobe check %s", command, command)
	}
	if strings.HasPrefix(command, "-") { // an option, perhaps with a password
		err = errors.New("the command comes first, then its options: pptpprobe check HOST -u USER")
	}
	return usage(env, slices.Contains(args, "--nagios"), err)
}

// usage reports what cannot be tried, to the one who reads: a person at stderr,
// or a monitoring system at stdout.
func usage(env *environment, nagios bool, err error) int {
	if nagios {
		fmt.Fprintf(env.stdout, "PPTP %s - %s\n", stateUnknown, pluginText(strings.ReplaceAll(err.Error(), "\n", "; ")))
		return stateUnknown.exitCode()
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(env.stderr, "pptpprobe: %s\n", line)
	}
	return exitUsage
}

// version is that of the module, where it was built from a released one.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return fmt.Sprintf("pptpprobe %s, %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
