package oid

import (
	"errors"
	"net/netip"
	"strconv"
)

// Part is the type of one object of an index (RFC 2578 section 7.7).
type Part string

// The parts of indexes.
const (
	PartInt     Part = "int"     // one arc
	PartIPv4    Part = "ipv4"    // four arcs
	PartInet    Part = "inet"    // InetAddressType, length, address (RFC 4001)
	PartString  Part = "string"  // length, characters
	PartImplied Part = "implied" // characters up to the end
	PartRest    Part = "rest"    // whatever is left, as it is
)

// Parts lists all types of an index's objects.
func Parts() []string {
	return []string{string(PartInt), string(PartIPv4), string(PartInet), string(PartString), string(PartImplied), string(PartRest)}
}

var errIndex = errors.New("the index does not have the parts that the profile says")

// Take takes one object off an index, and returns its value as text and what is
// left of the index. The value of a string is its bytes, which may be any; that of an
// address of length 0 (InetAddressType unknown) is the empty string.
func (p Part) Take(index string) (value, tail string, err error) {
	switch p {
	case PartInt:
		if _, tail, err = Arc(index); err != nil {
			return "", "", errIndex
		}
		end := len(index) - len(tail)
		if tail != "" {
			end--
		}
		return index[:end], tail, nil
	case PartIPv4:
		return address(index, 4)
	case PartInet:
		if _, index, err = Arc(index); err != nil || index == "" {
			return "", "", errIndex
		}
		n, rest, err := Arc(index)
		if err != nil {
			return "", "", errIndex
		}
		switch n {
		case 0:
			return "", rest, nil
		case 4, 16:
			return address(rest, int(n))
		case 8, 20: // with a zone index of four octets (RFC 4001 section 3)
			value, tail, err = address(rest, int(n)-4)
			for range 4 {
				if err == nil {
					_, tail, err = Arc(tail)
				}
			}
			return value, tail, err
		}
		return "", "", errIndex
	case PartString:
		n, rest, err := Arc(index)
		if err != nil || n > 255 {
			return "", "", errIndex
		}
		return octets(rest, int(n))
	case PartImplied:
		return octets(index, -1)
	case PartRest:
		return index, "", nil
	}
	return "", "", errIndex
}

func address(index string, n int) (value, tail string, err error) {
	b, tail, err := take(index, n)
	if err != nil {
		return "", "", err
	}
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap().String(), tail, nil
}

func octets(index string, n int) (value, tail string, err error) {
	b, tail, err := take(index, n)
	return string(b), tail, err
}

// take reads n arcs that are octets, or all if n is negative.
func take(index string, n int) ([]byte, string, error) {
	var b []byte
	for index != "" && n != 0 {
		arc, tail, err := Arc(index)
		if err != nil || arc > 255 {
			return nil, "", errIndex
		}
		b, index = append(b, byte(arc)), tail
		n--
	}
	if n > 0 {
		return nil, "", errIndex
	}
	return b, index, nil
}

// AppendAddress appends the arcs of an address's octets to an index.
func AppendAddress(index string, a netip.Addr) string {
	for _, b := range a.AsSlice() {
		index += "." + strconv.Itoa(int(b))
	}
	return index
}
