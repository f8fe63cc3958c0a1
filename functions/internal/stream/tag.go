package stream

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NormalTag is the form under which a tag is compared: compatibility-composed (NFKC), lower
// case, Latin letters without their marks, and only letters, numbers, "_", "·" and U+200C
// kept, so that "#Café" and "cafe" are one tag. It may be empty. A normal tag stays as it is.
func NormalTag(tag string) string {
	lower := strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(tag, "")))
	// What was apart until now may compose: two jamo around a character that is not kept.
	return norm.NFC.String(strings.Map(keepTagRune, foldLatin(lower)))
}

func keepTagRune(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' || r == '·' || r == '\u200c' {
		return r
	}
	return -1
}

// foldLatin takes the marks and strokes off Latin letters and leaves every other script as it is.
func foldLatin(s string) string {
	var b strings.Builder
	latin := false
	for _, r := range norm.NFD.String(s) {
		if unicode.Is(unicode.Mn, r) && latin {
			continue
		}
		latin = unicode.Is(unicode.Latin, r)
		b.WriteRune(unstroked(r))
	}
	return norm.NFC.String(b.String())
}

// unstroked is the plain letter of the Latin letters that Unicode does not decompose, and the
// one sigma of the two that Greek has in lower case: which one is a capital's depends on where in
// a word it stands.
func unstroked(r rune) rune {
	switch r {
	case 'ø':
		return 'o'
	case 'đ', 'ð':
		return 'd'
	case 'ħ':
		return 'h'
	case 'ı':
		return 'i'
	case 'ĸ':
		return 'k'
	case 'ł':
		return 'l'
	case 'ŋ':
		return 'n'
	case 'ŧ':
		return 't'
	case 'ς':
		return 'σ'
	}
	return r
}
