package capture

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// tshark returns the fields of each packet, and false where it is not installed.
func tshark(t *testing.T, path string, names ...string) ([][]string, bool) {
	t.Helper()
	bin, err := exec.LookPath("tshark")
	if err != nil {
		t.Log("tshark is not installed; gopacket alone has decoded the file")
		return nil, false
	}
	args := []string{"-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-T", "fields"}
	for _, n := range names {
		args = append(args, "-e", n)
	}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), errs.String())
	var packets [][]string
	for l := range strings.Lines(out.String()) {
		packets = append(packets, strings.Split(strings.TrimSuffix(l, "\n"), "\t"))
	}
	return packets, true
}

// wrong are the fields that tell what Wireshark does not like about a packet;
// the status of a checksum is 0 when it is wrong.
var wrong = []string{"_ws.malformed", "tcp.analysis.flags", "ip.checksum.status", "tcp.checksum.status"}

func requireNothingWrong(t *testing.T, packet []string) {
	t.Helper()
	assert.Empty(t, packet[0])
	assert.Empty(t, packet[1])
	assert.NotEqual(t, "0", packet[2])
	assert.NotEqual(t, "0", packet[3])
}

// An implementation that shares nothing with ours, and that the files are for.
func TestWiresharkReadsIt(t *testing.T) {
	c := newScript(newStore(t, nil))
	c.call()
	c.lcp()
	c.receive(ppp.CHAP, chapPacket(1, chap.AppendValue(nil, secret(1, 16), "gw")))
	c.send(ppp.CHAP, chapPacket(2, chap.AppendValue(nil, secret(2, 49), "probe")))
	c.receive(ppp.CHAP, chapPacket(4, []byte("E=691 R=0 C=0123456789ABCDEF0123456789ABCDEF V=3 M=no")))
	pap, err := chap.AppendPAPRequest(nil, "probe", testPassword)
	require.NoError(t, err)
	c.send(ppp.PAP, chapPacket(1, pap))
	failed := c.now
	c.receive(ppp.CCP, chapPacket(1, []byte{18, 6, 1, 0, 0, 0x40}))
	c.close()
	path, err := c.r.Save(failed, testReason)
	require.NoError(t, err)
	decode(t, path)

	packets, ok := tshark(t, path, append(wrong, "frame.protocols", "frame.comment", "frame.time_epoch",
		"pptp.type", "pptp.control_message_type", "gre.sequence_number", "chap.code")...)
	if !ok {
		return
	}
	var protocols, comments, content []string
	for i, p := range packets {
		requireNothingWrong(t, p)
		protocols, content = append(protocols, p[4]), append(content, strings.Join(p[7:], " "))
		if p[5] != "" {
			comments = append(comments, fmt.Sprint(i+1, " ", p[5]))
		}
	}
	assert.Equal(t, []string{
		"raw:ip:tcp", "raw:ip:tcp", "raw:ip:tcp",
		"raw:ip:tcp:pptp", "raw:ip:tcp:pptp", "raw:ip:tcp:pptp", "raw:ip:tcp:pptp",
		"raw:ip:gre:ppp:lcp", "raw:ip:gre:ppp:lcp",
		"raw:ip:gre:ppp:chap", "raw:ip:gre:ppp:chap", "raw:ip:gre:ppp:chap", "raw:ip:gre:ppp:pap", "raw:ip:gre:ppp:ccp",
		"raw:ip:tcp:pptp", "raw:ip:tcp:pptp",
		"raw:ip:tcp", "raw:ip:tcp", "raw:ip:tcp",
	}, protocols)
	assert.Equal(t, []string{"13 the session failed after this packet: " + testReason.String()}, comments)
	assert.Equal(t, "1767323045.677901234", packets[0][6])
	assert.Equal(t, "1767323045.679901234", packets[3][6])
	assert.Equal(t, "1 1  ", content[3])
	assert.Equal(t, "1 8  ", content[6])
	assert.Equal(t, []string{"  0 ", "  0 ", "  1 1", "  1 2", "  2 4"}, content[7:12])
}

func TestWiresharkReadsAHole(t *testing.T) {
	c := newScript(newStore(t, func(c *Config) { c.PerSession = MinPerSession }))
	c.call()
	for range 100 {
		c.lcp()
	}
	c.close()
	require.Positive(t, c.r.dropped)
	path := c.save(t)
	decode(t, path)
	packets, ok := tshark(t, path, append(wrong, "frame.comment")...)
	if !ok {
		return
	}
	var comments []string
	for _, p := range packets {
		requireNothingWrong(t, p) // no byte of the control connection was lost
		if p[4] != "" {
			comments = append(comments, p[4])
		}
	}
	require.Len(t, comments, 2)
	assert.Contains(t, comments[0], "packets before this one were dropped")
	assert.Contains(t, comments[1], "the session failed after this packet")
}
