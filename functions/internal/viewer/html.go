package viewer

import (
	"html"
	"strings"
)

// plain is the text that the HTML shows: <br> is a new line, </p><p> is two, other tags and
// comments are nothing, and character references are what they stand for. A tag or comment that
// never ends is text with all that follows, so that no filter is escaped by it.
func plain(markup string) string {
	if !strings.ContainsAny(markup, "<&") {
		return markup
	}
	var b strings.Builder
	b.Grow(len(markup))
	from := 0 // what is before has been written
	for at := 0; ; {
		i := strings.IndexByte(markup[at:], '<')
		if i < 0 {
			break
		}
		at += i
		size := tagSize(markup[at:])
		switch {
		case size < 0:
			b.WriteString(html.UnescapeString(markup[from:]))
			return b.String()
		case size == 0: // just a character
			at++
			continue
		}
		b.WriteString(html.UnescapeString(markup[from:at]))
		b.WriteString(shownAs(markup[at:at+size], markup[at+size:]))
		at += size
		from = at
	}
	b.WriteString(html.UnescapeString(markup[from:]))
	return b.String()
}

// shownAs is what a tag is in text, by what follows it.
func shownAs(tag, next string) string {
	switch {
	case isTag(tag, "<br"):
		return "\n"
	case isTag(tag, "</p") && isTag(next, "<p"):
		return "\n\n"
	}
	return ""
}

// isTag reports whether s begins with the tag, which is given up to its name's end.
func isTag(s, tag string) bool {
	return len(s) > len(tag) && strings.EqualFold(s[:len(tag)], tag) && strings.IndexByte(" \t\r\n\f/>", s[len(tag)]) >= 0
}

// tagSize is how long the tag or comment is with which s begins; 0 if it begins with neither, -1
// if it never ends. https://html.spec.whatwg.org/multipage/parsing.html#tag-open-state
func tagSize(s string) int {
	switch {
	case strings.HasPrefix(s, "<!--"):
		return sizeTo(s, "-->", len("<!--"))
	case len(s) > 1 && isLetter(s[1]), len(s) > 2 && s[1] == '/' && isLetter(s[2]):
		return elementSize(s)
	case len(s) > 2 && s[1] == '/', len(s) > 1 && (s[1] == '!' || s[1] == '?'):
		return sizeTo(s, ">", len("<!"))
	}
	return 0
}

func sizeTo(s, end string, from int) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return -1
}

// elementSize looks for the > that is not inside of an attribute's quotes.
func elementSize(s string) int {
	var quote, last byte // last but spaces
	for i := range len(s) {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '>':
			return i + 1
		case last == '=' && (c == '"' || c == '\''):
			quote = c
		}
		if strings.IndexByte(" \t\r\n\f", c) < 0 {
			last = c
		}
	}
	return -1
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
