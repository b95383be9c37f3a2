package gateway

import (
	"slices"
	"strings"
)

// Persona is a gateway product whose manners the gateway can take on. It is no
// emulation: it does what is known of the product's behaviour that a client
// notices, and no more.
type Persona struct {
	// Name is what it is called in [PersonaByName].
	Name string
	// About says which product it is, and what is peculiar in it.
	About string

	adopt func(*Config)
}

// Apply returns c with the names, numbers and manners of the product, and for
// Windows its order of authentication. Addresses, users, limits, faults and
// observers stay as they are; so does all of MPPE, but c gets strengths if it has
// none.
func (p Persona) Apply(c Config) Config {
	if p.adopt != nil {
		c.Manners = Manners{}
		p.adopt(&c)
	}
	return c
}

// Personas returns all personas.
func Personas() []Persona { return slices.Clone(personas) }

// PersonaNames returns the names of all personas.
func PersonaNames() []string {
	names := make([]string, 0, len(personas))
	for _, p := range personas {
		names = append(names, p.Name)
	}
	return names
}

// PersonaByName returns the persona of a name; false: there is none.
func PersonaByName(name string) (Persona, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	i := slices.IndexFunc(personas, func(p Persona) bool { return p.Name == name })
	if i < 0 {
		return Persona{}, false
	}
	return personas[i], true
}
