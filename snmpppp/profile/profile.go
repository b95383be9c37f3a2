package profile

import "github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"

// Profile says what one MIB, or one vendor's part of it, holds. A profile is not
// changed after [Set]; it is safe for concurrent use.
type Profile struct {
	// Name identifies the profile; one with the name of a built-in one replaces it.
	Name string `yaml:"name" mapstructure:"name"`
	// Title says what it is, for people.
	Title string `yaml:"title" mapstructure:"title"`
	// Disabled switches a profile off. A profile that has nothing but Name and this one
	// switches the built-in one: {name: hr-processes, disabled: true}.
	Disabled bool `yaml:"disabled" mapstructure:"disabled"`
	// Detect says how to find out whether an agent has it.
	Detect Detect `yaml:"detect" mapstructure:"detect"`
	// Priority of its sessions, 0 to 100: of several sources of the same gateway, the
	// one with the highest counts. 0: its tables are no source of sessions by themselves.
	Priority int `yaml:"priority" mapstructure:"priority"`
	// Replaces are profiles that are not asked for where this one is there, because it
	// says the same, and more.
	Replaces []string `yaml:"replaces" mapstructure:"replaces"`
	Scalars  []Scalar `yaml:"scalars" mapstructure:"scalars"`
	Tables   []Table  `yaml:"tables" mapstructure:"tables"`
}

// Detect says how to find out whether an agent has a profile's objects. One of its
// conditions is enough.
type Detect struct {
	// Roots are subtrees; an object in one of them is enough.
	Roots []string `yaml:"roots" mapstructure:"roots"`
	// ObjectIDs are subtrees of sysObjectID whose devices are asked in any case: their
	// session tables are just empty when nobody is connected.
	ObjectIDs []string `yaml:"object_ids" mapstructure:"object_ids"`
}

// Scalar is one object.
type Scalar struct {
	OID string `yaml:"oid" mapstructure:"oid"` // with the instance: .0
	// As is the measure that it is: one of [Measures].
	As string `yaml:"as" mapstructure:"as"`
	// Label tells several values of one measure apart, such as the protocol.
	Label string `yaml:"label" mapstructure:"label"`
	// Scale multiplies the value into the unit of the measure. 0: 1.
	Scale float64 `yaml:"scale" mapstructure:"scale"`
}

// Table is a table.
type Table struct {
	Name string `yaml:"name" mapstructure:"name"`
	// Of is what a row is.
	Of Kind `yaml:"of" mapstructure:"of"`
	// Root is the OID of the row (…Entry), below which the columns are.
	Root string `yaml:"root" mapstructure:"root"`
	// Under limits the walk to the rows whose index begins with it.
	Under string `yaml:"under" mapstructure:"under"`
	// Index says what the index is made of. Empty: nothing of it is used.
	Index []Part `yaml:"index" mapstructure:"index"`
	// Columns are what is read.
	Columns []Column `yaml:"columns" mapstructure:"columns"`
	// Keep drops the rows that do not match all of its conditions.
	Keep []Condition `yaml:"keep" mapstructure:"keep"`
	// Count is an object with the number of rows; fewer make the snapshot partial.
	Count string `yaml:"count" mapstructure:"count"`
	// Costly tables are read only if the target's configuration says so, because
	// reading them is a burden for the gateway.
	Costly bool `yaml:"costly" mapstructure:"costly"`
	// MaxRows bounds the rows. 0: what the target says.
	MaxRows int `yaml:"max_rows" mapstructure:"max_rows"`
	// LocalPort makes the walk jump to the connections with this local port: the
	// index begins with address and port.
	LocalPort uint16 `yaml:"local_port" mapstructure:"local_port"`
	// Patterns recognise interfaces and processes; the first that matches counts.
	Patterns []Pattern `yaml:"patterns" mapstructure:"patterns"`
}

// Part is one object of an index.
type Part struct {
	As   string   `yaml:"as" mapstructure:"as"` // a field of the kind of row; empty: of no interest
	Type oid.Part `yaml:"type" mapstructure:"type"`
	// Values translates numbers, as in [Column].
	Values map[string]string `yaml:"values" mapstructure:"values"`
}

// Column is one column of a table, or of another one with the same index.
type Column struct {
	// OID is the number below the table's root, or a full OID.
	OID string `yaml:"oid" mapstructure:"oid"`
	// As is the field of the row that it is (see [Fields]), or one of [Measures].
	As string `yaml:"as" mapstructure:"as"`
	// Label tells several columns with the same measure apart.
	Label string `yaml:"label" mapstructure:"label"`
	// Values translates the numbers of an enumeration. A number that is not in it has
	// the value of "*", or none.
	Values map[string]string `yaml:"values" mapstructure:"values"`
	// Scale multiplies a number into the unit of the field. 0: 1.
	Scale float64 `yaml:"scale" mapstructure:"scale"`
	// Required drops rows without this cell: they changed while the table was read.
	Required bool `yaml:"required" mapstructure:"required"`
}

// Condition is a condition on a field that a column or a part of the index fills.
type Condition struct {
	Field string   `yaml:"field" mapstructure:"field"`
	In    []string `yaml:"in" mapstructure:"in"` // after the translation by Values
}

// Pattern recognises the name of an interface, or the path and parameters of a process.
type Pattern struct {
	// Match is a regular expression (RE2). Its named groups are fields of the row:
	// user, peer, address.
	Match string `yaml:"match" mapstructure:"match"`
	// Types are values of ifType of which the interface must have one. Empty: any.
	Types []int `yaml:"types" mapstructure:"types"`
	// As is what an interface is: pptp, ppp or tunnel (which may be of another protocol),
	// unknown, or ignore; what a process is: daemon, session (of one client) or link (PPP
	// of one session). Processes are matched as name|path|parameters.
	As string `yaml:"as" mapstructure:"as"`
}
