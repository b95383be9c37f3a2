package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// passwordVariable is the environment variable with the password.
const passwordVariable = "PPTP_PASSWORD"

// maxPassword bounds what is read of a source; a file that was given by mistake may be large.
const maxPassword = 4096

// password reads the password from the first source there is: the file, the
// environment, the person at the terminal.
func password(ctx context.Context, c *checkOptions, env *environment) (pptpprobe.Secret, error) {
	switch fromEnv, ok := env.lookupEnv(passwordVariable); {
	case c.passwordFile == "-" && !env.isTerminal(env.stdin):
		return firstLine(env.stdin, "--password-file: stdin")
	case c.passwordFile != "" && c.passwordFile != "-":
		f, err := os.Open(c.passwordFile) //nolint:gosec // the path is the user's own
		if err != nil {
			return "", fmt.Errorf("--password-file: %w", err)
		}
		defer func() { _ = f.Close() }()
		return firstLine(f, "--password-file: "+c.passwordFile)
	case c.passwordFile == "" && ok:
		if fromEnv == "" {
			return "", errors.New(passwordVariable + ": is empty; set it, or unset it to be asked for the password")
		}
		return pptpprobe.Secret(fromEnv), nil
	}
	return prompt(ctx, c.target.Username, env)
}

// firstLine reads the password from the first line of r, called name.
func firstLine(r io.Reader, name string) (pptpprobe.Secret, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fmt.Errorf("%s: has no password in its first line", name)
	}
	return pptpprobe.Secret(line), nil
}

// prompt asks the person at the terminal, without echo.
func prompt(ctx context.Context, user string, env *environment) (pptpprobe.Secret, error) {
	tty, err := env.openTTY()
	if err != nil {
		return "", fmt.Errorf("no password: set %s, or give --password-file FILE; there is no terminal to ask at", passwordVariable)
	}
	defer func() { _ = tty.Close() }()
	if !env.canOpenGRE() { // said before somebody types in vain
		return "", fmt.Errorf("the raw GRE socket needs CAP_NET_RAW; run once: %s", pptpprobe.PrivilegeHint())
	}
	line, err := readSecret(ctx, tty, "Password of "+clean(user, "")+": ")
	switch {
	case ctx.Err() != nil:
		return "", errors.New("interrupted")
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("ask for the password: %w", err)
	case line == "":
		return "", errors.New("no password given")
	}
	return pptpprobe.Secret(line), nil
}
