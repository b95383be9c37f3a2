// Package line reads single log lines of PPTP daemons, and of the RADIUS
// servers behind them, into events.
//
// A line goes three steps: its envelope (syslog in all the forms that are met,
// the daemons' own files) gives time, host, program and pid; the program's own
// prefix (accel-ppp's interface and user, mpd5's link) is taken off; then the
// first word of what is left finds the few patterns that may match. Patterns are
// data, in patterns/*.yaml, and are compiled to literals and fields, not to
// regular expressions: a match is a handful of comparisons and never backtracks.
//
// Names that users choose stand in these lines and may hold anything, including
// the text of another line. A pattern therefore always covers the whole message,
// and a field for such a name ends at the last place where it can end.
//
// # Patterns
//
// A file of patterns, or [Config].Patterns, holds one program or more, as YAML
// documents:
//
//	program: myvpn        # Event.Program; one that is built in gets more patterns
//	tags: [myvpnd]        # the program's names in the envelope; default: its own
//	role: client          # of all its lines, or of one pattern; default: server
//	patterns:
//	  - event: auth_fail
//	    text: 'user {user:greedy} of {peer} was refused: {reason:rest}'
//	    examples:
//	      - line: 'user bob of 198.51.100.7 was refused: no such user'
//	        want: {user: bob, peer: 198.51.100.7, reason: no such user}
//	  - noise: true       # known, and means nothing
//	    text: ['tick', 'tock {_:rest}']
//
// A text is the whole message. {name} or {name:kind} is a field; {_} only must be
// there; a literal brace is written twice. Fields are those of event.Event: peer,
// ip, user, interface, session, port, server, reason, errno, child_pid, tx, rx,
// duration, capacity and value. Kinds are any (up to the next literal; what most
// fields are), word (the same, without a space), int, ip, seconds, minutes, greedy
// (up to the last place of the next literal: right for what a user chooses), quoted
// (greedy, with the escapes of pppd), and rest (all that is left).
//
// More keys of a pattern: count_once (lines of this group are one event),
// continuation (belongs to the line before), reason (what the text means, where no
// field says it), secret (the event's text ends where the first field begins; in a
// text with a user, at the first slash of the name), id and data (numbers of
// Windows events, and the fields in the order of their data).
package line
