package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSummary(t *testing.T) {
	tests := []struct {
		name    string
		verbose bool
		in      []string
		want    []string // lines, in order, of what is printed
		not     string
		failed  bool
	}{
		{
			name: "passed",
			in: []string{
				`{"Action":"start","Package":"p"}`,
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: noise\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/sub","Elapsed":0}`,
				`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}`,
				`{"Action":"output","Package":"p","Output":"ok  \tp\t(cached)\n"}`,
				`{"Action":"pass","Package":"p","Elapsed":0.2}`,
				`{"Action":"skip","Package":"q","Elapsed":0}`,
			},
			want: []string{
				"ok    p  cached",
				"1 tests passed (with 1 subtests), 0 failed, 0 skipped; 1 packages ok, 0 failed, 1 without tests",
			},
			not: "noise",
		},
		{
			name: "failed test says all it has to say, others nothing",
			in: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: noise\n"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: want 1, got 2\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestB"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
				`{"Action":"fail","Package":"p","Elapsed":1.5}`,
			},
			want: []string{
				"    a_test.go:1: want 1, got 2",
				"FAIL  p  1.5s",
				"1 tests passed (with 0 subtests), 1 failed, 0 skipped; 0 packages ok, 1 failed, 0 without tests",
				"failed: p.TestA",
				"failed: p",
			},
			not:    "noise",
			failed: true,
		},
		{
			name: "test without an end",
			in: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oh\n"}`,
				`{"Action":"fail","Package":"p","Elapsed":0}`,
			},
			want:   []string{"panic: oh", "FAIL  p  0s", "failed: p"},
			failed: true,
		},
		{
			name: "build failure",
			in: []string{
				`{"ImportPath":"p","Action":"build-output","Output":"p/a.go:1:1: undefined: x\n"}`,
				`{"ImportPath":"p","Action":"build-fail"}`,
				`{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}`,
			},
			want:   []string{"p/a.go:1:1: undefined: x", "FAIL  p  0s"},
			failed: true,
		},
		{
			name:    "skipped, with its reason",
			verbose: true,
			in: []string{
				`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: needs CAP_NET_RAW: run as root\n"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}`,
				`{"Action":"skip","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Test":"TestB","Elapsed":2}`,
				`{"Action":"pass","Package":"p","Elapsed":2}`,
			},
			want: []string{"skip  p.TestA: needs CAP_NET_RAW: run as root", "pass  p.TestB  2s", "ok    p  2s"},
		},
		{
			name: "not an event",
			in:   []string{`go: downloading something`},
			want: []string{"go: downloading something"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var printed bytes.Buffer
			s := newSummary(bufio.NewWriter(&printed), tt.verbose)
			require.NoError(t, s.read(strings.NewReader(strings.Join(tt.in, "\n")+"\n")))
			s.finish()
			require.NoError(t, s.out.Flush())

			rest := printed.String()
			for _, line := range tt.want {
				_, after, found := strings.Cut("\n"+rest, "\n"+line+"\n")
				require.True(t, found, "%q not found, or not in order, in:\n%s", line, printed.String())
				rest = after
			}
			if tt.not != "" {
				assert.NotContains(t, printed.String(), tt.not)
			}
			assert.Equal(t, tt.failed, s.failed())
		})
	}
}
