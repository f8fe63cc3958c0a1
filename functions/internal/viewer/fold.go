package viewer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is a text that can be searched without regard to case.
type text struct {
	// shown is the text as it stands; folded is it with the same runes, each as fold has it.
	shown, folded string
	// origin is where in shown each byte of folded comes from; nil if from the same place.
	origin []int32
	pairs  pairs // of folded
}

func newText(shown string) text {
	t := text{shown: shown, folded: foldAll(shown)}
	t.pairs = pairsOf(t.folded)
	if !sameOffsets(t.shown, t.folded) {
		t.origin = origins(t.shown, t.folded)
	}
	return t
}

// fold is the rune that stands for r and for all that differ from it in case alone: the least of
// them.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

func foldAll(s string) string { return strings.Map(fold, s) }

// sameOffsets reports whether the runes of both texts, of which there are as many, begin at the
// same bytes.
func sameOffsets(shown, folded string) bool {
	if len(shown) != len(folded) {
		return false
	}
	for i := range shown {
		if !utf8.RuneStart(folded[i]) {
			return false
		}
	}
	return true
}

func origins(shown, folded string) []int32 {
	from := make([]int32, 0, len(folded)+1)
	at := 0
	for _, r := range folded {
		for range utf8.RuneLen(r) {
			from = append(from, int32(at))
		}
		_, width := utf8.DecodeRuneInString(shown[at:])
		at += width
	}
	return append(from, int32(at))
}

// at is where in shown a place in folded is.
func (t *text) at(folded int) int {
	if t.origin == nil {
		return folded
	}
	return int(t.origin[folded])
}

// needle is a keyword to search for.
type needle struct {
	folded string
	// opens and closes say that the match must begin and end at the boundary of a word.
	opens, closes bool
}

func needleOf(k Keyword) needle {
	s := k.Keyword
	return needle{
		folded: strings.Clone(foldAll(s)), // which may be part of a whole answer
		opens:  k.WholeWord && isWord(s[0]),
		closes: k.WholeWord && isWord(s[len(s)-1]),
	}
}

// find is where in folded the needle first stands, if that is before the limit; -1 if nowhere.
func (t *text) find(n needle, limit int) int {
	if !t.pairs.mayHold(n.folded) {
		return -1
	}
	within := t.folded[:min(len(t.folded), limit-1+len(n.folded))]
	for from := 0; ; {
		i := strings.Index(within[from:], n.folded)
		if i < 0 {
			return -1
		}
		from += i
		if (!n.opens || t.boundary(from)) && (!n.closes || t.boundary(from+len(n.folded))) {
			return from
		}
		from++
	}
}

// boundary reports whether a word begins or ends at this place in folded. It is looked up in the
// text as it stands: ſ folds to S and is no ASCII letter.
func (t *text) boundary(folded int) bool {
	at := t.at(folded)
	before := at > 0 && isWord(t.shown[at-1])
	after := at < len(t.shown) && isWord(t.shown[at])
	return before != after
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
