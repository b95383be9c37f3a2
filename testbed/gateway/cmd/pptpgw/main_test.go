package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

func TestListFaults(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-list-faults"}, &out, io.Discard))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	assert.Len(t, lines, len(gateway.Catalog())+1)
	assert.Contains(t, out.String(), "gre.no_reply")
}

func TestBadFlags(t *testing.T) {
	t.Setenv(passwordVariable, "x")
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"listen", "127.0.0.2:1723", []string{"-listen", "nowhere"}},
		{"wildcard", "not an IPv4 address of this host", []string{"-listen", "0.0.0.0:0"}},
		{"fault", "-list-faults", []string{"-fault", "gremlins"}},
		{"persona", "rras", []string{"-persona", "nobody"}},
		{"auth", "mschap_v2", []string{"-auth", "kerberos"}},
		{"mppe", "prefer, require or refuse", []string{"-mppe", "rot13"}},
		{"password file", "no such file", []string{"-password-file", filepath.Join(t.TempDir(), "none")}},
		{"argument", "unexpected", []string{"secret"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.ErrorContains(t, run(context.Background(), tt.args, io.Discard, io.Discard), tt.want)
		})
	}
}

func TestPasswordIsAskedFor(t *testing.T) {
	t.Setenv(passwordVariable, "x") // so that it is put back
	require.NoError(t, os.Unsetenv(passwordVariable))
	assert.ErrorContains(t, run(context.Background(), nil, io.Discard, io.Discard), passwordVariable)
}

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("s3cret\r\nmore\n"), 0o600))
	o, err := parse([]string{"-password-file", file, "-auth", "eap, mschap_v2", "-mppe", "require,40,128,stateful", "-fault", "slow_auth"}, io.Discard)
	require.NoError(t, err)
	cfg, err := o.config()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"probe": "s3cret"}, cfg.Users)
	assert.Equal(t, []chap.Method{chap.MethodEAP, chap.MethodMSCHAPv2}, cfg.Auth)
	assert.Equal(t, gateway.MPPEConfig{Mode: gateway.MPPERequire, Strengths: []mppe.Strength{mppe.Bits40, mppe.Bits128}, Stateful: true}, cfg.MPPE)
	assert.Equal(t, 2*time.Second, cfg.Faults.AuthDelay)
}

func TestPersonaFlag(t *testing.T) {
	t.Setenv(passwordVariable, "x")
	o, err := parse([]string{"-persona", "cisco-ios"}, io.Discard)
	require.NoError(t, err)
	cfg, err := o.config()
	require.NoError(t, err)
	assert.Equal(t, "Cisco Systems, Inc.", cfg.Vendor)
	assert.True(t, cfg.WaitForClient)
	assert.Contains(t, o.summary(), "as cisco-ios")
}

func TestRunUntilInterrupted(t *testing.T) {
	t.Setenv(passwordVariable, "x")
	ctx, cancel := context.WithCancel(context.Background())
	var out syncBuffer
	out.wrote = cancel // the first line says that it listens
	require.NoError(t, run(ctx, []string{"-listen", "127.0.0.2:0", "-no-gre"}, &out, io.Discard))
	assert.Contains(t, out.b.String(), "listening on 127.0.0.2:")
	assert.Contains(t, out.b.String(), "0 sessions")
}

type syncBuffer struct {
	b     bytes.Buffer
	wrote func()
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	defer s.wrote()
	return s.b.Write(b)
}

func TestTeardownInWords(t *testing.T) {
	assert.Equal(t, "cleanly", teardown(gateway.Teardown{Terminated: true, Cleared: true, Stopped: true}))
	assert.Equal(t, "by the gateway", teardown(gateway.Teardown{ByGateway: true}))
	assert.Equal(t, "without LCP Terminate-Request, Stop-Control-Connection-Request", teardown(gateway.Teardown{Cleared: true}))
}
