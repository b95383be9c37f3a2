package snmp

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// passArg is what makes this process a child of snmpd that serves a file of rows.
const passArg = "pass-persist"

// Main serves a file of rows, as long as snmpd wants, if this process was started by
// snmpd for that; the TestMain of packages that use [Start] has to call it first.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != passArg {
		return
	}
	f, err := os.Open(os.Args[2])
	if err == nil {
		err = servePass(f, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// passTypes are the names of types in the protocol of pass_persist (snmpd.conf(5)), by
// the tags of package agent's files.
var passTypes = map[string]string{
	"2": "integer", "4": "string", "4x": "octet", "6": "objectid", "64": "ipaddress", "65": "counter", "66": "gauge",
	"67": "timeticks", "70": "counter64",
}

type passRow struct{ oid, kind, value string }

// servePass speaks pass_persist: snmpd writes PING, or get or getnext and an OID, and
// reads PONG, or OID, type and value, or NONE.
func servePass(file io.Reader, in io.Reader, out io.Writer) error {
	var rows []passRow
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		f := strings.SplitN(lines.Text(), "|", 3)
		if len(f) != 3 || passTypes[f[1]] == "" {
			continue
		}
		r := passRow{f[0], passTypes[f[1]], f[2]}
		if r.kind == "octet" {
			r.value = pairs(r.value)
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b passRow) int { return oid.Compare(a.oid, b.oid) })
	commands := bufio.NewScanner(in)
	for commands.Scan() {
		var err error
		switch c := strings.ToLower(strings.TrimSpace(commands.Text())); c {
		case "ping":
			_, err = io.WriteString(out, "PONG\n")
		case "get", "getnext":
			if !commands.Scan() {
				return commands.Err()
			}
			_, err = io.WriteString(out, answer(rows, strings.Trim(commands.Text(), ". \r"), c == "getnext"))
		case "set":
			commands.Scan()
			commands.Scan()
			_, err = io.WriteString(out, "not-writable\n")
		}
		if err != nil {
			return err
		}
	}
	return commands.Err()
}

func answer(rows []passRow, o string, next bool) string {
	i := sort.Search(len(rows), func(i int) bool {
		c := oid.Compare(rows[i].oid, o)
		return c > 0 || c == 0 && !next
	})
	if i == len(rows) || !next && rows[i].oid != o {
		return "NONE\n"
	}
	r := rows[i]
	return "." + r.oid + "\n" + r.kind + "\n" + r.value + "\n"
}

// pairs puts blanks between the octets of a hexadecimal string.
func pairs(s string) string {
	var b strings.Builder
	for i := 0; i+1 < len(s); i += 2 {
		b.WriteString(s[i:i+2] + " ")
	}
	return strings.TrimSpace(b.String())
}
