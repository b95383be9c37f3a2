package profile

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed builtin/*.yaml
var builtin embed.FS

// MaxYAML bounds the size of a profile's text.
const MaxYAML = 1 << 20

// Set is a list of profiles that fit together. It is not changed, and is safe for
// concurrent use.
type Set struct {
	profiles []*Compiled
}

// Parse reads one or more profiles: YAML documents, each of which is a profile or has
// a list of them under the key profiles. It does not check what they say: that does
// [NewSet].
func Parse(text []byte) ([]Profile, error) {
	if len(text) > MaxYAML {
		return nil, fmt.Errorf("profile: has %d octets: at most %d are read", len(text), MaxYAML)
	}
	var list []Profile
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	for {
		var doc struct {
			Profile  `yaml:",inline"`
			Profiles []Profile `yaml:"profiles"`
		}
		err := dec.Decode(&doc)
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("profile: is not what YAML of a profile looks like: %w", err)
		case doc.Profiles != nil && doc.Name != "":
			return nil, fmt.Errorf("profile %q: has a name and a list of profiles: write one or the other", doc.Name)
		case doc.Profiles != nil:
			list = append(list, doc.Profiles...)
		default:
			list = append(list, doc.Profile)
		}
	}
}

// Builtin returns the profiles of the module, by name.
var Builtin = sync.OnceValue(func() []Profile {
	var all []Profile
	names, _ := fs.Glob(builtin, "builtin/*.yaml")
	for _, name := range names {
		text, err := builtin.ReadFile(name)
		if err != nil {
			panic(err) // embedded: it is there
		}
		list, err := Parse(text)
		if err != nil {
			panic(fmt.Errorf("%s: %w", name, err)) // a test reads them all
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b Profile) int { return strings.Compare(a.Name, b.Name) })
	return all
})

// Default is the set of the built-in profiles.
var Default = sync.OnceValue(func() *Set {
	s, err := NewSet()
	if err != nil {
		panic(err) // a test reads them all
	}
	return s
})

// NewSet returns the built-in profiles with those of the user, which replace the ones
// of the same name. Errors name the profile, the table, the key, the value, and what
// to do.
func NewSet(custom ...Profile) (*Set, error) {
	var errs []error
	all := slices.Clone(Builtin())
	seen := map[string]bool{}
	for _, p := range custom {
		if seen[p.Name] {
			errs = append(errs, fmt.Errorf("profile %q: is there twice: remove one", p.Name))
		}
		seen[p.Name] = true
		switch i := slices.IndexFunc(all, func(b Profile) bool { return b.Name == p.Name }); {
		case i >= 0 && p.isSwitch():
			all[i].Disabled = p.Disabled
		case i >= 0:
			all[i] = p
		default:
			all = append(all, p)
		}
	}
	s := &Set{}
	for i := range all {
		if all[i].Disabled {
			continue
		}
		c, err := compile(all[i])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.profiles = append(s.profiles, c)
	}
	if len(s.profiles) > maxProfiles {
		errs = append(errs, fmt.Errorf("profiles: there are %d: at most %d are possible", len(s.profiles), maxProfiles))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(s.profiles, func(a, b *Compiled) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// isSwitch says whether p only switches the built-in profile of its name on or off.
func (p *Profile) isSwitch() bool {
	return len(p.Detect.Roots)+len(p.Detect.ObjectIDs)+len(p.Scalars)+len(p.Tables) == 0
}

// All returns the profiles, by name. The slice belongs to the set.
func (s *Set) All() []*Compiled { return s.profiles }

// Get returns the profile of a name, or nil.
func (s *Set) Get(name string) *Compiled {
	for _, p := range s.profiles {
		if p.Name == name {
			return p
		}
	}
	return nil
}
