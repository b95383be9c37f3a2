package gateway

import (
	"errors"
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// maxCryptErrors is after how many packets that break MPPE Linux ends the link.
const maxCryptErrors = 16

// cryptState is the encryption of a link; the zero value encrypts nothing.
type cryptState struct {
	tx     sealer
	rx     opener
	asked  time.Time // when a reset was last asked for
	errors int
	sent   int
	buf    []byte
}

// start makes the keys of both directions from what CCP has agreed, and says what
// that is.
func (c *cryptState) start(l *link) string {
	p, f := l.ccpPolicy, l.faults()
	tx, rx := mppeConfig(p.theirs), mppeConfig(p.ours)
	tx.Key, rx.Key = startKeys(l.auth.keys, tx.Strength, l.cfg, l.auth.password())
	if f.MPPEWrongKeys {
		tx.Key[0] ^= 0xFF
		rx.Key[0] ^= 0xFF
	}
	c.ciphers(tx, rx, l.cfg.Manners.ResetKeepsKey)
	return fmt.Sprintf("%v", tx)
}

func mppeConfig(b mppe.Bits) mppe.Config {
	c := mppe.Config{Stateless: b&mppe.BitStateless != 0}
	for _, s := range strengthsDown {
		if b&s.Bit() != 0 {
			c.Strength = s
			break
		}
	}
	return c
}

// startKeys derives the keys of RFC 3079 for the server's side.
func startKeys(m *chap.MPPEMaterial, s mppe.Strength, cfg *Config, password string) (send, recv [16]byte) {
	switch {
	case m.Method == chap.MethodMSCHAPv2:
		return mppe.StartKeysV2(m.PasswordHashHash, m.NTResponse, true)
	case cfg.MPPE.LANManagerKeys && s != mppe.Bits128:
		send = mppe.StartKeyLM(chap.LMPasswordHash(password))
	default:
		send = mppe.StartKeyV1(m.PasswordHashHash, m.Challenge)
	}
	return send, send
}

// password is the password of the user who is in.
func (s *authState) password() string {
	p, _ := s.by.password(s.user)
	return p
}

// open decrypts a packet of the client. plain is nil when there is nothing to go
// on with, and not nil with an error when it is garbage.
func (c *cryptState) open(now time.Time, packet []byte) (plain []byte, needReset bool, err error) {
	plain, err = c.rx.Open(c.buf[:0], packet)
	c.buf = plain
	switch {
	case err == nil:
		return plain, false, nil
	case errors.Is(err, mppe.ErrImplausible):
		return plain, false, err
	case errors.Is(err, mppe.ErrNotEncrypted), errors.Is(err, mppe.ErrNotFlushed):
		c.errors++
	}
	if c.rx.ResetNeeded() || (c.rx.Waiting() && now.Sub(c.asked) >= resetRepeat) {
		c.asked = now
		c.rx.ResetRequested()
		return nil, true, err
	}
	return nil, false, err
}

// spoil does to a sealed packet what the faults say.
func (c *cryptState) spoil(packet []byte, f *Faults) {
	c.sent++
	if f.MPPENotEncrypted {
		packet[0] &^= 0x10 // the D bit (RFC 3078 section 3.1)
	}
	if f.MPPENotFlushed {
		packet[0] &^= 0x80 // the A bit
	}
	if f.MPPEDesync > 0 && c.sent >= f.MPPEDesync {
		for i := 2; i < len(packet); i++ {
			packet[i] ^= 0xA7
		}
	}
}
