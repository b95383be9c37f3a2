//go:build linux

package uml

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Client is a guest with the real client, pptp-linux and pppd. It has one session at a time.
type Client struct{ *Guest }

// StartClient boots a client, which is stopped when the test ends. It skips or fails the test where guests cannot run.
func StartClient(t testing.TB, o Options) *Client {
	t.Helper()
	return &Client{start(t, "client", ClientIP, o)}
}

// Attempt is what came of a call of the real client.
type Attempt struct {
	Code    int    // pppd's exit code. 0: the session is up; 10: PPP failed; 16: the modem hung up; 19: authentication; 124: nothing in 45 s
	Summary string // one line: code, time, authentication, outcome
	Log     string // pppd's debug log of its own side
}

// Call calls a gateway with the account of the gateways and more options for pppd. On Code 0 the session is up until
// Hangup or the next Call.
func (c *Client) Call(t testing.TB, server string, options ...string) Attempt {
	t.Helper()
	return c.CallAs(t, User, Password, server, options...)
}

// CallAs is Call with another account.
func (c *Client) CallAs(t testing.TB, user, password, server string, options ...string) Attempt {
	t.Helper()
	words := make([]string, 0, len(options)+1)
	for _, word := range append([]string{server}, options...) {
		words = append(words, quote(word))
	}
	ctx, cancel := context.WithTimeout(t.Context(), execTimeout)
	defer cancel()
	out, err := c.Exec(ctx, "U="+quote(user)+" P="+quote(password)+" pptp-try "+strings.Join(words, " ")+
		"; rc=$?; cat /tmp/ppp.log; exit $rc")
	var a Attempt
	var exit *ExitError
	switch {
	case errors.As(err, &exit):
		a.Code = exit.Code
	case err != nil:
		t.Fatalf("call %s with the real client: %v", server, err)
	}
	a.Summary, a.Log, _ = strings.Cut(out, "\n")
	return a
}

// Hangup ends the session, if there is one, and waits until the client is through with it.
func (c *Client) Hangup(t testing.TB) {
	t.Helper()
	c.Run(t, "pptp-down")
}

// Get fetches a path from the gateway's web server, through the tunnel.
func (c *Client) Get(t testing.TB, path string) string {
	t.Helper()
	return c.Run(t, "curl -sSf --max-time 20 "+quote("http://"+TunnelIP+path))
}
