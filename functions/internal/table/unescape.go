package table

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape is the text of a JSON string without its quotes. Payloads are JSON inside of JSON,
// full of escapes: encoding/json would read them three times.
func (p *Parser) unescape(raw string, escaped bool) string {
	if escaped {
		raw = p.resolve(raw)
	}
	if utf8.ValidString(raw) {
		return raw
	}
	return strings.ToValidUTF8(raw, "\uFFFD")
}

func (p *Parser) resolve(raw string) string {
	b := make([]byte, 0, len(raw))
	for p.err == nil {
		at := strings.IndexByte(raw, '\\')
		if at < 0 {
			return string(append(b, raw...))
		}
		b = append(b, raw[:at]...)
		raw = raw[at+1:] // not empty: a string does not end in a backslash
		switch i := strings.IndexByte(`"\/bfnrt`, raw[0]); {
		case i >= 0:
			b = append(b, "\"\\/\b\f\n\r\t"[i])
			raw = raw[1:]
		default:
			var r rune
			r, raw = p.codePoint(raw)
			b = utf8.AppendRune(b, r)
		}
	}
	return ""
}

// codePoint reads "uXXXX", and its second half if it is half of a surrogate pair. A half alone
// is U+FFFD.
func (p *Parser) codePoint(raw string) (rune, string) {
	r, ok := unit(raw)
	if !ok {
		p.Fail("a wrong escape")
		return 0, ""
	}
	raw = raw[5:]
	if utf16.IsSurrogate(r) && strings.HasPrefix(raw, `\`) {
		if second, ok := unit(raw[1:]); ok && utf16.DecodeRune(r, second) != utf8.RuneError {
			return utf16.DecodeRune(r, second), raw[6:]
		}
	}
	return r, raw
}

func unit(raw string) (rune, bool) {
	if len(raw) < 5 || raw[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(raw[1:5], 16, 16)
	return rune(n), err == nil
}
