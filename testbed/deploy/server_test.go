//go:build real && linux

package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	patience = 2 * time.Minute
	tick     = 100 * time.Millisecond
)

// faster is by how much time passes faster than in the rules and routes of deploy/.
const faster = 20

var spans = regexp.MustCompile(`((?:for|group_wait|group_interval|evaluation_interval|scrape_interval): |\[|offset )([0-9]+)([smhd])`)

// hurry shortens all times of a configuration, but for those after which something is repeated.
func hurry(text string) string {
	unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	return spans.ReplaceAllStringFunc(text, func(s string) string {
		m := spans.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		return fmt.Sprintf("%s%dms", m[1], (time.Duration(n) * unit[m[3]] / faster).Milliseconds())
	})
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(files, name))
	require.NoError(t, err)
	return string(b)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// run runs a program until the test ends.
func run(t *testing.T, path string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %v\n%s", path, err, log.String())
		}
	})
}

func get(t assert.TestingT, address, path string, to any) bool {
	resp, err := http.Get("http://" + address + path)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		assert.NotEqual(t, http.StatusBadRequest, resp.StatusCode, "%s: %s", path, body)
		return false
	}
	return to == nil || assert.NoError(t, json.Unmarshal(body, to), "%s", body)
}

// prometheus is a running one.
type prometheus struct{ address string }

// startPrometheus starts Debian's with the rules and the configuration of deploy/, faster.
func startPrometheus(t *testing.T, alertmanager, gateways, own string) *prometheus {
	program, dir, p := Program(t, "prometheus"), t.TempDir(), &prometheus{freePort(t)}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "rules"), 0o750))
	paths, err := filepath.Glob(filepath.Join(files, "prometheus/rules/*.yaml"))
	require.NoError(t, err)
	for _, path := range paths {
		name := filepath.Join("rules", filepath.Base(path))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(hurry(read(t, "prometheus/"+name))), 0o600))
	}
	config := strings.NewReplacer("127.0.0.1:9093", alertmanager, "127.0.0.1:9464", gateways, "127.0.0.1:8888", own).
		Replace(hurry(read(t, "prometheus/prometheus.yml")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600))
	run(t, program, "--config.file", filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", p.address)
	require.Eventually(t, func() bool { return get(t, p.address, "/-/ready", nil) }, patience, tick)
	return p
}

type sample struct {
	Metric map[string]string
	Value  [2]any
}

// query returns what an expression gives, and whether it could be asked. A query that is wrong fails the test.
func (p *prometheus) query(t assert.TestingT, expr string) ([]sample, bool) {
	var r struct{ Data struct{ Result []sample } }
	ok := get(t, p.address, "/api/v1/query?query="+url.QueryEscape(expr), &r)
	return r.Data.Result, ok
}

func (p *prometheus) values(t *testing.T, label, match string) []string {
	var r struct{ Data []string }
	path := "/api/v1/label/" + label + "/values"
	if match != "" {
		path += "?match[]=" + url.QueryEscape(match)
	}
	require.True(t, get(t, p.address, path, &r), path)
	return r.Data
}

// notification is what Alertmanager tells a webhook.
type notification struct {
	Receiver, Status string
	Alerts           []struct {
		Status              string
		Labels, Annotations map[string]string
	}
}

// people count what they are told.
type people struct {
	*httptest.Server
	mu   sync.Mutex
	told []notification
}

func listen(t *testing.T) *people {
	p := &people{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n notification
		if err := json.NewDecoder(r.Body).Decode(&n); err == nil {
			p.mu.Lock()
			p.told = append(p.told, n)
			p.mu.Unlock()
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// heard are the notifications in which an alert has a status, as "receiver status alert gateway".
func (p *people) heard() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.told {
		for _, a := range n.Alerts {
			out = append(out, fmt.Sprintf("%s %s %s %s", n.Receiver, a.Status, a.Labels["alertname"], a.Labels["gateway"]))
		}
	}
	return out
}

// startAlertmanager starts Debian's with the routes and inhibitions of deploy/, faster, and receivers that tell people.
func startAlertmanager(t *testing.T, to *people) string {
	program, dir, address := Program(t, "prometheus-alertmanager"), t.TempDir(), freePort(t)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(hurry(read(t, "alertmanager/alertmanager.yml"))), &config))
	for _, r := range config["receivers"].([]any) {
		receiver := r.(map[string]any)
		for key := range receiver {
			if key != "name" {
				delete(receiver, key)
			}
		}
		receiver["webhook_configs"] = []any{map[string]any{"url": to.URL, "send_resolved": true}}
	}
	b, err := yaml.Marshal(config)
	require.NoError(t, err)
	path := filepath.Join(dir, "alertmanager.yml")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	run(t, program, "--config.file", path, "--storage.path", filepath.Join(dir, "data"), "--web.listen-address", address, "--cluster.listen-address=")
	require.Eventually(t, func() bool { return get(t, address, "/-/ready", nil) }, patience, tick)
	return address
}

// inhibited are the alerts, with their gateways, that Alertmanager holds back because of another.
func inhibited(t assert.TestingT, alertmanager string) (out []string) {
	var alerts []struct {
		Labels map[string]string
		Status struct{ InhibitedBy []string }
	}
	get(t, alertmanager, "/api/v2/alerts", &alerts)
	for _, a := range alerts {
		if len(a.Status.InhibitedBy) > 0 {
			out = append(out, a.Labels["alertname"]+" "+a.Labels["gateway"])
		}
	}
	return out
}
