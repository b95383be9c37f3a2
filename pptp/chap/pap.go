package chap

import "fmt"

// ParsePAPRequest reads the data of an Authenticate-Request (RFC 1334 §2.2.1).
// The error wraps [ErrMalformed].
func ParsePAPRequest(data []byte) (user, password string, err error) {
	u, rest, ok := cutCounted(data)
	if !ok {
		return "", "", fmt.Errorf("%w: peer-id beyond the data", ErrMalformed)
	}
	p, _, ok := cutCounted(rest)
	if !ok {
		return "", "", fmt.Errorf("%w: password beyond the data", ErrMalformed)
	}
	return string(u), string(p), nil
}

// AppendPAPRequest appends the data of an Authenticate-Request. It returns
// [ErrTooLong], and dst as it was, for a user name or password above 255 bytes.
func AppendPAPRequest(dst []byte, user, password string) ([]byte, error) {
	if len(user) > maxNameLen || len(password) > maxNameLen {
		return dst, ErrTooLong
	}
	dst = append(dst, byte(len(user)))
	dst = append(dst, user...)
	dst = append(dst, byte(len(password)))
	return append(dst, password...), nil
}

// ParsePAPMessage reads the message of an Authenticate-Ack or -Nak (RFC 1334
// §2.2.2). A server may leave out the length octet together with the message, or
// say a length beyond the data: what is there is the message.
func ParsePAPMessage(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	rest := data[1:]
	return cleanText(rest[:min(len(rest), int(data[0]))])
}

// AppendPAPMessage appends the data of an Authenticate-Ack or -Nak. A message
// above 255 bytes is cut.
func AppendPAPMessage(dst []byte, message string) []byte {
	message = message[:min(len(message), 255)]
	dst = append(dst, byte(len(message)))
	return append(dst, message...)
}
