package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

// option is one option of the command line. The standard flag package ends at
// the first argument that is none, and people write the host first.
type option struct {
	short, long string // without dashes; short may be empty
	arg         string // what the value is; empty: the option has none
	help        string
	set         func(value string) error // value is empty if the option has none
}

func (o *option) name() string { return "--" + o.long }

// errPassword is for who gives a password as an argument. It must not repeat it.
var errPassword = errors.New("a password cannot be given as an argument: every user of this host could read it (ps), and it would stay in your shell's history; " +
	"use --password-file FILE (- for stdin), the environment variable " + passwordVariable + ", or wait for the prompt; a port is a part of HOST:PORT")

// parse sets the options and returns the arguments that are none. Options may
// come in any order, with one dash or two, and with "=" or a space before the value.
// Its errors repeat names, never values that might be passwords.
func parse(args []string, options []option) (operands []string, err error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(operands, args[i+1:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			operands = append(operands, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		o := find(options, name)
		switch {
		case o == nil && looksLikePassword(name, strings.HasPrefix(arg, "--")):
			return nil, errPassword
		case o == nil:
			return nil, unknownOption(name, options)
		case o.arg == "" && hasValue:
			return nil, fmt.Errorf("%s: takes no value", o.name())
		case o.arg != "" && !hasValue:
			if i++; i == len(args) || isOption(args[i], options) {
				return nil, fmt.Errorf("%s: the value is missing; give %s %s", o.name(), o.name(), o.arg)
			}
			value = args[i]
		}
		if err := o.set(value); err != nil {
			return nil, fmt.Errorf("%s: %w", o.name(), err)
		}
	}
	return operands, nil
}

func find(options []option, name string) *option {
	for i := range options {
		if o := &options[i]; name == o.long || name == o.short && name != "" {
			return o
		}
	}
	return nil
}

// isOption says whether arg is an option that exists.
func isOption(arg string, options []option) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
	return find(options, name) != nil
}

// looksLikePassword recognises -p, -pSECRET, --password, --pass and --passwd.
func looksLikePassword(name string, twoDashes bool) bool {
	name = strings.ToLower(name)
	return name == "p" || strings.HasPrefix(name, "pass") || name == "pw" || !twoDashes && strings.HasPrefix(name, "p")
}

func unknownOption(name string, options []option) error {
	longs := make([]string, len(options))
	for i := range options {
		longs[i] = options[i].long
	}
	if best := suggest.Nearest(name, longs); best != "" {
		return fmt.Errorf("unknown option %q; did you mean --%s? (pptpprobe help check lists all)", "-"+name, best)
	}
	return fmt.Errorf("unknown option %q; pptpprobe help check lists all", "-"+name)
}
