package main

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// minSecret is the shortest password that is looked for in texts: a shorter one
// is in many words by chance.
const minSecret = 4

// clean makes a text of the gateway fit to be shown. A gateway may send back
// the password it was sent, and escape sequences for the terminal.
func clean(t, password string) string {
	if len(password) >= minSecret {
		t = strings.ReplaceAll(t, password, "[REDACTED]")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return utf8.RuneError
		}
		return r
	}, t)
}

// wrap breaks text into lines of at most width characters, at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
