package snmpppp

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// wire is a socket whose peer answers every datagram with the same octets.
type wire struct {
	net.Conn
	answer []byte
}

func (w *wire) Write(b []byte) (int, error) { return len(b), nil }
func (w *wire) SetDeadline(time.Time) error { return nil }
func (w *wire) Close() error                { return nil }
func (w *wire) Read(b []byte) (n int, err error) {
	if w.answer == nil {
		return 0, os.ErrDeadlineExceeded
	}
	n = copy(b, w.answer)
	w.answer = nil
	return n, nil
}

// FuzzAnswer gives any octets as the answer to a request.
func FuzzAnswer(f *testing.F) {
	rows, err := os.Open(filepath.Join("testdata", "agents", "standard.rows"))
	require.NoError(f, err)
	defer rows.Close()
	all, err := agent.Load(rows)
	require.NoError(f, err)
	var seeds [][]byte
	a, err := agent.Start(all, agent.Config{Raw: func(_ *agent.Request, b []byte) []byte {
		seeds = append(seeds, b)
		return b
	}})
	require.NoError(f, err)
	_, err = poller(f, targetOf(a)).Poll(context.Background())
	a.Close()
	require.NoError(f, err)
	for _, b := range seeds {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, auth := range []Auth{{Version: V2c, Community: "public"}, {Version: V3, User: "u", AuthProtocol: "MD5", AuthPassphrase: "12345678"}} {
			c := &client{target: Target{Host: "127.0.96.3", Port: 9, Auth: auth, Timeout: time.Second}.withDefaults()}
			require.NoError(t, c.open(context.Background()))
			w := &wire{Conn: c.conn.Conn, answer: answer}
			c.conn.Conn = w
			r, err := c.Do(context.Background(), &walk.Request{Op: walk.OpGetNext, OIDs: []string{"1.3.6.1"}})
			if (r == nil) == (err == nil) {
				t.Fatal("neither an answer nor an error")
			}
			if err != nil && KindOf(err) == "" {
				t.Fatal(err)
			}
			c.close()
			_ = w.Conn.Close() // it was hidden from gosnmp
		}
	})
}

// puppet is an agent whose answers come out of the fuzzer's octets: indexes and values
// of rows in the columns that are asked for, in any order and of any type.
type puppet struct{ data []byte }

func (p *puppet) Bulk() bool { return true }

func (p *puppet) byte() byte {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b
}

func (p *puppet) take(n int) []byte {
	n = min(n, len(p.data))
	b := p.data[:n]
	p.data = p.data[n:]
	return b
}

func (p *puppet) value() walk.Value {
	switch t := walk.Type(p.byte() % 9); t {
	case walk.TypeAbsent:
		return walk.Value{}
	case walk.TypeString, walk.TypeOID, walk.TypeAddress:
		return walk.Text(t, string(p.take(int(p.byte()%40))))
	default:
		var n [8]byte
		copy(n[:], p.take(int(p.byte()%9)))
		return walk.Number(t, binary.LittleEndian.Uint64(n[:]))
	}
}

func (p *puppet) Do(_ context.Context, r *walk.Request) (*walk.Response, error) {
	if len(p.data) == 0 {
		return nil, &Error{Kind: walk.KindTimeout}
	}
	resp := &walk.Response{Status: walk.Status(max(int(p.byte())-240, 0)), Index: int(p.byte() % 4)}
	for range max(r.Repetitions, 1) {
		for _, o := range r.OIDs {
			if r.Op != walk.OpGet {
				for range p.byte() % 6 {
					o += "." + strconv.Itoa(int(p.byte()))
				}
			}
			resp.Vars = append(resp.Vars, walk.Var{OID: o, Value: p.value()})
		}
		if p.byte() == 1 {
			break
		}
	}
	return resp, nil
}

// FuzzSnapshot reads all tables of all profiles from a puppet, and follows the
// snapshots.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00\x01\x05\x06\x04abcd", "\x00\x01\x02\x01\x07\x05\x08\x01\x02\x03\x04\x05\x06\x07\x08", "\xff\x01", "\x00\x00\x02\x07\x0a\x00\x00\x01\x01\x06\x09alice\x00\x00\xff"} {
		f.Add([]byte(seed))
	}
	custom, err := profile.NewSet(profile.Profile{Name: "net-snmp-extend"})
	require.NoError(f, err)
	f.Fuzz(func(_ *testing.T, data []byte) {
		tr := snapshot.NewTracker(snapshot.Tracking{MaxSessions: 100})
		p := &puppet{data: data}
		source := ""
		for minute := range 3 {
			w := walk.New(p, 0, walk.Tuning{})
			in := snapshot.Input{Time: time.Unix(int64(minute)*60, 0), LastSource: source, Profiles: custom.All()}
			v, _ := w.Get(context.Background(), "system", systemOIDs)
			in.Agent = identity(v)
			for _, c := range custom.All() {
				for i := range c.Scalars {
					in.Scalars = append(in.Scalars, snapshot.ScalarRead{Scalar: &c.Scalars[i], Value: p.value()})
				}
				for _, t := range c.Tables {
					r := snapshot.TableRead{Profile: c, Table: t, Before: p.value(), After: p.value()}
					if t.Seekable() {
						r.Data, r.Err = w.Seek(context.Background(), walk.SeekRequest{
							Name: "t", Column: t.OIDs[0], Address: oid.PartInet, Port: uint32(t.LocalPort), Addresses: 3, MaxRows: 50,
						})
					} else {
						r.Data, r.Err = w.Table(context.Background(), walk.TableRequest{Name: "t", Columns: t.OIDs, Prefix: t.Under, MaxRows: 50})
					}
					in.Tables = append(in.Tables, r)
				}
			}
			s := snapshot.Build(in)
			source = s.Source
			tr.Observe(s)
		}
	})
}
