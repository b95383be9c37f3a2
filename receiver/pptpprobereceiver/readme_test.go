package pptpprobereceiver

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// TestREADMEIsComplete keeps what is written by hand in step with the code.
func TestREADMEIsComplete(t *testing.T) {
	b, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(b)

	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	for _, key := range conf.AllKeys() {
		section, _, _ := strings.Cut(key, "::")
		switch section {
		case "metrics", "events", "resource_attributes", "histograms":
			key = section // documentation.md lists what is below
		}
		assert.Contains(t, readme, "`"+key+"`")
	}
	for _, info := range histogramInfos {
		assert.Contains(t, readme, "`"+info.name+"`")
	}
	for _, name := range stageSpans {
		if name != "pptp.app" && name != "pptp.hold" {
			assert.Contains(t, readme, "`"+name+"`")
		}
	}
	for _, list := range [][]pptpprobe.Cause{securityCauses, qualityCauses, localCauses} {
		for _, c := range list {
			assert.Contains(t, readme, "`"+string(c)+"`")
			_, ok := c.Info()
			assert.True(t, ok, c)
		}
	}
	for _, c := range peerCauses {
		_, ok := c.Info()
		assert.True(t, ok, c)
	}
}
