//go:build linux

package uml

import "strings"

// Faults of the path to the gateway.
var (
	// DelayLoss delays what leaves the gateway by 40 ms, and loses a fifth of it.
	DelayLoss = Netem("delay and loss", "delay 40ms 5ms loss 20%")
	// ReorderDuplicate lets a quarter of what leaves the gateway overtake, and sends a tenth of it twice.
	ReorderDuplicate = Netem("reordering and duplicates", "delay 10ms reorder 25% 50% duplicate 10%")
	// SlowPath delays what leaves the gateway by 150 ms.
	SlowPath = Netem("slow path", "delay 150ms")
	// EveryPacketTwice sends all that leaves the gateway twice.
	EveryPacketTwice = Netem("every packet twice", "duplicate 100%")
	// EveryFifthOvertakes delays what leaves the gateway by 10 ms, but for every fifth packet.
	EveryFifthOvertakes = Netem("every fifth packet overtakes", "delay 10ms reorder 100% gap 5")
	// NarrowPath lets 1 Mbit/s out of the gateway.
	NarrowPath = Netem("narrow path", "rate 1mbit")

	// GREInDropped drops GRE to the gateway: it hears nothing, the caller hears it.
	GREInDropped = Fault{Name: "GRE to the gateway dropped", Apply: dropIn, Undo: undoDropIn}
	// GREOutDropped drops GRE from the gateway on the wire. In the OUTPUT chain it would not be silent: the send fails
	// with EPERM, and pptpd clears the call.
	GREOutDropped = Fault{Name: "GRE from the gateway dropped", Apply: dropOut, Undo: undoQdisc}
	// GREDropped drops GRE both ways.
	GREDropped = Fault{Name: "GRE dropped both ways", Apply: dropIn + "\n" + dropOut, Undo: undoDropIn + "\n" + undoQdisc}
	// GREUnreachable answers GRE with ICMP protocol unreachable, as a host without GRE does.
	GREUnreachable = rule("GRE refused: protocol unreachable", "INPUT -p 47 -j REJECT --reject-with icmp-proto-unreachable")
	// GREProhibited answers GRE with ICMP communication administratively prohibited, as a filter does.
	GREProhibited = rule("GRE refused: prohibited", "INPUT -p 47 -j REJECT --reject-with icmp-admin-prohibited")
	// GREHostUnreachable answers GRE with ICMP host unreachable, as a router without a way does.
	GREHostUnreachable = rule("GRE refused: host unreachable", "INPUT -p 47 -j REJECT --reject-with icmp-host-unreachable")
	// GREOtherSource has GRE leave from another address of the gateway than the caller knows.
	GREOtherSource = rule("GRE from another address", "POSTROUTING -t nat -p 47 -j SNAT --to-source 10.98.0.11")

	// ControlRefused answers TCP 1723 with a reset.
	ControlRefused = rule("port 1723 refused", "INPUT -p tcp --dport 1723 -j REJECT --reject-with tcp-reset")
	// ControlDropped drops TCP 1723.
	ControlDropped = rule("port 1723 dropped", "INPUT -p tcp --dport 1723 -j DROP")
	// ControlUnreachable answers TCP 1723 with ICMP host unreachable.
	ControlUnreachable = rule("port 1723 unreachable", "INPUT -p tcp --dport 1723 -j REJECT --reject-with icmp-host-unreachable")
	// ControlForbidden has pptpd close each connection that it accepts, without reading.
	ControlForbidden = Fault{Name: "callers forbidden", Apply: "echo 'pptpd: ALL' > /etc/hosts.deny", Undo: "rm /etc/hosts.deny"}
	// ControlOtherService puts another server behind TCP 1723, one that talks first.
	ControlOtherService = Fault{
		Name: "another service on port 1723",
		Apply: `printf '#!/bin/sh\necho SSH-2.0-other\nexec cat >/dev/null\n' > /tmp/other
chmod +x /tmp/other
busybox nc -ll -p 2222 -e /tmp/other </dev/null >/dev/null 2>&1 & echo $! > /run/other.pid
until grep -q ':08AE .*:0000 0A' /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done
iptables -t nat -A PREROUTING -p tcp --dport 1723 -j REDIRECT --to-ports 2222`,
		Undo: `iptables -t nat -D PREROUTING -p tcp --dport 1723 -j REDIRECT --to-ports 2222
kill "$(cat /run/other.pid)"`,
	}
)

// Faults of what is behind the tunnel.
var (
	// TunnelDropped drops all that comes out of the tunnels.
	TunnelDropped = rule("nothing comes out of the tunnel", "INPUT -i ppp+ -j DROP")
	// TunnelForwardDropped drops what is to go on to the network behind the gateway.
	TunnelForwardDropped = rule("nothing is forwarded from the tunnel", "FORWARD -i ppp+ -j DROP")
	// TunnelWebRefused answers HTTP through the tunnel with a reset.
	TunnelWebRefused = rule("web server behind the tunnel down", "INPUT -i ppp+ -p tcp --dport 80 -j REJECT --reject-with tcp-reset")
	// TunnelWebDropped drops HTTP through the tunnel.
	TunnelWebDropped = rule("web server behind the tunnel silent", "INPUT -i ppp+ -p tcp --dport 80 -j DROP")
	// TunnelDNSDropped drops DNS through the tunnel.
	TunnelDNSDropped = rule("name server behind the tunnel silent", "INPUT -i ppp+ -p udp --dport 53 -j DROP")
)

const (
	dropIn     = "iptables -A INPUT -p 47 -j DROP"
	undoDropIn = "iptables -D INPUT -p 47 -j DROP"

	dropOut = `modprobe -a sch_prio cls_u32 act_gact
tc qdisc add dev eth0 root handle 1: prio
tc filter add dev eth0 parent 1: protocol ip u32 match ip protocol 47 0xff action drop`
	undoQdisc = "tc qdisc del dev eth0 root"
)

// Netem is a fault of the gateway's way out, in the words of tc-netem(8). The control channel (source port 8022) is
// spared: what a test does to the guest is not part of what it tests.
func Netem(name, words string) Fault {
	return Fault{Name: name, Undo: undoQdisc, Apply: `modprobe -a sch_prio sch_netem cls_u32
tc qdisc add dev eth0 root handle 1: prio bands 3 priomap ` + strings.Repeat("2 ", 16) + `
tc qdisc add dev eth0 parent 1:3 handle 30: netem ` + words + `
tc filter add dev eth0 parent 1: protocol ip u32 match ip protocol 6 0xff match ip sport 8022 0xffff flowid 1:1`}
}

// rule is a fault that is one rule of iptables.
func rule(name, rule string) Fault {
	return Fault{Name: name, Apply: "iptables -A " + rule, Undo: "iptables -D " + rule}
}
