package pptpprobereceiver

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// checkEndpoint says what is wrong with host or host:port.
func checkEndpoint(endpoint string) error {
	const remedy = "use host or host:port, such as vpn.example.com:1723"
	switch {
	case endpoint == "":
		return errors.New("is empty; " + remedy)
	case strings.Contains(endpoint, "://"):
		return fmt.Errorf("%q is a URL; %s", endpoint, remedy)
	case strings.ContainsAny(endpoint, "[]") || strings.Count(endpoint, ":") > 1:
		return fmt.Errorf("%q is an IPv6 address, and PPTP runs over IPv4 only; use a host name or an IPv4 address", endpoint)
	}
	host, port, err := splitEndpoint(endpoint)
	if err != nil || port == 0 {
		return fmt.Errorf("%q has no valid port; use 1 to 65535, or leave it out for %d", endpoint, defaultPort)
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/@?#") {
		return fmt.Errorf("%q has no valid host; %s", endpoint, remedy)
	}
	return nil
}

// splitEndpoint divides host and port, with the default for the port.
func splitEndpoint(endpoint string) (host string, port uint16, err error) {
	host, p, ok := strings.Cut(endpoint, ":")
	if !ok {
		return host, defaultPort, nil
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return host, uint16(n), err
}
