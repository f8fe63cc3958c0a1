package pusher

import "strings"

// maxSocketID is how many characters a socket id has at most.
const maxSocketID = 64

// IsSocketID reports whether the text is what a connection may be called: two decimal numbers, as in
// "123.456". Sign for nothing else: a text with a colon in it could be taken for another use's.
func IsSocketID(text string) bool {
	first, second, ok := strings.Cut(text, ".")
	return ok && len(text) <= maxSocketID && isDecimal(first) && isDecimal(second)
}

func isDecimal(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}
