package expression

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endToken   tokenKind = iota
	wordToken            // attribute name, keyword or function name
	nameToken            // #placeholder
	valueToken           // :placeholder
	digitToken           // an index
	signToken            // operators and punctuation
	badToken             // a character that no expression has
)

type token struct {
	kind       tokenKind
	text       string
	start, end int
}

// is reports whether the token is the keyword or sign, whatever its case.
func (t token) is(text string) bool {
	return (t.kind == wordToken || t.kind == signToken) && strings.EqualFold(t.text, text)
}

// tokens cuts the text up. The last token is always the end.
func tokens(text string) []token {
	list := make([]token, 0, len(text)/3+2)
	pos := 0
	for {
		for pos < len(text) && strings.IndexByte(" \t\r\n", text[pos]) >= 0 {
			pos++
		}
		t := tokenAt(text, pos)
		list = append(list, t)
		if t.kind == endToken {
			return list
		}
		pos = t.end
	}
}

func tokenAt(text string, pos int) token {
	if pos >= len(text) {
		return token{kind: endToken, text: "<EOF>", start: len(text), end: len(text)}
	}
	kind, size := classify(text[pos:])
	return token{kind: kind, text: text[pos : pos+size], start: pos, end: pos + size}
}

func classify(rest string) (tokenKind, int) {
	switch c := rest[0]; {
	case isLetter(c):
		return wordToken, span(rest, 1)
	case c == '#' || c == ':':
		size := span(rest, 1)
		switch {
		case size == 1:
			return badToken, 1
		case c == '#':
			return nameToken, size
		}
		return valueToken, size
	case isDigit(c):
		size := 1
		for size < len(rest) && isDigit(rest[size]) {
			size++
		}
		return digitToken, size
	}
	for _, sign := range [...]string{"<>", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", ".", ",", "+", "-"} {
		if strings.HasPrefix(rest, sign) {
			return signToken, len(sign)
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	return badToken, size
}

// span returns where the run of letters, digits and underscores that starts at from ends.
func span(s string, from int) int {
	for from < len(s) && (isLetter(s[from]) || isDigit(s[from])) {
		from++
	}
	return from
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
