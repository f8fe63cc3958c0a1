package stream

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NormalTag is the form under which a tag is compared: compatibility-composed (NFKC), lower
// case, Latin letters without their marks, and only letters, numbers, "_", "·" and U+200C
// kept, so that "#Café" and "cafe" are one tag. It may be empty.
func NormalTag(tag string) string {
	lower := strings.ToLower(norm.NFKC.String(tag))
	return strings.Map(keepTagRune, foldLatin(lower))
}

func keepTagRune(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == '_' || r == '·' || r == '\u200c' {
		return r
	}
	return -1
}

// foldLatin takes the marks off Latin letters and leaves every other script as it is.
func foldLatin(s string) string {
	var b strings.Builder
	latin := false
	for _, r := range norm.NFD.String(s) {
		if unicode.Is(unicode.Mn, r) && latin {
			continue
		}
		latin = unicode.Is(unicode.Latin, r)
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}
