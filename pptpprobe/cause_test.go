package pptpprobe

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table has a row for each constant, and each constant a row.
func TestCausesMatchConstants(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "causes_list.go", nil, 0)
	require.NoError(t, err)
	var constants []string
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, err := strconv.Unquote(l.Value)
			require.NoError(t, err)
			constants = append(constants, s)
		}
		return true
	})
	var rows []string
	for _, c := range Causes() {
		rows = append(rows, string(c.Cause))
	}
	assert.Len(t, rows, 110)
	assert.Equal(t, rows, constants)
}

func TestCausesAreComplete(t *testing.T) {
	for _, c := range Causes() {
		stage, name, ok := strings.Cut(string(c.Cause), ".")
		assert.True(t, ok && stage != "" && name != "", "%q is not stage.cause", c.Cause)
		assert.Contains(t, []Severity{SeverityFail, SeverityWarn, SeverityInfo, SeverityFailOrWarn}, c.Severity, c.Cause)
		assert.NotEmpty(t, c.Observable, c.Cause)
		info, ok := c.Cause.Info()
		assert.True(t, ok)
		assert.Equal(t, c, info)
	}
	_, ok := Cause("made.up").Info()
	assert.False(t, ok)
	assert.Empty(t, Cause("made.up").Hint())
}
