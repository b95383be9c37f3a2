//go:build linux

package radius

import (
	"fmt"
	"path/filepath"
	"strings"
)

// login is what all servers do: find the password, and leave the rest to the module of
// the method.
const login = `
	authorize {
		update control { Cleartext-Password := %q }
		chap
		%[2]s
		pap
	}
	authenticate {
		Auth-Type PAP { pap }
		Auth-Type CHAP { chap }
		Auth-Type MS-CHAP { %[2]s }
	}
`

// config is radiusd.conf of FreeRADIUS 3.
func (d *Daemon) config(cfg Config) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("libdir = %s", filepath.Join(d.root, "lib/freeradius"))
	line("raddbdir = %s", d.Dir)
	line("logdir = %s", d.Dir)
	line("run_dir = %s", d.Dir)
	line("log { auth = yes }")
	line("max_request_time = 10")
	line("cleanup_delay = 2")
	status := "yes"
	if cfg.NoStatus {
		status = "no"
	}
	line("security { allow_core_dumps = no\n reject_delay = 0\n status_server = %s\n}", status)
	line("thread pool { start_servers = 2\n max_servers = 4\n min_spare_servers = 1\n max_spare_servers = 2\n}")
	line("modules {")
	line("always ok { rcode = ok\n}\nalways handled { rcode = handled\n}")
	line("pap { }\nchap { }\nmschap { use_mppe = yes }\nmschap nokeys { use_mppe = no }")
	line("exec wait { wait = yes\n program = \"/bin/sleep %g\"\n timeout = 5\n}", SlowTime.Seconds())
	line("}")
	for _, s := range servers {
		kind := "auth"
		switch s {
		case Accounting:
			kind = "acct"
		case Statistics:
			kind = "status"
		}
		required := "no"
		if s == Signed {
			required = "yes"
		}
		line("server %s {", s)
		line("listen { type = %s\n ipaddr = %s\n port = %d\n}", kind, d.Host, d.Ports[s])
		line("client local { ipaddr = 127.0.0.0/8\n secret = %s\n require_message_authenticator = %s\n}", Secret, required)
		b.WriteString(s.sections())
		line("}")
	}
	// The parser wants what is in braces on lines of its own.
	return strings.NewReplacer("{ ", "{\n", " }", "\n}").Replace(b.String())
}

// sections are what a server does.
func (s Server) sections() string {
	switch s {
	case Accounting:
		return "preacct { }\naccounting { ok }\n"
	case Statistics:
		return "authorize { ok }\n"
	case Silent:
		return "authorize { update control { Response-Packet-Type := Do-Not-Respond }\n handled }\n"
	case Challenge:
		return "authorize { update control { Auth-Type := Accept\n Response-Packet-Type := Access-Challenge }\n update reply { Reply-Message := \"Token?\" } }\n"
	case Slow:
		return strings.Replace(fmt.Sprintf(login, Password, "mschap"), "authorize {", "authorize {\n\t\twait", 1)
	case NoKeys:
		return fmt.Sprintf(login, Password, "nokeys")
	}
	return fmt.Sprintf(login, Password, "mschap")
}
