// Package mppe encrypts and decrypts Microsoft Point-to-Point Encryption, the
// RC4 layer of PPTP (RFC 3078), and derives its keys (RFC 3079).
//
// An [Encryptor] and a [Decryptor] each work one direction of one link, on the
// information field of PPP protocol 00FD: two octets of header and the encrypted
// PPP protocol field and data. CCP, which negotiates MPPE and carries the
// Reset-Requests, is the caller's.
//
// RC4 and this use of it are broken; the package exists to speak to gateways that
// know nothing better. RC4 and the key change are implemented here because a
// stateless link runs two key schedules for every packet: with crypto/rc4 they
// allocate, and cost as much as the encryption of a full packet.
package mppe
