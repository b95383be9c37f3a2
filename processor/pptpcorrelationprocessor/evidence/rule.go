package evidence

import (
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// Rule is a line of the table: which point of a metric or which event says what of a
// gateway. Metric or Event is set, or Condition alone for log records that are no events.
type Rule struct {
	// Metric is the name of a metric, Event that of an event (EventName, or the attribute
	// event.name), or several that mean the same.
	Metric string `mapstructure:"metric" yaml:"metric"`
	Event  Names  `mapstructure:"event" yaml:"event"`
	// Attributes must be there, on the point or record or else on its resource: a value, a list of
	// values, "*" for any, "" for none, or "!value" for any but that.
	Attributes map[string]any `mapstructure:"attributes" yaml:"attributes"`
	// Condition is in OTTL, of the context datapoint or log.
	Condition string `mapstructure:"condition" yaml:"condition"`

	// Signal is one of the codebook; Source another than the one in its name.
	Signal string `mapstructure:"signal" yaml:"signal"`
	Source string `mapstructure:"source" yaml:"source"`
	// Value is the signal's, whatever the number is; When chooses it by the number, the first that
	// fits. A number that fits none is no evidence.
	Value string `mapstructure:"value" yaml:"value"`
	When  []Case `mapstructure:"when" yaml:"when"`

	// Read is what of the points is the number: "value" (default); "increase" since the last point;
	// "mean", the increase of a histogram's sum over that of its count; "fall", the share of the
	// last value that is gone; "restart", 1 if the value is below the last one, else 0.
	Read string `mapstructure:"read" yaml:"read"`
	// Of makes the number a share: of the sum of these points of the same resource, all read alike.
	// What the rule itself matches belongs to the whole only if it is named here.
	Of []Part `mapstructure:"of" yaml:"of"`
	// Least is below which whole, or last value for "fall", a share says nothing.
	Least float64 `mapstructure:"least" yaml:"least"`
	// Count adds increases up over this time: Bad of Total, which the signal's rate judges. Needs Of.
	Count time.Duration `mapstructure:"count" yaml:"count"`

	// Times makes an event count only when it is the so manieth within a time, Each of those with the
	// same values of these attributes.
	Times  int           `mapstructure:"times" yaml:"times"`
	Within time.Duration `mapstructure:"within" yaml:"within"`
	Each   []string      `mapstructure:"each" yaml:"each"`

	// Gateway is its id, if the telemetry does not tell; GatewayAttributes are attributes that may have
	// its id, name or address, the first that has one counts.
	Gateway           string   `mapstructure:"gateway" yaml:"gateway"`
	GatewayAttributes []string `mapstructure:"gateway_attributes" yaml:"gateway_attributes"`
	// Vantage is from where it was seen, if pptp.vantage does not tell; VantageAttributes are attributes
	// whose values, joined by "/", name it.
	Vantage           string   `mapstructure:"vantage" yaml:"vantage"`
	VantageAttributes []string `mapstructure:"vantage_attributes" yaml:"vantage_attributes"`
	// PeerAttribute names the client that it is about.
	PeerAttribute string `mapstructure:"peer_attribute" yaml:"peer_attribute"`

	// TTL is how long it counts; zero: three times the time between two points, 90 s at
	// least, or for events the signal's.
	TTL time.Duration `mapstructure:"ttl" yaml:"ttl"`
	// Strength in (0, 1] weakens what is not sure; 0 is 1.
	Strength float64 `mapstructure:"strength" yaml:"strength"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Case is a comparison and the value that it stands for.
type Case struct {
	// Is is "== 0", "> 0.9" and the like, or "else".
	Is    string `mapstructure:"is" yaml:"is"`
	Value string `mapstructure:"value" yaml:"value"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Part is what belongs to a whole.
type Part struct {
	Metric     string         `mapstructure:"metric" yaml:"metric"`
	Attributes map[string]any `mapstructure:"attributes" yaml:"attributes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Names is one name or a list of them.
type Names []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (n *Names) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = Names{node.Value}
		return nil
	}
	return node.Decode((*[]string)(n))
}

// Unmarshal implements [confmap.Unmarshaler]: one event need not be written as a list.
func (r *Rule) Unmarshal(conf *confmap.Conf) error {
	if name, ok := conf.Get("event").(string); ok {
		if err := conf.Merge(confmap.NewFromStringMap(map[string]any{"event": []any{name}})); err != nil {
			return err
		}
	}
	return conf.Unmarshal(r)
}

// The values of Rule.Read.
const (
	readValue = iota
	readIncrease
	readMean
	readFall
	readRestart
)

var readNames = []string{"value", "increase", "mean", "fall", "restart"}

// matcher is one attribute that must be there.
type matcher struct {
	key    string
	values []string
	not    []string
	any    bool // whatever its value is
	none   bool // it must not be there
}

// compiled is a rule that was checked.
type compiled struct {
	Rule
	item    string // what names it in errors and telemetry
	match   []matcher
	source  sourceOf
	value   string
	cases   []comparison
	read    int
	parts   []compiledPart
	points  pointCondition
	records recordCondition

	// What it adds up of one resource.
	num, den       float64
	hasNum, hasDen bool
	at             int64
}

type compiledPart struct {
	rule  *compiled
	match []matcher
	index int
}
