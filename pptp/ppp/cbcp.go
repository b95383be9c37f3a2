package ppp

// Codes and types of Microsoft's callback control protocol (draft-gidwani-ppp-callback-cp). Windows starts it after
// authentication where the account has a callback policy.
const (
	cbcpRequest  = 1
	cbcpResponse = 2
	cbcpAck      = 3

	cbcpNoCallback = 1
)

// receiveCBCP answers "no callback" where that is on offer, and refuses the protocol where it is not.
func (l *Link) receiveCBCP(packet []byte) {
	p, err := ParsePacket(packet)
	if err != nil {
		l.stats.Malformed++
		return
	}
	if l.phase < Authenticate || l.phase > Running || (l.auth != nil && !l.authenticated) || l.cfg.AnyAuth {
		l.tooEarly()
		return
	}
	switch p.Code {
	case cbcpRequest:
		opts, err := ParseOptions(p.Data)
		if err != nil {
			l.stats.Malformed++
			return
		}
		for _, o := range opts {
			if o.Type != cbcpNoCallback {
				continue
			}
			// Some peers put a delay octet behind the type, some do not: it is given back as it came.
			o.Data = make([]byte, min(len(o.Data), 1))
			l.queueFrame(CBCP, Packet{cbcpResponse, p.ID, AppendOptions(nil, []Option{o})}.AppendTo(nil))
			if l.phase == Network {
				l.phase = Callback
			}
			return
		}
		l.emit(Event{Kind: EventCallbackRequired, Protocol: CBCP})
		l.rejectProtocol(CBCP, packet)
	case cbcpAck:
		if l.phase == Callback {
			l.phase = Network
		}
	default:
		l.stats.Unexpected++
	}
}
