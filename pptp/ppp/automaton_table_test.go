package ppp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rfcTable is the state transition table of RFC 1661 section 4.1, as printed.
const rfcTable = `
Up   |    2     irc,scr/6     -         -         -         -
Down |    -         -         0       tls/1       0         1
Open |  tls/1       1     irc,scr/6     3r        5r        5r
Close|    0       tlf/0       2         2         4         4
TO+  |    -         -         -         -       str/4     str/5
TO-  |    -         -         -         -       tlf/2     tlf/3
RCR+ |    -         -       sta/2 irc,scr,sca/8   4         5
RCR- |    -         -       sta/2 irc,scr,scn/6   4         5
RCA  |    -         -       sta/2     sta/3       4         5
RCN  |    -         -       sta/2     sta/3       4         5
RTR  |    -         -       sta/2     sta/3     sta/4     sta/5
RTA  |    -         -         2         3       tlf/2     tlf/3
RUC  |    -         -       scj/2     scj/3     scj/4     scj/5
RXJ+ |    -         -         2         3         4         5
RXJ- |    -         -       tlf/2     tlf/3     tlf/2     tlf/3
RXR  |    -         -         2         3         4         5
====
Up   |    -         -         -           -
Down |    1         1         1         tld/1
Open |    6         7         8           9r
Close|irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
TO+  |  scr/6     scr/6     scr/8         -
TO-  | tlf/3p    tlf/3p    tlf/3p         -
RCR+ |  sca/8   sca,tlu/9   sca/8   tld,scr,sca/8
RCR- |  scn/6     scn/7     scn/6   tld,scr,scn/6
RCA  |  irc/7     scr/6x  irc,tlu/9   tld,scr/6x
RCN  |irc,scr/6   scr/6x  irc,scr/8   tld,scr/6x
RTR  |  sta/6     sta/6     sta/6   tld,zrc,sta/5
RTA  |    6         6         8       tld,scr/6
RUC  |  scj/6     scj/7     scj/8   scj/9
RXJ+ |    6         6         8           9
RXJ- | tlf/3     tlf/3     tlf/3   tld,irc,str/5
RXR  |    6         7         8         ser/9
`

type cell struct {
	actions []string
	next    State
	none    bool
}

func parseRFCTable(t *testing.T) map[string][]cell {
	t.Helper()
	rows := map[string][]cell{}
	for line := range strings.Lines(rfcTable) {
		name, body, ok := strings.Cut(line, "|")
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		for _, f := range strings.Fields(body) {
			f = strings.TrimRight(f, "rxp\n")
			if f == "-" {
				rows[name] = append(rows[name], cell{none: true})
				continue
			}
			c := cell{}
			if do, next, ok := strings.Cut(f, "/"); ok {
				c.actions = strings.Split(do, ",")
				f = next
			}
			n, err := strconv.Atoi(f)
			require.NoError(t, err, line)
			c.next = State(n)
			rows[name] = append(rows[name], c)
		}
	}
	return rows
}

type nullPolicy struct{}

func (nullPolicy) Request() []Option               { return []Option{{Type: 5, Data: []byte{1, 2, 3, 4}}} }
func (nullPolicy) Judge([]Option) (Code, []Option) { return ConfAck, nil }
func (nullPolicy) Ack([]Option)                    {}
func (nullPolicy) Nak([]Option)                    {}
func (nullPolicy) Reject([]Option)                 {}

// TestEveryCellOfTheRFC1661Table puts the automaton into each state, fires each event and compares what it does with
// the table as printed in the RFC.
func TestEveryCellOfTheRFC1661Table(t *testing.T) {
	names := []string{"Up", "Down", "Open", "Close", "TO+", "TO-", "RCR+", "RCR-", "RCA", "RCN", "RTR", "RTA", "RUC", "RXJ+", "RXJ-", "RXR"}
	rows := parseRFCTable(t)
	require.Len(t, rows, int(numEvents))
	for ev, name := range names {
		require.Len(t, rows[name], int(numStates), name)
		for state, want := range rows[name] {
			t.Run(fmt.Sprintf("%s in %s", name, State(state)), func(t *testing.T) {
				a := NewAutomaton(AutomatonConfig{Protocol: LCP, Policy: nullPolicy{}})
				const mark = 99
				a.state, a.remaining = State(state), mark
				a.in = Packet{Code: EchoReq, ID: 7, Data: []byte{0, 0, 0, 0}}
				a.reply = Packet{Code: ConfAck, ID: 7}
				if strings.HasSuffix(name, "-") {
					a.reply.Code = ConfNak
				}
				a.fire(epoch, event(ev))
				if want.none {
					assert.Equal(t, State(state), a.State())
					assert.Nil(t, a.NextPacket())
					return
				}
				assert.Equal(t, want.next, a.State())
				got := observed(a)
				switch {
				case a.remaining == 0:
					got = append(got, "zrc")
				case a.remaining < mark-1:
					got = append(got, "irc")
				}
				slices.Sort(got)
				slices.Sort(want.actions)
				assert.Equal(t, want.actions, got)
				if !want.next.timed() {
					assert.Zero(t, a.Deadline(), "the restart timer runs in states 4 to 8 only")
				}
			})
		}
	}
}

// observed names the actions that can be seen from outside.
func observed(a *Automaton) []string {
	var got []string
	for ev, ok := a.NextEvent(); ok; ev, ok = a.NextEvent() {
		got = append(got, map[AutomatonEventKind]string{
			ThisLayerUp: "tlu", ThisLayerDown: "tld", ThisLayerStarted: "tls", ThisLayerFinished: "tlf", Extra: "ser",
		}[ev.Kind])
	}
	for b := a.NextPacket(); b != nil; b = a.NextPacket() {
		got = append(got, map[Code]string{
			ConfReq: "scr", ConfAck: "sca", ConfNak: "scn", TermReq: "str", TermAck: "sta", CodeRej: "scj",
		}[Code(b[0])])
	}
	return got
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
