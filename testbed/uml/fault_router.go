//go:build linux

package uml

// Faults of the router in front of [PolicyRouted], which the guest is with UML_ROUTER=1.
var (
	// NAT hides callers behind the router's address, with connection tracking that does not know PPTP: the gateway's
	// GRE belongs to no connection, and is the router's own, which answers it with ICMP protocol unreachable.
	NAT = Fault{Name: "NAT", Apply: masquerade, Undo: undoMasquerade}
	// NATSilent is NAT on a router that drops what is not its own without a word.
	NATSilent = Fault{
		Name:  "NAT, silent",
		Apply: masquerade + "\niptables -A INPUT -i far0 -p 47 -j DROP",
		Undo:  undoMasquerade + "\niptables -D INPUT -i far0 -p 47 -j DROP",
	}
	// NATOneHost is NAT that sends all GRE to [HostIP], as port forwarding does, and NAT that knows GRE by its addresses
	// alone.
	NATOneHost = Fault{
		Name:  "NAT, GRE to one host",
		Apply: masquerade + "\niptables -t nat -A PREROUTING -i far0 -p 47 -j DNAT --to-destination " + HostIP,
		Undo:  undoMasquerade + "\niptables -t nat -D PREROUTING -i far0 -p 47 -j DNAT --to-destination " + HostIP,
	}
	// NATHelper is NAT with connection tracking that reads the control connection.
	NATHelper = Fault{
		Name: "NAT with PPTP helper",
		Apply: "modprobe -a nf_nat_pptp xt_CT\n" + masquerade +
			"\niptables -t raw -A PREROUTING -p tcp --dport 1723 -j CT --helper pptp",
		Undo: undoMasquerade + "\niptables -t raw -D PREROUTING -p tcp --dport 1723 -j CT --helper pptp",
	}

	// RouterDropsFromGateway drops the third and then every fifth larger GRE packet of the gateway: those with data, not
	// those that set the session up.
	RouterDropsFromGateway = rule("one in five lost from the gateway", "FORWARD -i far0 "+everyFifthLarge)
	// RouterDropsToGateway does that to what goes to the gateway.
	RouterDropsToGateway = rule("one in five lost to the gateway", "FORWARD -o far0 "+everyFifthLarge)

	// SmallMTUBehind gives the link behind the gateway, where 10.97.0.2 is, an MTU of 1000: the gateway says so.
	SmallMTUBehind = Fault{Name: "small MTU behind the gateway", Apply: smallLink, Undo: undoSmallLink}
	// SmallMTUBehindSilent is the same where ICMP does not come through.
	SmallMTUBehindSilent = Fault{
		Name:  "small MTU behind the gateway, no ICMP",
		Apply: smallLink + "\n" + noFragNeeded,
		Undo:  undoSmallLink + "\n" + undoNoFragNeeded,
	}
	// SmallMTU gives the router's link to the callers an MTU of 1000: it tells the gateway.
	SmallMTU = Fault{Name: "small MTU", Apply: smallNear, Undo: undoSmallNear}
	// SmallMTUNoICMP is the same where ICMP does not come through.
	SmallMTUNoICMP = Fault{
		Name:  "small MTU, no ICMP",
		Apply: smallNear + "\n" + noFragNeeded,
		Undo:  undoSmallNear + "\n" + undoNoFragNeeded,
	}
	// SmallMTULink has the link between router and gateway drop what is over 1000 bytes, of which neither knows.
	SmallMTULink = Fault{
		Name:  "link that drops large packets",
		Apply: "iptables -A FORWARD -i far0 -p 47 -m length --length 1001: -j DROP",
		Undo:  "iptables -D FORWARD -i far0 -p 47 -m length --length 1001: -j DROP",
	}
)

const (
	masquerade     = "iptables -t nat -A POSTROUTING -o far0 -j MASQUERADE"
	undoMasquerade = "iptables -t nat -D POSTROUTING -o far0 -j MASQUERADE"

	everyFifthLarge = "-p 47 -m length --length 300: -m statistic --mode nth --every 5 --packet 2 -j DROP"

	smallLink     = "ip link set far0 mtu 1000\nip -n far link set eth0 mtu 1000"
	undoSmallLink = "ip link set far0 mtu 1500\nip -n far link set eth0 mtu 1500"

	smallNear     = "ip link set eth0 mtu 1000"
	undoSmallNear = "ip link set eth0 mtu 1500\nip -n far route flush cache"

	noFragNeeded     = "iptables -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP"
	undoNoFragNeeded = "iptables -D OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP"
)
