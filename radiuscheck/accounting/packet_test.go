package accounting

import (
	"crypto/hmac"
	"crypto/md5"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
)

func TestParse(t *testing.T) {
	packet := request(
		7, attr(attrStatus, 2), attr(attrSession, "5F00BEEF"), attr(attrUserName, "alice"), attr(attrNASAddress, 0x7f000101),
		attr(attrNASIdentifier, "gw1"), attr(attrNASPort, 3), attr(attrCaller, "198.51.100.7"), attr(attrFramedAddress, 0x0a630002),
		attr(attrTunnelType, 0x01000001), attr(attrDelay, 4), attr(attrSessionTime, 600), attr(attrInterval, 300), attr(attrTime, 1_800_000_000),
		attr(attrBytesIn, 5), attr(attrGigawordsIn, 1), attr(attrBytesOut, 6), attr(attrGigawordsOut, 2),
		attr(attrPacketsIn, 7), attr(attrPacketsOut, 8), attr(attrCause, 2), attr(26, "any"), attr(attrProxyState, "p"),
	)
	var r Record
	require.NoError(t, Parse(&r, append(packet, "padding"...)))
	assert.Equal(t, Record{
		Status: Stop, Identifier: 7, Session: []byte("5F00BEEF"), User: []byte("alice"), NASIdentifier: []byte("gw1"),
		NASAddress: netip.MustParseAddr("127.0.1.1"), NASPort: 3, Caller: []byte("198.51.100.7"),
		Client: netip.MustParseAddr("198.51.100.7"), Address: netip.MustParseAddr("10.99.0.2"), Tunnel: 1,
		Traffic:     Traffic{BytesIn: 1<<32 + 5, BytesOut: 2<<32 + 6, PacketsIn: 7, PacketsOut: 8},
		SessionTime: 10 * time.Minute, Delay: 4 * time.Second, Interval: 5 * time.Minute, Time: time.Unix(1_800_000_000, 0),
		Cause: LostCarrier, HasGigawords: true,
	}, r)
}

func TestParseOddValues(t *testing.T) {
	base := [][]byte{attr(attrStatus, 1), attr(attrSession, "a")}
	parse := func(t *testing.T, more ...[]byte) (r Record) {
		require.NoError(t, Parse(&r, request(1, append(base, more...)...)))
		return r
	}
	for name, caller := range map[string]string{
		"a telephone number": "+49301234", "a MAC address": "00-11-22-33-44-55", "too large": "1.2.3.256", "four digits": "1.2.3.0004",
		"three parts": "1.2.3", "five parts": "1.2.3.4.5", "empty part": "1..2.3", "empty": "", "a port behind": "1.2.3.4:5",
	} {
		t.Run("no client in "+name, func(t *testing.T) {
			assert.False(t, parse(t, attr(attrCaller, caller)).Client.IsValid())
		})
	}
	assert.Equal(t, "192.0.2.9", parse(t, attr(attrTunnelClient, "\x01192.0.2.9")).Client.String(), "with a tag")
	assert.Equal(t, "192.0.2.9", parse(t, attr(attrTunnelClient, "192.0.2.9")).Client.String(), "without")
	for _, wild := range []int{0, 0xffffffff, 0xfffffffe} {
		assert.False(t, parse(t, attr(attrFramedAddress, wild)).Address.IsValid(), "%x is not an address", wild)
	}
	assert.Equal(t, "2001:db8::1", parse(t, attr(attrNASIPv6, string(netip.MustParseAddr("2001:db8::1").AsSlice()))).NASAddress.String())
}

func TestParseErrors(t *testing.T) {
	good := request(1, attr(attrStatus, 1), attr(attrSession, "a"))
	changed := func(at int, to byte) []byte {
		p := append([]byte(nil), good...)
		p[at] = to
		return p
	}
	for name, test := range map[string]struct {
		packet []byte
		want   error
	}{
		"nothing":                    {nil, ErrLength},
		"half a header":              {good[:19], ErrLength},
		"cut off":                    {good[:len(good)-1], ErrLength},
		"length less than a header":  {changed(3, 19), ErrLength},
		"longer than RADIUS allows":  {make([]byte, MaxPacket+1), ErrLength},
		"Access-Request":             {changed(0, 1), ErrCode},
		"attribute of no length":     {changed(headerSize+1, 0), ErrAttribute},
		"attribute beyond the end":   {changed(headerSize+1, 200), ErrAttribute},
		"number of three bytes":      {request(1, attr(attrStatus, "abc")), ErrAttribute},
		"address of three bytes":     {request(1, attr(attrNASAddress, "abc")), ErrAttribute},
		"IPv6 address of four bytes": {request(1, attr(attrNASIPv6, 1)), ErrAttribute},
		"no status":                  {request(1, attr(attrSession, "a")), ErrNoStatus},
		"no session":                 {request(1, attr(attrStatus, 1)), ErrNoSession},
		"empty session":              {request(1, attr(attrStatus, 3), attr(attrSession, "")), ErrNoSession},
	} {
		t.Run(name, func(t *testing.T) {
			var r Record
			assert.ErrorIs(t, Parse(&r, test.packet), test.want)
		})
	}
	var r Record
	assert.NoError(t, Parse(&r, request(1, attr(attrStatus, 7))), "an Accounting-On needs no session")
}

// What another implementation sends is read and verified, and it accepts the answer.
func TestAgainstLayeh(t *testing.T) {
	p := radius.New(radius.CodeAccountingRequest, secret)
	require.NoError(t, rfc2866.AcctStatusType_Set(p, rfc2866.AcctStatusType_Value_InterimUpdate))
	require.NoError(t, rfc2866.AcctSessionID_SetString(p, "01"))
	require.NoError(t, rfc2865.UserName_SetString(p, "bob"))
	require.NoError(t, rfc2865.FramedIPAddress_Set(p, net.IPv4(203, 0, 113, 5)))
	require.NoError(t, rfc2866.AcctInputOctets_Set(p, 9))
	require.NoError(t, rfc2869.AcctInputGigawords_Set(p, 3))
	require.NoError(t, rfc2865.ProxyState_Add(p, []byte("one")))
	require.NoError(t, rfc2865.ProxyState_Add(p, []byte("two")))
	packet, err := p.Encode()
	require.NoError(t, err)

	var v Verifier
	assert.True(t, v.Verify(packet, secret))
	assert.False(t, v.Verify(packet, []byte("another")))
	var r Record
	require.NoError(t, Parse(&r, packet))
	assert.Equal(t, "bob", string(r.User))
	assert.Equal(t, uint64(3<<32+9), r.Traffic.BytesIn)
	assert.Equal(t, "203.0.113.5", r.Address.String())

	answer := v.AppendResponse([]byte("kept"), packet, secret)
	require.Equal(t, "kept", string(answer[:4]))
	answer = answer[4:]
	assert.True(t, radius.IsAuthenticResponse(answer, packet, secret))
	reply, err := radius.Parse(answer, secret)
	require.NoError(t, err)
	assert.Equal(t, radius.CodeAccountingResponse, reply.Code)
	states, err := rfc2865.ProxyState_Gets(reply)
	require.NoError(t, err)
	assert.Equal(t, [][]byte{[]byte("one"), []byte("two")}, states)
}

func TestVerify(t *testing.T) {
	packet := request(1, attr(attrStatus, 1), attr(attrSession, "a"))
	var v Verifier
	assert.True(t, v.Verify(append(packet, "padding"...), secret))
	for i := range packet {
		changed := append([]byte(nil), packet...)
		changed[i] ^= 1
		assert.False(t, v.Verify(changed, secret), "byte %d changed", i)
	}
	assert.Nil(t, v.AppendResponse(nil, packet[:10], secret))
}

// statusServer makes one of RFC 5997 by the rule of RFC 3579 section 3.2.
func statusServer(id byte, key string) []byte {
	p := append([]byte{codeStatusServer, id, 0, headerSize + 2 + messageAuthSize}, "0123456789abcdef"...)
	p = append(p, attr(attrMessageAuth, string(make([]byte, messageAuthSize)))...)
	mac := hmac.New(md5.New, []byte(key))
	mac.Write(p)
	copy(p[headerSize+2:], mac.Sum(nil))
	return p
}

func TestVerifyStatus(t *testing.T) {
	packet := statusServer(9, "testing123")
	var v Verifier
	assert.True(t, v.VerifyStatus(packet, []byte("testing123")))
	assert.False(t, v.VerifyStatus(packet, secret))
	for i := range packet {
		changed := append([]byte(nil), packet...)
		changed[i] ^= 1
		assert.False(t, v.VerifyStatus(changed, []byte("testing123")), "byte %d changed", i)
	}
	without := append([]byte(nil), packet[:headerSize]...)
	without[3] = headerSize
	assert.False(t, v.VerifyStatus(without, []byte("testing123")), "without Message-Authenticator")
}

func TestPacketAllocations(t *testing.T) {
	packet := request(7, attr(attrStatus, 3), attr(attrSession, "5F00BEEF"), attr(attrUserName, "alice"), attr(attrCaller, "198.51.100.7"))
	var v Verifier
	var r Record
	answer := make([]byte, 0, MaxPacket)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if !v.Verify(packet, secret) || Parse(&r, packet) != nil {
			t.Fatal("not taken")
		}
		answer = v.AppendResponse(answer[:0], packet, secret)
	}))
}
