// Package quote writes JSON strings as clients know them from other servers: encoding/json escapes more
// than it must.
package quote

import "unicode/utf8"

const hex = "0123456789abcdef"

// Append appends s as a JSON string, https://www.rfc-editor.org/rfc/rfc8259#section-7,
// with no more escapes than JSON.stringify makes. Bytes that are no UTF-8, which a text frame
// must not hold, become U+FFFD each.
func Append(b, s []byte) []byte {
	if !utf8.Valid(s) {
		s = []byte(string([]rune(string(s))))
	}
	b = append(b, '"')
	start := 0
	for i, c := range s {
		switch {
		case c == '"' || c == '\\':
			// The escaped character itself begins the next run.
			b = append(append(b, s[start:i]...), '\\')
			start = i
		case c < ' ':
			b = appendControl(append(b, s[start:i]...), c)
			start = i + 1
		}
	}
	return append(append(b, s[start:]...), '"')
}

// appendControl appends a control character.
func appendControl(b []byte, c byte) []byte {
	switch c {
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
