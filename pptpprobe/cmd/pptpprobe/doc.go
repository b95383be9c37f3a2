// Command pptpprobe runs one PPTP session from the shell, and says how it went.
//
//	pptpprobe check vpn.example.com                    # control connection, call, GRE and LCP; no account needed
//	pptpprobe check vpn.example.com -u probe           # as far as an address; asks for the password
//	pptpprobe check vpn.example.com -u probe --ping peer --http http://intranet.example.com/
//	pptpprobe check vpn.example.com -u probe --nagios -w 2 -c 5 --password-file /etc/nagios/pptp
//	pptpprobe causes gre.no_reply                      # what a cause means, and what to do
//
// The password comes from --password-file, from the environment variable
// PPTP_PASSWORD or from a prompt; there is no option for it, because every user
// of the host can read a command line. Every depth but control needs
// CAP_NET_RAW. README.md describes the output and the exit codes.
package main
