package ppp

import (
	"encoding/binary"
	"time"
)

// maxEchoes bounds the Echo-Requests whose reply is still waited for; older ones are forgotten.
const maxEchoes = 8

type echoState struct {
	timer      time.Time // of the next periodic request
	unanswered int       // requests in a row without reply
	silent     bool      // EventEchoTimeout was sent
	looped     bool      // EventLoopback was sent
	sent       [maxEchoes]sentEcho
	sentNext   int
}

type sentEcho struct {
	id uint8
	at time.Time // zero: free
}

func (l *Link) startEcho(now time.Time) {
	l.echo = echoState{}
	if l.cfg.EchoInterval > 0 {
		l.echo.timer = now.Add(l.cfg.EchoInterval)
	}
}

// Echo sends one LCP Echo-Request; EventEchoReply follows if the peer answers. It does nothing unless LCP is open.
func (l *Link) Echo(now time.Time) {
	if l.lcp.State() != Opened {
		return
	}
	l.now = now
	l.sendEcho(now)
}

func (l *Link) sendEcho(now time.Time) {
	id := l.nextID()
	l.echo.sent[l.echo.sentNext] = sentEcho{id, now}
	l.echo.sentNext = (l.echo.sentNext + 1) % maxEchoes
	l.stats.EchoSent++
	l.queueFrame(LCP, Packet{EchoReq, id, binary.BigEndian.AppendUint32(nil, l.lcpPol.magic)}.AppendTo(nil))
}

func (l *Link) tickEcho(now time.Time) {
	if !due(l.echo.timer, now) || l.lcp.State() != Opened {
		return
	}
	if l.echo.unanswered >= l.cfg.EchoFailure && !l.echo.silent {
		l.echo.silent = true
		l.emit(Event{Kind: EventEchoTimeout, Protocol: LCP})
	}
	l.echo.unanswered++
	l.sendEcho(now)
	l.echo.timer = now.Add(l.cfg.EchoInterval)
}

// answerEcho replies with our magic number: pppd takes a reply with its own for a looped line and ignores it.
func (l *Link) answerEcho(p Packet) {
	if len(p.Data) < 4 {
		l.stats.Malformed++
		return
	}
	if m := binary.BigEndian.Uint32(p.Data); m != 0 && m == l.lcpPol.magic {
		if !l.echo.looped {
			l.echo.looped = true
			l.emit(Event{Kind: EventLoopback, Protocol: LCP, Detail: "echo-request carries our magic number"})
		}
		return
	}
	room := max(minMRU, int(l.lcpPol.peerMRU)) - packetHeaderLen
	data := binary.BigEndian.AppendUint32(nil, l.lcpPol.magic)
	data = append(data, p.Data[4:min(len(p.Data), room)]...)
	l.stats.EchoAnswered++
	l.queueFrame(LCP, Packet{EchoRep, p.ID, data}.AppendTo(nil))
}

// receiveEchoReply matches by id. Its magic number does not matter: looped requests are found above, and some peers
// copy the whole request.
func (l *Link) receiveEchoReply(now time.Time, p Packet) {
	for i := range l.echo.sent {
		s := &l.echo.sent[i]
		if s.at.IsZero() || s.id != p.ID {
			continue
		}
		l.echo.unanswered, l.echo.silent = 0, false
		l.stats.EchoReplies++
		l.emit(Event{Kind: EventEchoReply, Protocol: LCP, RTT: now.Sub(s.at)})
		*s = sentEcho{}
		return
	}
	l.stats.Unexpected++
}
