package snmppppreceiver

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
)

// checkEndpoint says what is wrong with host or host:port.
func checkEndpoint(endpoint string) error {
	const remedy = "use host or host:port, such as vpn.example.com:161"
	switch {
	case endpoint == "":
		return errors.New("is empty; " + remedy)
	case strings.Contains(endpoint, "://"):
		return fmt.Errorf("%q is a URL; %s, and transport for udp or tcp", endpoint, remedy)
	}
	host, port, err := splitEndpoint(endpoint)
	if err != nil || port == 0 {
		return fmt.Errorf("%q has no valid port; use 1 to 65535, or leave it out for %d", endpoint, snmpppp.DefaultPort)
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/@?#[]") {
		return fmt.Errorf("%q has no valid host; %s", endpoint, remedy)
	}
	return nil
}

// splitEndpoint divides host and port, with the default for the port. An IPv6
// address is in brackets if there is a port, and may be without.
func splitEndpoint(endpoint string) (host string, port uint16, err error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(endpoint, "["), "]")
	if !strings.Contains(endpoint, ":") || net.ParseIP(bare) != nil {
		return bare, snmpppp.DefaultPort, nil
	}
	host, p, err := net.SplitHostPort(endpoint)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return host, uint16(n), err
}
