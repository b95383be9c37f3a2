package main

import (
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

const overview = `usage: pptpprobe COMMAND

  check HOST[:PORT] [-u USER]  run one PPTP session and say how it went
  causes [CAUSE]               list the causes of failures, or explain one
  help [COMMAND]               print help
  --version                    print the version
`

const causesHelp = `usage: pptpprobe causes [CAUSE or STAGE ...]

Lists all causes that a session can fail or warn with. With the name of a
cause, such as gre.no_reply, says what it means, what usually lies behind it and
what to do; with that of a stage, such as gre, lists the causes of this stage.
`

// checkHelp is made from the options, so that none is missing.
func checkHelp() string {
	var w strings.Builder
	w.WriteString(`usage: pptpprobe check HOST[:PORT] [options]

Runs one PPTP session with a gateway, tears it down in order, and prints its
stages, what was agreed, and if it failed, the one cause and what to do.

`)
	for _, o := range new(checkOptions).options() {
		name := "    --" + o.long
		if o.short != "" {
			name = "-" + o.short + ", --" + o.long
		}
		if o.arg != "" {
			name += " " + o.arg
		}
		for i, l := range wrap(o.help, pageWidth-helpColumn-2) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&w, "  %-*s%s\n", helpColumn, name, l)
		}
	}
	w.WriteString(`
Long options may have one dash or two, and "=" or a space before the value.

The password comes from --password-file, else from the environment variable
` + passwordVariable + `, else from a prompt: never from an argument, because every user of
the host can read those. Every depth but control needs CAP_NET_RAW.

Exit codes: 0 the session reached its depth, 1 it failed, 2 no verdict (bad
usage, a fault of this host, its time-out, Ctrl-C). With --nagios: 0 OK,
1 WARNING (warnings, -w), 2 CRITICAL (failed, -c), 3 UNKNOWN (no verdict).
`)
	return w.String()
}

const helpColumn = 28

// help is the command that prints help.
func help(args []string, env *environment) int {
	if len(args) == 0 {
		fmt.Fprint(env.stdout, overview)
		return exitOK
	}
	switch args[0] {
	case "check":
		fmt.Fprint(env.stdout, checkHelp())
	case "causes":
		fmt.Fprint(env.stdout, causesHelp)
	case "help":
		fmt.Fprint(env.stdout, overview)
	default:
		return usage(env, false, fmt.Errorf("no help for %q; %s", args[0], suggest.OneOf(args[0], commands)))
	}
	return exitOK
}
