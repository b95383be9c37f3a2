package line

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

//go:embed patterns/*.yaml
var patternFiles embed.FS

// maxPrograms and maxSource bound what a user may add.
const (
	maxPrograms = 64
	maxSource   = 1 << 20 // bytes
)

// book is all that is known of one program's lines.
type book struct {
	name    string
	number  int // among the library's
	prefix  prefix
	role    event.Role
	tags    []string
	byWord  map[string][]*pattern
	open    []*pattern // begin with a field
	windows map[int]windowsEvent
	rules   []*rule
}

// library is the books by name and by the tags of their programs, in the order
// in which they are asked.
type library struct {
	books map[string]*book
	order []*book
	byTag map[string][]*book
}

// rule is an entry of a pattern file.
type rule struct {
	source   string
	line     int
	written  []string
	texts    []*pattern // of what is written
	examples []example
}

// example is a message, and the fields it must give.
type example struct {
	line string
	want map[string]string
}

// builtin are the patterns of this package.
var builtin = sync.OnceValues(func() (*library, error) {
	l := &library{books: map[string]*book{}, byTag: map[string][]*book{}}
	files, err := patternFiles.ReadDir("patterns")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		source, err := patternFiles.ReadFile("patterns/" + f.Name())
		if err != nil {
			return nil, err
		}
		if err := l.load(f.Name(), source); err != nil {
			return nil, err
		}
	}
	return l, nil
})

// clone copies a library so that patterns can be added to it.
func (l *library) clone() *library {
	c := &library{books: map[string]*book{}, byTag: map[string][]*book{}}
	for _, b := range l.order {
		n := *b
		n.byWord = maps.Clone(b.byWord)
		n.windows = maps.Clone(b.windows)
		n.open, n.rules, n.tags = slices.Clone(b.open), slices.Clone(b.rules), slices.Clone(b.tags)
		c.books[b.name] = &n
		c.order = append(c.order, &n)
	}
	for tag, books := range l.byTag {
		for _, b := range books {
			c.byTag[tag] = append(c.byTag[tag], c.books[b.name])
		}
	}
	return c
}

// load reads a file of patterns, of several documents with a program each. Its
// patterns are asked before those that the program has already.
func (l *library) load(source string, text []byte) error {
	if len(text) > maxSource {
		return fmt.Errorf("%s: %d bytes of patterns, more than %d", source, len(text), maxSource)
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	var errs []error
	for {
		var n yaml.Node
		if err := d.Decode(&n); err != nil {
			if errors.Is(err, io.EOF) {
				return errors.Join(errs...)
			}
			return fmt.Errorf("%s: %w", source, err)
		}
		r := reader{source: source}
		r.program(l, n.Content[0])
		errs = append(errs, r.errs...)
	}
}

// add puts a pattern where it is found.
func (b *book) add(p *pattern) {
	if word, ok := p.firstWord(); ok {
		b.byWord[word] = append(b.byWord[word], p)
		return
	}
	b.open = append(b.open, p)
}
