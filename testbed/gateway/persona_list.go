package gateway

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// LCP and IPCP options that clients have to refuse.
const (
	optCallback = 13
	optMRRU     = 17
	optEndpoint = 19
	optVJ       = 2 // IPCP
)

// First requests for encryption, as seen.
const (
	bitsRRAS = mppe.BitStateless | mppe.Bit128 | mppe.BitMPPC                           // 0x01000041
	bitsXP   = mppe.BitStateless | mppe.Bit56 | mppe.Bit128 | mppe.Bit40 | mppe.BitMPPC // 0x010000E1
	bitsPPPD = mppe.BitStateless | mppe.Bit128 | mppe.Bit40                             // 0x01000060
	bitsHS   = mppe.BitStateless | mppe.Bit128                                          // 0x01000040
	never    = -1 * time.Second                                                         // AckDelay: acknowledgements only ride on data
	swapped3 = 0x00030000                                                               // 3 as a 16-bit number in network order, in a 32-bit field of the host's order
)

var (
	pfcAndACFC  = []ppp.Option{{Type: optPFC}, {Type: optACFC}}
	pppdOptions = append([]ppp.Option{{Type: optACCM, Data: []byte{0, 0, 0, 0}}}, pfcAndACFC...)
	// rrasOptions are multilink, endpoint discriminator and callback (by CBCP).
	rrasOptions = append([]ppp.Option{
		{Type: optMRRU, Data: []byte{0x06, 0x4E}},
		{Type: optEndpoint, Data: []byte{0x01, 0x0B, 0xAD, 0xC0, 0xDE}},
		{Type: optCallback, Data: []byte{0x06}},
	}, pfcAndACFC...)
	vanJacobson = []ppp.Option{{Type: optVJ, Data: []byte{0x00, 0x2D, 0x0F, 0x01}}}
)

var personas = []Persona{
	{
		Name: "rras", About: "Windows RRAS: EAP offered first, multilink and callback options, IPCP before CCP, Set-Link-Info, compressed fields",
		adopt: adoptRRAS,
	},
	{
		Name: "rras-callback", About: "Windows RRAS for an account with a callback policy: CBCP, which takes no callback for an answer",
		adopt: func(c *Config) { adoptRRAS(c); c.Manners.CallbackOffer = true },
	},
	{
		Name: "windows-2000", About: "Windows 2000: call id 0, all strengths and MPPC asked for",
		adopt: func(c *Config) {
			adoptRRAS(c)
			c.Auth = []chap.Method{chap.MethodMSCHAPv2}
			c.Manners.CallIDZero, c.Manners.FirstMPPE, c.Manners.CallDelay = true, bitsXP, 0
		},
	},
	{
		Name: "cisco-ios", About: "Cisco IOS: silent until the client's first frame, of which the earliest are lost; first acknowledgement 0xFFFFFFFF, first number 1",
		adopt: func(c *Config) {
			identify(c, "Cisco Systems, Inc.", "cisco", 4608)
			c.FirstSeq, c.WaitForClient = 1, true
			c.Manners = Manners{
				NamesAsGiven: true, ConnectSpeed: 64000, Window: 16, FirstAckMinusOne: true,
				NotReady: 300 * time.Millisecond, LCPRestart: 10 * time.Second,
				FirstMPPE: bitsHS, EndReason: EndBare,
			}
		},
	},
	{
		Name: "mikrotik", About: "MikroTik RouterOS: acknowledgements only on data, nothing reordered",
		adopt: func(c *Config) {
			identify(c, "MikroTik", "MikroTik", 1)
			c.FirstSeq, c.AckDelay, c.MRU = 1, never, 1450
			c.Manners = Manners{NamesAsGiven: true, NoReorder: true, FirstMPPE: bitsHS, EndReason: EndBare}
		},
	},
	{
		Name: "mpd5", About: "FreeBSD mpd5 with ng_pptpgre: drops its own packets when 16 are not acknowledged; stateful MPPE by RFC 3078",
		adopt: func(c *Config) {
			identify(c, "MPD5", "mpd", 0x0101)
			c.FirstSeq = 0
			c.Manners = Manners{
				NamesAsGiven: true, SendWindow: 16, FirstMPPE: bitsPPPD, ResetKeepsKey: true,
				LCPOptions: pfcAndACFC, CompressFields: true, IPCPOptions: vanJacobson, EndReason: EndBare,
			}
			strengths(c, mppe.Bits128, mppe.Bits40)
		},
	},
	{
		Name: "npppd", About: "OpenBSD npppd: drops packets whose acknowledgement goes back or too far, truncated connect speed",
		adopt: func(c *Config) {
			identify(c, "OpenBSD", "npppd", 0)
			c.FirstSeq = 1
			c.Manners = Manners{
				NamesAsGiven: true, CheckAcks: true, SendWindow: callWindow,
				ConnectSpeed: 0x96800000, // the lower half of 10,000,000, byte-swapped
				FirstMPPE:    bitsHS, EndReason: EndBare,
			}
		},
	},
	{
		Name: "accel-ppp", About: "accel-ppp: Linux kernel GRE, exact message lengths, CDN with the client's id and Stop with reason 0 when PPP ends",
		adopt: adoptAccel,
	},
	{
		Name: "accel-ppp-old", About: "accel-ppp before its fixes: IPCP gets Terminate-Ack while CCP is in flight, the CDN's call id is byte-swapped",
		adopt: func(c *Config) {
			adoptAccel(c)
			c.Manners.IPCPTermAck, c.Manners.DisconnectID = true, DisconnectSwapped
		},
	},
	{
		Name: "pptpd-moretonbay", About: "old pptpd (MoretonBay): framing and bearer 0, first number 1, TCP closed on Call-Clear-Request",
		adopt: func(c *Config) {
			adoptPoptop(c)
			identify(c, "MoretonBay", "local", 0)
			c.FirstSeq = 1
			c.Manners.Framing, c.Manners.Bearer = new(uint32(0)), new(uint32(0))
		},
	},
	{
		Name: "poptop", About: "poptop (pptpd 1.3 and later) with pppd: framing and bearer byte-swapped, TCP closed on Call-Clear-Request, reasons in English",
		adopt: adoptPoptop,
	},
}

func identify(c *Config, vendor, host string, firmware uint16) {
	c.Vendor, c.HostName, c.Firmware = vendor, host, firmware
}

func strengths(c *Config, s ...mppe.Strength) {
	if len(c.MPPE.Strengths) == 0 {
		c.MPPE.Strengths = s
	}
}

func adoptRRAS(c *Config) {
	identify(c, "Microsoft", "", 0)
	c.Auth = []chap.Method{chap.MethodEAP, chap.MethodMSCHAPv2}
	c.FirstSeq, c.AckDelay = 0, 100*time.Millisecond
	c.Manners = Manners{
		NamesAsGiven: true, NameGarbage: true, Framing: new(uint32(1)), Bearer: new(uint32(1)),
		SendLinkInfo: true, CallDelay: 1300 * time.Millisecond, DisconnectZero: true,
		LCPOptions: rrasOptions, CompressFields: true, SharedIDs: true, EndReason: EndRAS,
		Identification: []string{"MSRASV5.20", "MSRAS-0-GATEWAY"},
		FirstMPPE:      bitsRRAS, EarlyIPCP: true, IPCPOptions: vanJacobson, IPV6CP: true,
	}
}

func adoptAccel(c *Config) {
	identify(c, "cananian", "local", 1)
	c.FirstSeq, c.AckDelay, c.MRU = 1, never, 1436
	c.LCPEchoInterval = 20 * time.Second
	c.Manners = Manners{
		NamesAsGiven: true, StrictLengths: true, StartWait: 5 * time.Second, EchoFailures: 3,
		EndsWithLink: true, DisconnectID: DisconnectClient, LinkEndResult: 3,
		NoReorder: true, EndReason: EndBare, FirstMPPE: bitsHS, CCPTries: 3, RejectLateCCP: true,
	}
}

func adoptPoptop(c *Config) {
	identify(c, "linux", "local", 1)
	c.FirstSeq, c.AckDelay = 0, 50*time.Millisecond
	c.Manners = Manners{
		NamesAsGiven: true, Framing: new(uint32(swapped3)), Bearer: new(uint32(swapped3)),
		StartWait: 10 * time.Second, CloseOnClear: true,
		LCPOptions: pppdOptions, CompressFields: true, EndReason: EndText,
		FirstMPPE: bitsPPPD, IPCPOptions: vanJacobson,
	}
	strengths(c, mppe.Bits128, mppe.Bits40)
}
