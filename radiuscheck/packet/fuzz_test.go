package packet

import (
	"testing"

	"layeh.com/radius"
)

// FuzzParse reads arbitrary bytes, and all that can be read from them. What is accepted
// is what another implementation accepts.
func FuzzParse(f *testing.F) {
	key := NewKey("secret")
	reply, _ := benchReply(f, key)
	f.Add([]byte(reply))
	f.Add([]byte{2, 0, 0, 20, 19: 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		theirs, theirErr := radius.Parse(data, []byte("secret"))
		if (err == nil) != (theirErr == nil) {
			t.Fatalf("we say %v, the oracle %v", err, theirErr)
		}
		if err != nil {
			return
		}
		n := 0
		for typ, v := range p.All() {
			their := theirs.Attributes[n]
			if radius.Type(typ) != their.Type || string(v) != string(their.Attribute) {
				t.Fatalf("attribute %d: %d %x, the oracle %d %x", n, typ, v, their.Type, their.Attribute)
			}
			n++
		}
		if n != len(theirs.Attributes) {
			t.Fatalf("%d attributes, the oracle %d", n, len(theirs.Attributes))
		}
		auth := p.Authenticator()
		_, _ = key.VerifyReply(p, &auth)
		_, _ = key.VerifyRequest(p)
		for _, v := range p.Vendor(311) {
			_, _ = key.RevealKey(v, &auth)
		}
		if v, ok := p.Lookup(UserPassword); ok {
			_, _ = key.RevealPassword(v, &auth)
		}
	})
}
