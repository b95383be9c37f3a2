package walk

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

func TestGet(t *testing.T) {
	m := map[string]Value{}
	var oids []string
	for i := range 60 {
		o := fmt.Sprintf("%s.%d.0", root, i)
		oids = append(oids, o)
		if i%7 != 0 {
			m[o] = num(uint64(i))
		}
	}
	for name, set := range map[string]func(*fake){
		"v2c":                func(*fake) {},
		"v1":                 func(f *fake) { f.v1 = true },
		"short answers":      func(f *fake) { f.max = 3 },
		"genErr for one oid": func(f *fake) { f.hook = genErrOn(oids[7]) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(m)
			set(f)
			v, err := New(f, 1, Tuning{}).Get(context.Background(), "x", oids)
			require.NoError(t, err)
			for i := range oids {
				n, ok := v[i].Uint()
				assert.Equal(t, i%7 != 0, ok, i)
				if ok {
					assert.Equal(t, uint64(i), n)
				}
			}
		})
	}
}

func genErrOn(bad string) func(*Request) (*Response, error) {
	return func(r *Request) (*Response, error) {
		for i, o := range r.OIDs {
			if o == bad {
				return &Response{Status: StatusGenErr, Index: i + 1}, nil
			}
		}
		return nil, nil
	}
}

func TestProbe(t *testing.T) {
	m := table(1, 2)
	m[root+".9.0"] = Value{} // there, but nothing
	for _, v1 := range []bool{false, true} {
		f := newFake(m)
		f.v1 = v1
		found, err := New(f, 1, Tuning{}).Probe(context.Background(), "probe", []string{root + ".1", root + ".3", root + ".2.1", root + ".9", "1.3.6.1.4.1.99999.2", "2.1"})
		require.NoError(t, err)
		assert.Equal(t, []bool{true, false, false, false, true, false}, found)
	}
}

// TestForbidden asks for each forbidden subtree in every way there is.
func TestForbidden(t *testing.T) {
	ctx := context.Background()
	for _, f := range oid.Forbidden() {
		for _, o := range []string{f.Root, f.Root + ".1", f.Root + ".1.2.3.0"} {
			agent := newFake(nil)
			w := New(agent, 1, Tuning{})
			_, err := w.Get(ctx, "x", []string{"1.3.6.1.2.1.1.1.0", o})
			assert.Equal(t, KindForbidden, KindOf(err), o)
			_, err = w.Probe(ctx, "x", []string{o})
			assert.Equal(t, KindForbidden, KindOf(err), o)
			_, err = w.Table(ctx, TableRequest{Name: "x", Columns: []string{o}, MaxRows: 1})
			assert.Equal(t, KindForbidden, KindOf(err), o)
			_, err = w.Seek(ctx, SeekRequest{Name: "x", Column: o, Address: oid.PartIPv4, MaxRows: 1})
			assert.Equal(t, KindForbidden, KindOf(err), o)
			assert.Empty(t, agent.sent)
		}
		// Nor can a walk of something bigger go through it.
		agent := newFake(map[string]Value{f.Root + ".1": num(1)})
		_, err := New(agent, 1, Tuning{}).Table(ctx, TableRequest{Name: "x", Columns: []string{"1.3.6.1"}, MaxRows: 9})
		assert.Equal(t, KindForbidden, KindOf(err))
		assert.Empty(t, agent.sent)
	}
}

// What comes from a forbidden subtree unasked is not looked at.
func TestForbiddenAnswer(t *testing.T) {
	secret := "1.3.6.1.2.1.10.23.2.3.2.1.6.1"
	m := map[string]Value{"1.3.6.1.2.1.10.23.1.2.1.1.1.5": num(1), secret: Text(TypeString, "geheim")}
	f := newFake(m)
	var last *Response
	f.mangle = func(_ *Request, r *Response) { last = r }
	w := New(f, 1, Tuning{})
	tab, err := w.Table(context.Background(), TableRequest{Name: "x", Columns: []string{"1.3.6.1.2.1.10.23.1.2.1.1.1"}, MaxRows: 9})
	require.NoError(t, err)
	assert.Equal(t, 1, tab.Rows())
	assert.Equal(t, 1, w.Stats().Denied)
	assert.Equal(t, []Var{{OID: secret}}, last.Vars)

	// An agent that answers another object than was asked for.
	f.mangle = func(_ *Request, r *Response) { r.Vars[0] = Var{OID: secret, Value: Text(TypeString, "geheim")} }
	v, err := w.Get(context.Background(), "x", []string{"1.3.6.1.2.1.1.1.0"})
	require.NoError(t, err)
	assert.Equal(t, []Value{{}}, v)
}
