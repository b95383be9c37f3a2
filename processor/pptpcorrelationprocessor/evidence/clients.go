package evidence

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// clientSessions is what sessions of clients say together.
type clientSessions struct {
	Order       []string                     `yaml:"order"`
	Failures    map[string]map[string]string `yaml:"failures"`
	Established []string                     `yaml:"established"`
	Ends        map[string]map[string]string `yaml:"ends"`
}

// Attributes of the events of the log connector.
const (
	attrProgram  = "pptp.log.program"
	attrClient   = "client.address"
	attrUser     = "user.name"
	attrReason   = "pptp.session.reason"
	attrOutcome  = "pptp.session.outcome"
	attrReceived = "pptp.session.io.receive"
)

// logPrefix is what the names of the other events of the log connector begin with.
const logPrefix = "pptp.log."

// Events about sessions of clients.
const (
	eventOpened      = "pptp.session.opened"
	eventEstablished = "pptp.session.established"
	eventFailed      = "pptp.session.failed"
	eventClosed      = "pptp.session.closed"
)

var clientEvents = map[string]bool{eventOpened: true, eventEstablished: true, eventFailed: true, eventClosed: true}

// maxClientSessions bounds the sessions of a gateway that are kept: the newest count.
const maxClientSessions = 128

// repeatsOfClient is how often a client must fail to be told as one that does.
const repeatsOfClient = 3

// clients is the compiled table.
type clients struct {
	signals  []string         // all that sessions say something about
	stage    map[string]int   // of those, which are in an order
	last     int              // what a session that is established has got past
	outcomes []outcome        // 0 is an established session
	byError  map[string]uint8 // index of outcomes
	peers    map[string]int   // of signals that tell clients apart, how many must fail
	works    []string         // what else works when one gets through
	ends     map[string]says
}

// outcome is how a session went.
type outcome struct {
	says []says
	past int // the stage that it got to
}

// clientSession is one that is over, or up.
type clientSession struct {
	at         int64
	peer, user key // 0: not known
	outcome    uint8
}

// signalAuth is about users where their names are told: the probes of all vantages are one of them, and
// somebody who guesses is as many as names are tried.
const signalAuth = "log.auth"

// who is whom a session says something of a signal about.
func (s *clientSession) who(signal string) key {
	if signal == signalAuth && s.user != 0 {
		return s.user
	}
	return s.peer
}

// gatewayWindow is what is known of the sessions of a gateway.
type gatewayWindow struct {
	list   []clientSession // how the last ones were set up, oldest first
	ends   []sessionEnd    // how the last ones ended, oldest first
	active int             // that were seen to be established, and not to end
	heard  int64
	told   int64 // when it was last told that there are lines
}

func (c *compiler) clients(t *clientSessions) *clients {
	x := &clients{stage: make(map[string]int), byError: make(map[string]uint8), peers: make(map[string]int), last: len(t.Order)}
	add := func(signal string) {
		if !slices.Contains(x.signals, signal) {
			x.signals = append(x.signals, signal)
			x.peers[signal] = c.signals[signal].Peers
		}
	}
	for i, name := range t.Order {
		c.signal("client_sessions.order", name)
		x.stage[name] = i
		add(name)
	}
	x.outcomes = []outcome{{past: x.last}}
	for _, name := range sortedKeys(t.Failures) {
		o := outcome{past: x.last}
		for _, signal := range sortedKeys(t.Failures[name]) {
			value := t.Failures[name][signal]
			c.value("client_sessions.failures."+name, signal, value)
			o.says = append(o.says, says{signal, value})
			if i, ok := x.stage[signal]; ok {
				o.past = min(o.past, i)
			}
			add(signal)
		}
		x.byError[name] = uint8(len(x.outcomes))
		x.outcomes = append(x.outcomes, o)
	}
	for _, name := range t.Established {
		c.value("client_sessions.established", name, "ok")
	}
	x.works, x.ends = t.Established, make(map[string]says)
	for _, name := range sortedKeys(t.Ends) {
		for signal, value := range t.Ends[name] {
			c.value("client_sessions.ends."+name, signal, value)
			x.ends[name] = says{signal, value}
		}
	}
	return x
}

// logEvent reads what a line of a log says of sessions, and that there are lines.
func (r *Reader) logEvent(name string, lr plog.LogRecord, resource pcommon.Map) {
	if _, ok := lr.Attributes().Get(attrProgram); !ok {
		return
	}
	r.about(resource)
	if len(r.targets) == 0 {
		r.stats.Dropped[DroppedNoGateway]++
		return
	}
	w := r.windowOf(r.targets[0])
	if w == nil {
		return
	}
	w.heard = r.now.UnixNano()
	at := r.recordTime(lr)
	if at-w.told >= activityEvery || at < w.told {
		w.told = at
		r.scratch = health.Evidence{Signal: "log.activity", Value: "ok", At: time.Unix(0, at)}
		r.tell(&r.scratch)
	}
	switch name {
	case eventEstablished, eventFailed:
		r.setUp(w, name, at, lr)
	case eventClosed:
		r.ended(w, at, lr)
	}
}

// activityEvery is how often it is told that there are lines.
const activityEvery = int64(10 * time.Second)

// setUp reads how a session was set up.
func (r *Reader) setUp(w *gatewayWindow, name string, at int64, lr plog.LogRecord) {
	a := lr.Attributes()
	var o uint8
	if name == eventFailed {
		var known bool
		if o, known = r.clients.outcome(textOf(a, attrErrorType), textOf(a, attrReason)); !known {
			return // why it failed is not known, so neither is which stage
		}
	} else {
		w.active++
	}
	peer, user := textOf(a, attrClient), textOf(a, attrUser)
	w.add(clientSession{at: at, peer: peerKey(peer), user: peerKey(user), outcome: o}, at-int64(r.config.Window))
	ev := health.Evidence{At: time.Unix(0, at), TraceID: lr.TraceID(), SpanID: lr.SpanID(), Vantage: r.vantage}
	if o == 0 {
		r.clientWorked(w, &ev, peer, user)
		return
	}
	for _, what := range r.clients.outcomes[o].says {
		r.clientFailed(w, &ev, nameOf(what.signal, peer, user), what)
	}
}

// outcome is that of an error.type, with the reason if that is told apart.
func (x *clients) outcome(errorType, reason string) (uint8, bool) {
	if reason != "" {
		if o, ok := x.byError[errorType+"/"+reason]; ok {
			return o, true
		}
	}
	o, ok := x.byError[errorType]
	return o, ok
}

// nameOf is the name of whom a session says something of a signal about.
func nameOf(signal, peer, user string) string {
	if signal == signalAuth && user != "" {
		return user
	}
	return peer
}

func peerKey(name string) key {
	if name == "" {
		return 0
	}
	return key(fnvOffset).with(name)
}

func (r *Reader) windowOf(gateway string) *gatewayWindow {
	w := r.windows[gateway]
	if w == nil {
		if len(r.windows) >= r.config.MaxSessions {
			r.stats.Dropped[DroppedSessions]++
			return nil
		}
		w = &gatewayWindow{}
		r.windows[clone(gateway)] = w
	}
	return w
}

// add puts a session in its place, and drops what is older than the window.
func (w *gatewayWindow) add(s clientSession, oldest int64) {
	w.list = slices.DeleteFunc(w.list, func(x clientSession) bool { return x.at < oldest })
	i := len(w.list)
	for i > 0 && w.list[i-1].at > s.at {
		i--
	}
	if w.list = slices.Insert(w.list, i, s); len(w.list) > maxClientSessions {
		w.list = slices.Delete(w.list, 0, 1)
	}
}

// share counts the clients whose last session failed with a signal, of those that came as far.
func (x *clients) share(w *gatewayWindow, signal string) (bad, total uint32) {
	stage, staged := x.stage[signal]
	for i := range w.list {
		s := &w.list[i]
		if id := s.who(signal); id != 0 && slices.ContainsFunc(w.list[i+1:], func(later clientSession) bool { return later.who(signal) == id }) {
			continue
		}
		o := &x.outcomes[s.outcome]
		if staged && o.past < stage {
			continue
		}
		total++
		if o.about(signal) {
			bad++
		}
	}
	return bad, total
}

func (o *outcome) about(signal string) bool {
	return slices.ContainsFunc(o.says, func(s says) bool { return s.signal == signal })
}

// repeats counts how often a client failed with a signal since it last worked.
func (x *clients) repeats(w *gatewayWindow, signal string, peer key) (n int) {
	for i := range w.list {
		switch s := &w.list[i]; {
		case s.who(signal) != peer:
		case x.outcomes[s.outcome].about(signal):
			n++
		default:
			n = 0
		}
	}
	return n
}

// failed tells whether a client has failed with a signal within the window.
func (x *clients) failed(w *gatewayWindow, signal string, peer key) bool {
	return slices.ContainsFunc(w.list, func(s clientSession) bool { return s.who(signal) == peer && x.outcomes[s.outcome].about(signal) })
}

// clientFailed tells what the failure of a session makes of a signal. Where clients are told apart, fewer than the signal
// asks for are told by name, once they fail again and again; more are a share of all.
func (r *Reader) clientFailed(w *gatewayWindow, ev *health.Evidence, peer string, what says) {
	ev.Signal, ev.Value, ev.Peer = what.signal, what.value, ""
	ev.Bad, ev.Total = r.clients.share(w, what.signal)
	if n := r.clients.peers[what.signal]; peer != "" && int(ev.Bad) < n {
		if r.clients.repeats(w, what.signal, peerKey(peer)) < repeatsOfClient {
			return
		}
		ev.Peer, ev.Bad, ev.Total = peer, 0, 0
	}
	r.tell(ev)
}

// clientWorked tells what a session that is established makes of all signals.
func (r *Reader) clientWorked(w *gatewayWindow, ev *health.Evidence, peer, user string) {
	for _, signal := range r.clients.signals {
		ev.Signal, ev.Value, ev.Peer = signal, "ok", ""
		if name := nameOf(signal, peer, user); r.clients.peers[signal] > 0 && r.clients.failed(w, signal, peerKey(name)) {
			ev.Peer, ev.Bad, ev.Total = name, 0, 0 // this client is well again
			r.tell(ev)
			ev.Peer = ""
		}
		if ev.Bad, ev.Total = r.clients.share(w, signal); ev.Bad == 0 {
			ev.Total = 0 // nobody fails
		}
		if n := r.clients.peers[signal]; n > 0 && int(ev.Bad) < n {
			ev.Bad, ev.Total = 0, 0 // or too few
		}
		r.tell(ev)
	}
	for _, signal := range r.clients.works {
		if !slices.Contains(r.clients.signals, signal) {
			ev.Signal, ev.Value, ev.Peer, ev.Bad, ev.Total = signal, "ok", "", 0, 0
			r.tell(ev)
		}
	}
}
