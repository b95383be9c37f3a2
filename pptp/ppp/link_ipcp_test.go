package ppp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func addrs(s ...string) (out []netip.Addr) {
	for _, a := range s {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

func TestIPCPNameServers(t *testing.T) {
	t.Run("nak with all", func(t *testing.T) {
		p := loggedIn(t, Config{WantDNS: true, WantNBNS: true})
		req := p.expect(IPCP, ConfReq)
		assert.Equal(t, unhex("030600000000 810600000000 830600000000 820600000000 840600000000"), req.Data)
		p.send(IPCP, ConfNak, req.ID, unhex(localAddr+"8106 08080808 8306 08080404 8206 0a000001 8406 0a000002"))
		p.ack(IPCP)
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		p.event(EventIPCPOpened)
		p.noEvent(EventDNSMissing)
		n := p.l.Negotiated()
		assert.Equal(t, addrs("8.8.8.8", "8.8.4.4"), n.DNS)
		assert.Equal(t, addrs("10.0.0.1", "10.0.0.2"), n.NBNS)
	})
	t.Run("each option refused in its own way", func(t *testing.T) {
		p := loggedIn(t, Config{WantDNS: true})
		p.send(IPCP, ConfRej, p.expect(IPCP, ConfReq).ID, unhex("830600000000 990600000000"))
		req := p.expect(IPCP, ConfReq)
		assert.Equal(t, unhex("030600000000 810600000000"), req.Data)
		p.send(IPCP, ConfNak, req.ID, unhex(localAddr+"8106 00000000 8206 01020304 8104 0102"))
		assert.Equal(t, unhex(localAddr), p.ack(IPCP).Data)
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		p.event(EventIPCPOpened)
		p.event(EventDNSMissing)
	})
}

func TestIPCPRequestsOfThePeer(t *testing.T) {
	for _, tt := range []struct {
		name, req string
		code      Code
		reply     string
	}{
		{"address", peerAddr, ConfAck, peerAddr},
		{"VJ compression rejected", peerAddr + "0206002d0f01", ConfRej, "0206002d0f01"},
		{"old IP-Addresses rejected", "010a 0a630001 0a630002", ConfRej, "010a 0a630001 0a630002"},
		{"name servers asked of us", "8106 00000000", ConfRej, "8106 00000000"},
		{"Windows client asks for an address", "030600000000", ConfRej, "030600000000"},
		{"none at all", "", ConfAck, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := loggedIn(t, Config{})
			p.drop()
			p.send(IPCP, ConfReq, 6, unhex(tt.req))
			assert.Equal(t, unhex(tt.reply), append([]byte{}, p.expect(IPCP, tt.code).Data...))
		})
	}
	t.Run("malformed options", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.drop()
		p.send(IPCP, ConfReq, 6, unhex("0300"))
		p.silent()
		assert.Equal(t, 1, p.l.Stats().IPCP.Malformed)
	})
	t.Run("peer without address is reported once", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.drop()
		p.send(IPCP, ConfReq, 6, unhex("030600000000"))
		p.send(IPCP, ConfReq, 7, unhex("030600000000"))
		p.event(EventBadAddress)
		p.noEvent(EventBadAddress)
	})
}

func TestIPCPNoAddress(t *testing.T) {
	t.Run("nak with 0.0.0.0", func(t *testing.T) {
		p := loggedIn(t, Config{})
		for range 11 {
			p.send(IPCP, ConfNak, p.expect(IPCP, ConfReq).ID, unhex("030600000000"))
		}
		assert.Equal(t, "nak with 0.0.0.0", p.event(EventNoAddress).Detail)
		p.noEvent(EventNoAddress)
		p.event(EventIPCPNotConverging)
		p.expect(IPCP, TermReq)
		p.silent()
	})
	t.Run("address rejected for ever (ppp issue 614)", func(t *testing.T) {
		p := loggedIn(t, Config{})
		req := p.expect(IPCP, ConfReq)
		p.send(IPCP, ConfRej, req.ID, req.Data)
		p.event(EventNoAddress)
		for range 10 {
			p.send(IPCP, ConfRej, p.expect(IPCP, ConfReq).ID, unhex("030600000000"))
		}
		p.event(EventIPCPNotConverging)
	})
	t.Run("address rejected, then open without", func(t *testing.T) {
		p := loggedIn(t, Config{})
		req := p.expect(IPCP, ConfReq)
		p.send(IPCP, ConfRej, req.ID, req.Data)
		assert.Empty(t, p.ack(IPCP).Data)
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		p.event(EventIPCPOpened)
		p.event(EventNoAddress)
		assert.Equal(t, "opened without an address", p.event(EventNoAddress).Detail)
	})
	t.Run("terminate-request", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.drop()
		p.send(IPCP, TermReq, 1, []byte("no address"))
		ev := p.event(EventNoAddress)
		assert.Equal(t, "no address", ev.Termination.Text)
		assert.Equal(t, IPCP, p.event(EventTerminated).Protocol)
		p.expect(IPCP, TermAck)
	})
	t.Run("LCP terminate-request with RAS 738 right after our request", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.drop()
		p.send(LCP, TermReq, 1, unhex("a1a2a3a4 003ccd74 000002e2"))
		ev := p.event(EventTerminated)
		assert.EqualValues(t, 738, ev.Termination.RAS)
		assert.Equal(t, Network, ev.Phase)
	})
	t.Run("silence: RRAS waits for DHCP, and may come back late", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.wait(26 * time.Second)
		p.event(EventIPCPTimeout)
		p.drop()
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		req := p.expect(IPCP, ConfReq)
		p.expect(IPCP, ConfAck)
		p.send(IPCP, ConfAck, req.ID, req.Data)
		p.event(EventIPCPOpened)
	})
	t.Run("IPCP terminated in a running session", func(t *testing.T) {
		p := running(t, Config{})
		p.send(IPCP, TermReq, 1, nil)
		p.event(EventTerminated)
		p.noEvent(EventNoAddress)
		_, err := p.l.SendIP(nil, ipPacket(20))
		require.ErrorIs(t, err, ErrNotOpen)
	})
}

func TestIPCPFixedAddress(t *testing.T) {
	cfg := Config{Address: netip.MustParseAddr("10.99.0.77")}
	t.Run("granted", func(t *testing.T) {
		p := loggedIn(t, cfg)
		assert.Equal(t, unhex("0306 0a63004d"), p.ack(IPCP).Data)
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		p.event(EventIPCPOpened)
		p.noEvent(EventAddressRejected)
	})
	t.Run("nak with another", func(t *testing.T) {
		p := loggedIn(t, cfg)
		p.openIPCP()
		p.event(EventAddressRejected)
	})
	t.Run("rejected", func(t *testing.T) {
		p := loggedIn(t, cfg)
		req := p.expect(IPCP, ConfReq)
		p.send(IPCP, ConfRej, req.ID, req.Data)
		p.event(EventAddressRejected)
	})
}

func TestIPCPBadAddresses(t *testing.T) {
	for _, tt := range []struct {
		name, local, peer string
		bad               bool
	}{
		{"good", "0a630002", "0a630001", false},
		{"server's address is its public one: harmless", "0a630002", "c6336401", false},
		{"local loopback", "7f000001", "0a630001", true},
		{"local multicast", "e0000001", "0a630001", true},
		{"peer loopback", "0a630002", "7f000001", true},
		{"peer is us", "0a630002", "0a630002", true},
		{"peer 0.x", "0a630002", "00000001", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := loggedIn(t, Config{})
			p.send(IPCP, ConfNak, p.expect(IPCP, ConfReq).ID, unhex("0306"+tt.local))
			p.ack(IPCP)
			p.send(IPCP, ConfReq, 1, unhex("0306"+tt.peer))
			p.event(EventIPCPOpened)
			if tt.bad {
				p.event(EventBadAddress)
			} else {
				p.noEvent(EventBadAddress)
			}
		})
	}
	t.Run("0.0.0.0 acknowledged", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.ack(IPCP)
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		assert.Equal(t, "local address 0.0.0.0", p.event(EventBadAddress).Detail)
	})
}
