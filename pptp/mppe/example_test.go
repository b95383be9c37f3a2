package mppe_test

import (
	"errors"
	"fmt"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// Both ends derive the keys from MS-CHAPv2; what one sends with the other
// receives with.
func Example() {
	var passwordHashHash [16]byte // of the password, see package chap
	var ntResponse [24]byte       // as sent in the MS-CHAPv2 Response
	send, _ := mppe.StartKeysV2(passwordHashHash, ntResponse, false)
	_, recv := mppe.StartKeysV2(passwordHashHash, ntResponse, true)

	client := mppe.NewEncryptor(mppe.Config{Strength: mppe.Bits128, Stateless: true, Key: send})
	server := mppe.NewDecryptor(mppe.Config{Strength: mppe.Bits128, Stateless: true, Key: recv})

	// The PPP protocol field (0021, IPv4) and a packet of 20 bytes.
	plain := append([]byte{0x00, 0x21, 0x45, 0, 0, 20}, make([]byte, 16)...)
	packet := client.Seal(nil, plain)
	fmt.Printf("header %x\n", packet[:2])

	out, err := server.Open(nil, packet)
	fmt.Printf("%x %v\n", out[:6], err)

	_, err = server.Open(nil, packet) // once more
	fmt.Println(errors.Is(err, mppe.ErrLate))
	// Output:
	// header 9000
	// 002145000014 <nil>
	// true
}
