package walk

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

const tcpNew, tcpOld = "1.3.6.1.2.1.6.19.1.7", "1.3.6.1.2.1.6.13.1.1"

// connections are rows of both forms of the table: on each local address some of port
// 1723 between others.
func connections(addresses, pptp, others int) map[string]Value {
	m := map[string]Value{"1.3.6.1.2.1.6.21.1.0": num(1), "1.3.6.1.2.1.6.14.0": num(1)}
	for a := range addresses {
		local := fmt.Sprintf("10.0.%d.%d", a/250, a%250+1)
		for i := range others {
			for _, port := range []int{22, 443, 1722, 1724, 65535} {
				m[fmt.Sprintf("%s.%s.%d.192.0.2.%d.%d", tcpOld, local, port, i%250, 1000+i)] = num(5)
				m[fmt.Sprintf("%s.1.4.%s.%d.1.4.192.0.2.%d.%d", tcpNew, local, port, i%250, 1000+i)] = num(5)
			}
		}
		for i := range pptp {
			m[fmt.Sprintf("%s.%s.1723.192.0.2.%d.%d", tcpOld, local, i%250, 1000+i)] = num(5)
			m[fmt.Sprintf("%s.1.4.%s.1723.1.4.192.0.2.%d.%d", tcpNew, local, i%250, 1000+i)] = num(5)
		}
	}
	return m
}

func seek(newer bool) SeekRequest {
	r := SeekRequest{Name: "tcp", Column: tcpOld, Address: oid.PartIPv4, Port: 1723, Addresses: 64, MaxRows: 50_000}
	if newer {
		r.Column, r.Address = tcpNew, oid.PartInet
	}
	return r
}

func TestSeek(t *testing.T) {
	for _, tc := range []struct {
		name                    string
		addresses, pptp, others int
		v1                      bool
		max                     int
	}{
		{"no row", 0, 0, 0, false, 1},
		{"no row of the port", 3, 0, 50, false, 14},
		{"only rows of the port", 1, 120, 0, false, 10},
		{"4 addresses, 500 rows of 10,500", 4, 125, 500, false, 45},
		{"too many addresses", 200, 1, 3, false, 110},
		{"SNMPv1", 2, 10, 20, true, 40},
	} {
		for _, form := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/new=%v", tc.name, form), func(t *testing.T) {
				f := newFake(connections(tc.addresses, tc.pptp, tc.others))
				f.v1 = tc.v1
				tab, err := New(f, 1, Tuning{}).Seek(context.Background(), seek(form))
				require.NoError(t, err)
				assert.Equal(t, tc.addresses*tc.pptp, tab.Rows())
				for _, i := range tab.Index {
					assert.Contains(t, i, ".1723.")
				}
				assert.LessOrEqual(t, len(f.sent), tc.max)
			})
		}
	}
}

// IPv6 and IPv4-mapped addresses, and the highest port, must not stop the walk or make
// it go round.
func TestSeekIPv6(t *testing.T) {
	v6 := "2.16.32.1.13.184" + strings.Repeat(".0", 11) + ".1"
	mapped := "2.16" + strings.Repeat(".0", 10) + ".255.255.10.0.0.1"
	m := map[string]Value{"1.3.6.1.2.1.6.21.1.0": num(1)}
	for _, l := range []string{v6, mapped, "0.0"} {
		for _, p := range []string{"22", "1723", "65535"} {
			m[tcpNew+"."+l+"."+p+"."+v6+".9"] = num(5)
			m[tcpNew+"."+l+"."+p+".2.16"+strings.Repeat(".255", 16)+".65535"] = num(5)
		}
	}
	f := newFake(m)
	tab, err := New(f, 1, Tuning{}).Seek(context.Background(), seek(true))
	require.NoError(t, err)
	assert.Equal(t, 6, tab.Rows())
	assert.Less(t, len(f.sent), 30)
}

func TestSeekHostile(t *testing.T) {
	for name, tc := range map[string]struct {
		set  func(*fake)
		kind Kind
	}{
		"goes back": {func(f *fake) {
			f.mangle = func(_ *Request, r *Response) { r.Vars[0].OID = tcpOld + ".10.0.0.1.22.1.1.1.1.1" }
		}, KindNonIncreasing},
		"no port": {func(f *fake) {
			f.mangle = func(_ *Request, r *Response) { r.Vars[0].OID = tcpOld + ".255.255.255" }
		}, KindMalformed},
		"too many": {func(f *fake) {
			n := 0
			f.hook = func(r *Request) (*Response, error) {
				resp := &Response{}
				for range max(r.Repetitions, 1) {
					n++
					resp.Vars = append(resp.Vars, Var{OID: fmt.Sprintf("%s.10.0.0.1.1723.1.1.1.1.%d", tcpOld, n), Value: num(5)})
				}
				return resp, nil
			}
		}, KindTooManyRows},
		"error": {func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return &Response{Status: StatusGenErr}, nil }
		}, KindAgent},
		"silence": {func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return nil, &Error{Kind: KindTimeout} }
		}, KindTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(connections(2, 5, 5))
			tc.set(f)
			sr := seek(false)
			sr.MaxRows = 100
			_, err := New(f, 1, Tuning{}).Seek(context.Background(), sr)
			assert.Equal(t, tc.kind, KindOf(err))
			assert.Less(t, len(f.sent), 30)
		})
	}
}
