package radiuscheck

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// FuzzAnswer gives the checks answers of a server that knows the secret, and may put
// into them what it likes.
func FuzzAnswer(f *testing.F) {
	key := packet.NewKey(theSecret)
	success := append([]byte{26, 51, 0, 0, 1, 55, 26, 45, 7}, "S=0123456789012345678901234567890123456789"...)
	f.Add(byte(packet.AccessAccept), success)
	f.Add(byte(packet.AccessReject), append([]byte{26, 19, 0, 0, 1, 55, 2, 13, 7}, "E=691 R=1 "...))
	f.Add(byte(packet.AccessChallenge), append([]byte{18, 8}, "Token?"...))
	cfg := Config{
		Username: theUser, Password: thePassword, Secret: theSecret, RequireKeys: true, RequireSigned: true, Slow: time.Second,
	}
	request, err := packet.NewRequest(packet.AccessRequest, 1, packet.Authenticator{1}).Request(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, code byte, attributes []byte) {
		n := 20 + len(attributes)
		if n > packet.MaxLen {
			return
		}
		reply, err := packet.Parse(append([]byte{code, 1, byte(n >> 8), byte(n), 19: 0}, attributes...))
		if err != nil {
			return
		}
		for _, m := range []Method{PAP, CHAP, MSCHAPv2} {
			login, err := newCredentials(&cfg, m, bytes.NewReader(make([]byte, 64)))
			if err != nil {
				t.Fatal(err)
			}
			r := &Result{Method: m, Signing: Always}
			cfg.judge(r, &exchange.Result{Reply: reply, Request: request, Total: 2 * time.Second}, login, key)
			if text := fmt.Sprintf("%+v %+v", r, r.Failure); strings.Contains(text, thePassword) || strings.Contains(text, theSecret) {
				t.Fatalf("a secret is told: %s", text)
			}
			if m == MSCHAPv2 && r.OK() {
				t.Fatal("nobody can answer without the password")
			}
		}
	})
}
