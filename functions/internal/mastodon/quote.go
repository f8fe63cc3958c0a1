package mastodon

import "unicode/utf8"

const hex = "0123456789abcdef"

// appendQuoted appends s as a JSON string, https://www.rfc-editor.org/rfc/rfc8259#section-7,
// with no more escapes than JSON.stringify makes. Bytes that are no UTF-8, which a text frame
// must not hold, become U+FFFD.
func appendQuoted[T ~string | ~[]byte](b []byte, s T) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			i++
			if c >= ' ' && c != '"' && c != '\\' {
				continue
			}
			b = appendEscape(append(b, s[start:i-1]...), c)
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		i += size
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, s[start:i-1]...), "\ufffd"...)
			start = i
		}
	}
	return append(append(b, s[start:]...), '"')
}

// appendEscape appends a control character, a quote or a backslash.
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
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
