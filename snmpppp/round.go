package snmpppp

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// round is one poll.
type round struct {
	*Poller
	ctx      context.Context // of the one call of Poll that this is about
	w        *walk.Walker
	in       snapshot.Input
	total    int   // rows of all tables
	timeouts int   // parts that timed out, one after the other
	stop     error // why the rest is not asked for
}

// The objects of the system, of the engine and of the host.
var systemOIDs = []string{
	"1.3.6.1.2.1.1.2.0",      // sysObjectID
	"1.3.6.1.2.1.1.1.0",      // sysDescr
	"1.3.6.1.2.1.1.3.0",      // sysUpTime
	"1.3.6.1.2.1.1.5.0",      // sysName
	"1.3.6.1.6.3.10.2.1.1.0", // snmpEngineID
	"1.3.6.1.6.3.10.2.1.2.0", // snmpEngineBoots
	"1.3.6.1.6.3.10.2.1.3.0", // snmpEngineTime
	"1.3.6.1.2.1.25.1.1.0",   // hrSystemUptime
}

// run asks for everything. An error means that there is nothing to show.
func (r *round) run() error {
	v, err := r.w.Get(r.ctx, "system", systemOIDs)
	if err != nil {
		return err
	}
	r.in.Agent = identity(v)
	restarted := snapshot.Restarted(&r.previous, &r.in.Agent, 0)
	if r.present == nil || restarted || r.since >= r.target.Reprobe {
		if restarted {
			r.present = nil // an update may have taken something away
		}
		if err := r.probe(); err != nil {
			if r.present == nil || KindOf(err).Fatal() {
				return err
			}
			r.failed(err)
		}
	}
	replaced := map[string]bool{}
	for _, c := range r.target.Profiles.All() {
		if r.present[c.Name] {
			r.in.Profiles = append(r.in.Profiles, c)
			for _, name := range c.Replaces {
				replaced[name] = true
			}
		}
	}
	if len(r.in.Profiles) == 0 {
		return &Error{Kind: walk.KindUnsupported, Err: errors.New("the agent has none of the tables of any profile, or may not show them")}
	}
	r.scalars()
	for _, c := range r.in.Profiles {
		if replaced[c.Name] {
			continue
		}
		for _, t := range c.Tables {
			if !t.Costly || r.target.Costly {
				r.table(c, t)
			}
		}
	}
	return nil
}

// probe finds out which profiles the agent has. What it once had it keeps until it
// restarts: a table without rows looks like one that is not there.
func (r *round) probe() error {
	var roots []string
	for _, c := range r.target.Profiles.All() {
		roots = append(roots, c.Detect.Roots...)
	}
	found, err := r.w.Probe(r.ctx, "probe", roots)
	if err != nil {
		return err
	}
	if r.present == nil {
		r.Poller.present = map[string]bool{}
	}
	i := 0
	for _, c := range r.target.Profiles.All() {
		for range c.Detect.Roots {
			if found[i] {
				r.present[c.Name] = true
			}
			i++
		}
		if c.MadeBy(r.in.Agent.ObjectID) {
			r.present[c.Name] = true
		}
	}
	r.Poller.since = 0
	return nil
}

// scalars reads the scalars of all profiles together.
func (r *round) scalars() {
	var oids []string
	for _, c := range r.in.Profiles {
		for i := range c.Scalars {
			r.in.Scalars = append(r.in.Scalars, snapshot.ScalarRead{Scalar: &c.Scalars[i]})
			oids = append(oids, c.Scalars[i].OID)
		}
	}
	if len(oids) == 0 || r.stop != nil {
		return
	}
	values, err := r.w.Get(r.ctx, "scalars", oids)
	for i, v := range values {
		r.in.Scalars[i].Value = v
	}
	if err != nil {
		r.failed(err)
	}
}

// table reads a table, and its count of rows before and after it. One that is not asked
// for any more is there, too: as one that failed.
func (r *round) table(c *profile.Compiled, t *profile.CompiledTable) {
	read := snapshot.TableRead{Profile: c, Table: t, Data: walk.NewTable(len(t.Columns))}
	name := c.Source(t)
	if r.stop != nil {
		read.Err = &Error{Kind: KindOf(r.stop), What: name, Err: errors.New("not asked for, because others failed")}
		r.in.Tables = append(r.in.Tables, read)
		return
	}
	maxRows := r.target.MaxRows
	if t.MaxRows > 0 {
		maxRows = min(maxRows, t.MaxRows)
	}
	// An agent with many big tables must not cost more than one with a very big one.
	maxRows = max(1, min(maxRows, 2*r.target.MaxRows-r.total))
	expected := r.rows[name]
	if t.Count != "" {
		read.Before = r.count(name, t.Count)
		if n, ok := read.Before.Uint(); ok && t.Under == "" {
			expected = int(min(n, uint64(maxRows)))
		}
	}
	if t.Seekable() {
		read.Data, read.Err = r.w.Seek(r.ctx, walk.SeekRequest{
			Name: name, Column: t.OIDs[0], Address: t.Index[0].Type, Port: uint32(t.LocalPort), Addresses: seekAddresses, MaxRows: maxRows,
		})
	} else {
		read.Data, read.Err = r.w.Table(r.ctx, walk.TableRequest{Name: name, Columns: t.OIDs, Prefix: t.Under, MaxRows: maxRows, Rows: expected})
	}
	if t.Count != "" && read.Err == nil {
		read.After = r.count(name, t.Count)
	}
	r.rows[name] = read.Data.Rows()
	r.total += read.Data.Rows()
	r.in.Tables = append(r.in.Tables, read)
	r.note(read.Err)
}

// seekAddresses is after how many local addresses of a table of connections jumping
// over ports costs more than reading all of it.
const seekAddresses = 64

func (r *round) count(name, oid string) walk.Value {
	v, err := r.w.Get(r.ctx, name+" count", []string{oid})
	if err != nil {
		return walk.Value{}
	}
	return v[0]
}

// failed notes that something besides a table could not be read.
func (r *round) failed(err error) {
	r.in.Partial = append(r.in.Partial, snapshot.Partial{Kind: KindOf(err), Detail: err.Error()})
	r.note(err)
}

// note decides whether to go on after a part was read, or not. One part may be too much
// for an agent, but an agent that does not answer twice in a row is gone.
func (r *round) note(err error) {
	k := KindOf(err)
	if k == walk.KindTimeout {
		r.timeouts++
	} else {
		r.timeouts = 0
	}
	if k.Fatal() || r.timeouts >= 2 {
		r.stop = err
	}
}

// identity makes sense of the objects in systemOIDs.
func identity(v []walk.Value) snapshot.Agent {
	a := snapshot.Agent{ObjectID: profile.Clean(v[0].String()), Descr: profile.Clean(v[1].String()), Name: profile.Clean(v[3].String())}
	ticks := func(v walk.Value) time.Duration {
		n, _ := v.Uint()
		return time.Duration(min(n, 1<<32-1)) * 10 * time.Millisecond
	}
	a.Uptime, a.HostUptime = ticks(v[2]), ticks(v[7])
	if id, ok := v[4].Bytes(); ok && len(id) <= 32 {
		a.EngineID = hex.EncodeToString([]byte(id))
	}
	if n, ok := v[5].Uint(); ok {
		a.EngineBoots = uint32(min(n, 1<<31-1))
	}
	if n, ok := v[6].Uint(); ok {
		a.EngineTime = time.Duration(min(n, 1<<31-1)) * time.Second
	}
	return a
}
