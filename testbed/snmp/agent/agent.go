// Package agent is an SNMP agent for tests: SNMPv1 and v2c over UDP, rows out of a
// file or of Go code, and hooks for everything that agents do wrong. It has a BER codec
// of its own.
package agent

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// PDU types (RFC 3416 section 3).
const (
	Get      = 0xa0
	GetNext  = 0xa1
	Response = 0xa2
	GetBulk  = 0xa5
)

// Request is a request as it came.
type Request struct {
	N           int // of this agent, from 1
	Version     int // 0: v1, 1: v2c
	Community   string
	Type        byte
	ID          int64
	NonRepeat   int
	Repetitions int
	OIDs        [][]uint32
}

// Has says whether one of the OIDs is s, or below it.
func (r *Request) Has(s string) bool {
	root, _ := parseOID(s)
	return slices.ContainsFunc(r.OIDs, func(o []uint32) bool { return len(o) >= len(root) && slices.Equal(o[:len(root)], root) })
}

// Answer is a response before it is encoded.
type Answer struct {
	Version   int
	Community string
	Type      byte
	ID        int64
	Status    int
	Index     int
	Vars      [][]byte // encoded variables
}

// Var returns an encoded variable.
func Var(oid string, tag byte, value any) []byte {
	o, err := parseOID(oid)
	if err != nil {
		panic(err)
	}
	return variable(o, encode(tag, value))
}

// Config is how an agent behaves. Hooks may be nil.
type Config struct {
	Address   string // such as 127.0.96.1:0; empty: that
	Community string // others get no answer; empty: public
	MaxVars   int    // of an answer; 0: 100, as net-snmp does
	MaxSize   int    // of an answer in octets: more is tooBig for GET, and cut for GETBULK; 0: 65,000

	Drop   func(*Request) bool           // no answer
	Delay  func(*Request) time.Duration  // before the answer; the agent goes on meanwhile
	Mangle func(*Request, *Answer)       // changes the answer
	Raw    func(*Request, []byte) []byte // changes its octets; nil: no answer
}

// Agent is a running agent.
type Agent struct {
	cfg  Config
	conn *net.UDPConn
	rows atomic.Pointer[Rows]
	n    atomic.Int64
	vars atomic.Int64
	wg   sync.WaitGroup
}

// Start starts an agent. It must be closed.
func Start(rows *Rows, cfg Config) (*Agent, error) {
	if cfg.Address == "" {
		cfg.Address = "127.0.96.1:0"
	}
	if cfg.Community == "" {
		cfg.Community = "public"
	}
	if cfg.MaxVars == 0 {
		cfg.MaxVars = 100
	}
	if cfg.MaxSize == 0 {
		cfg.MaxSize = 65_000
	}
	local, err := netip.ParseAddrPort(cfg.Address)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, err
	}
	a := &Agent{cfg: cfg, conn: conn}
	a.rows.Store(rows)
	a.wg.Go(a.serve)
	return a, nil
}

// Addr is where the agent listens.
func (a *Agent) Addr() netip.AddrPort { return a.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Set replaces the rows.
func (a *Agent) Set(rows *Rows) { a.rows.Store(rows) }

// Requests is how many requests came.
func (a *Agent) Requests() int { return int(a.n.Load()) }

// Vars is how many variables were sent.
func (a *Agent) Vars() int { return int(a.vars.Load()) }

// Close stops the agent.
func (a *Agent) Close() {
	_ = a.conn.Close() // ends serve
	a.wg.Wait()
}

func (a *Agent) serve() {
	buf := make([]byte, 65536)
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // the socket's own error
				continue
			}
			return
		}
		req, err := parse(buf[:n])
		if err != nil || req.Community != a.cfg.Community {
			continue
		}
		req.N = int(a.n.Add(1))
		if a.cfg.Drop != nil && a.cfg.Drop(req) {
			continue
		}
		out := a.respond(req)
		if out == nil {
			continue
		}
		send := func() { _, _ = a.conn.WriteToUDPAddrPort(out, from) } // the client may be gone
		if a.cfg.Delay != nil {
			if d := a.cfg.Delay(req); d > 0 {
				a.wg.Go(func() {
					<-time.After(d)
					send()
				})
				continue
			}
		}
		send()
	}
}

// respond makes the octets of an answer; nil: none.
func (a *Agent) respond(req *Request) []byte {
	ans := a.answer(req)
	if a.cfg.Mangle != nil {
		a.cfg.Mangle(req, ans)
	}
	a.vars.Add(int64(len(ans.Vars)))
	out := ans.encode()
	if a.cfg.Raw != nil {
		out = a.cfg.Raw(req, out)
	}
	return out
}

func parse(b []byte) (*Request, error) {
	_, msg, _, err := tlv(b)
	if err != nil {
		return nil, err
	}
	var fields [][]byte
	r := &Request{}
	for len(msg) > 0 {
		tag, v, rest, err := tlv(msg)
		if err != nil {
			return nil, err
		}
		fields, msg, r.Type = append(fields, v), rest, tag
	}
	if len(fields) != 3 {
		return nil, errBER
	}
	r.Version, r.Community = int(integer(fields[0])), string(fields[1])
	pdu := fields[2]
	var numbers [3]int64
	for i := range numbers {
		_, v, rest, err := tlv(pdu)
		if err != nil {
			return nil, err
		}
		numbers[i], pdu = integer(v), rest
	}
	r.ID, r.NonRepeat, r.Repetitions = numbers[0], int(numbers[1]), int(numbers[2])
	_, list, _, err := tlv(pdu)
	for err == nil && len(list) > 0 {
		var v, o []byte
		if _, v, list, err = tlv(list); err == nil {
			if _, o, _, err = tlv(v); err == nil {
				r.OIDs = append(r.OIDs, decodeOID(o))
			}
		}
	}
	return r, err
}

// answer does what the request asks for.
func (a *Agent) answer(req *Request) *Answer {
	rows := a.rows.Load()
	ans := &Answer{Version: req.Version, Community: req.Community, Type: Response, ID: req.ID}
	repetitions := 1
	if req.Type == GetBulk {
		repetitions = req.Repetitions
	}
	size := 0
	cursors := make([]int, len(req.OIDs))
	for rep := range repetitions {
		ended := 0
		for i, o := range req.OIDs {
			if req.Type == GetBulk && i < req.NonRepeat && rep > 0 {
				continue
			}
			var v []byte
			if rep == 0 {
				cursors[i] = rows.after(o)
			}
			switch p := cursors[i]; {
			case req.Type == Get:
				v = variable(o, []byte{0x81, 0}) // noSuchInstance
				if p > 0 && slices.Equal(rows.oids[p-1], o) {
					v = rows.values[p-1]
				} else if req.Version == 0 {
					return failed(ans, req, 2, i)
				}
			case p < len(rows.oids):
				v, cursors[i] = rows.values[p], p+1
			case req.Version == 0:
				return failed(ans, req, 2, i)
			default:
				ended++
				last := o
				if rep > 0 && len(rows.oids) > 0 {
					last = rows.oids[len(rows.oids)-1]
				}
				v = variable(last, []byte{0x82, 0}) // endOfMibView
			}
			if size += len(v); size > a.cfg.MaxSize {
				if req.Type == GetBulk && len(ans.Vars) > 0 {
					return ans
				}
				ans.Vars = nil
				ans.Status = 1 // tooBig
				return ans
			}
			if len(ans.Vars) >= a.cfg.MaxVars && req.Type == GetBulk {
				return ans
			}
			ans.Vars = append(ans.Vars, v)
		}
		if ended == len(req.OIDs) {
			break
		}
	}
	return ans
}

func failed(ans *Answer, req *Request, status, i int) *Answer {
	ans.Status, ans.Index, ans.Vars = status, i+1, nil
	for _, o := range req.OIDs {
		ans.Vars = append(ans.Vars, variable(o, []byte{0x05, 0}))
	}
	return ans
}

func (a *Answer) encode() []byte {
	var list []byte
	for _, v := range a.Vars {
		list = append(list, v...)
	}
	pdu := appendInteger(nil, 0x02, a.ID)
	pdu = appendInteger(pdu, 0x02, int64(a.Status))
	pdu = appendInteger(pdu, 0x02, int64(a.Index))
	pdu = appendTLV(pdu, 0x30, list)
	msg := appendInteger(nil, 0x02, int64(a.Version))
	msg = appendTLV(msg, 0x04, []byte(a.Community))
	msg = appendTLV(msg, a.Type, pdu)
	return appendTLV(nil, 0x30, msg)
}
