package walk

import "strconv"

// Type is the type of a value.
type Type uint8

// The types of values. All that is not in the list is [TypeAbsent].
const (
	TypeAbsent  Type = iota // no such object, no such instance, end of the MIB, null, or a type of no use
	TypeInt                 // INTEGER
	TypeCounter             // Counter32
	TypeGauge               // Gauge32, Unsigned32
	TypeTicks               // TimeTicks, 1/100 s
	TypeCounter64
	TypeString // OCTET STRING
	TypeOID
	TypeAddress // IpAddress
)

// Value is one value of an agent. The zero value is an absent one.
type Value struct {
	Type Type
	num  uint64 // of INTEGER: in two's complement
	text string
}

// Number returns a value of a numeric type.
func Number(t Type, n uint64) Value { return Value{Type: t, num: n} }

// Text returns a value of type TypeString, TypeOID or TypeAddress. The text of a
// string is its bytes, those of the others are in dotted form without a leading dot.
func Text(t Type, s string) Value { return Value{Type: t, text: s} }

// Absent says whether there is no value.
func (v Value) Absent() bool { return v.Type == TypeAbsent }

// Uint returns a value of a numeric type that is not negative.
func (v Value) Uint() (uint64, bool) {
	switch v.Type {
	case TypeInt:
		return v.num, int64(v.num) >= 0
	case TypeCounter, TypeGauge, TypeTicks, TypeCounter64:
		return v.num, true
	}
	return 0, false
}

// Int returns a value of a numeric type that fits.
func (v Value) Int() (int64, bool) {
	if v.Type == TypeInt {
		return int64(v.num), true
	}
	n, ok := v.Uint()
	return int64(n), ok && int64(n) >= 0
}

// Bytes returns the bytes of a string, as a string.
func (v Value) Bytes() (string, bool) { return v.text, v.Type == TypeString }

// String returns the value as text; that of a string is its bytes.
func (v Value) String() string {
	switch v.Type {
	case TypeAbsent:
		return ""
	case TypeString, TypeOID, TypeAddress:
		return v.text
	case TypeInt:
		return strconv.FormatInt(int64(v.num), 10)
	}
	return strconv.FormatUint(v.num, 10)
}

// Wraps says whether a counter of this type starts again at 0 after 2^32 - 1.
func (v Value) Wraps() bool { return v.Type == TypeCounter || v.Type == TypeTicks }
