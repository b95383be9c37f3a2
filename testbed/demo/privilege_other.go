//go:build !linux

package main

import "errors"

func checkPrivilege(string) error {
	return errors.New("the demo needs Linux: raw GRE and the loopback address 127.0.0.2")
}
