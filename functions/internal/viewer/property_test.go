package viewer

import (
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The slow reference: no folding, no tables, rune by rune, from the documentation alone.

// slowMatch is the first place at which one of the keywords stands, tried in their order.
func slowMatch(keywords []Keyword, shown string) string {
	text := []rune(shown)
	for at := range text {
		for _, k := range keywords {
			if end := slowAt([]rune(k.Keyword), text, at); end > at && (!k.WholeWord || slowWhole([]rune(k.Keyword), text, at, end)) {
				return string(text[at:end])
			}
		}
	}
	return ""
}

// slowAt is where the keyword ends that begins at this place; -1 if it does not stand there.
func slowAt(keyword, text []rune, at int) int {
	if len(keyword) > len(text)-at {
		return -1
	}
	for i, r := range keyword {
		if !slowSame(r, text[at+i]) {
			return -1
		}
	}
	return at + len(keyword)
}

func slowSame(a, b rune) bool {
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return a == b
}

func slowWhole(keyword, text []rune, from, to int) bool {
	return (!slowWord(keyword, 0) || slowWord(text, from-1) != slowWord(text, from)) &&
		(!slowWord(keyword, len(keyword)-1) || slowWord(text, to-1) != slowWord(text, to))
}

func slowWord(text []rune, i int) bool {
	return i >= 0 && i < len(text) && strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", text[i])
}

// regexpMatch is the same by Go's regular expressions, whose \b and (?i) are the ones asked for.
func regexpMatch(keywords []Keyword, shown string) string {
	var alternatives []string
	for _, k := range keywords {
		expression := regexp.QuoteMeta(k.Keyword)
		if k.WholeWord && regexp.MustCompile(`^\w`).MatchString(k.Keyword) {
			expression = `\b` + expression
		}
		if k.WholeWord && regexp.MustCompile(`\w$`).MatchString(k.Keyword) {
			expression += `\b`
		}
		if k.Keyword != "" {
			alternatives = append(alternatives, expression)
		}
	}
	if alternatives == nil {
		return ""
	}
	return regexp.MustCompile("(?i:" + strings.Join(alternatives, "|") + ")").FindString(shown)
}

// world is a status, as what it is made of.
type world struct {
	Author, Domain string
	Mentions       []string
	Language       *string
	Spoiler, Text  string
	Options        []string
	Descriptions   []string
	Boosted        string
}

func (w world) shown() string {
	all := slices.Concat([]string{w.Spoiler, w.Text}, w.Options, w.Descriptions, []string{w.Boosted})
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "\n\n")
}

func (w world) payload(t *rapid.T) []byte {
	list := func(member string, values []string) []any {
		objects := []any{}
		for _, v := range values {
			objects = append(objects, map[string]any{member: v})
		}
		return objects
	}
	acct := "somebody"
	if w.Domain != "" {
		acct += "@" + w.Domain
	}
	payload, err := json.Marshal(map[string]any{
		"account": map[string]any{"id": w.Author, "acct": acct}, "mentions": list("id", w.Mentions), "language": w.Language,
		"spoiler_text": html.EscapeString(w.Spoiler), "content": strings.ReplaceAll(html.EscapeString(w.Text), "\n", "<br />"),
		"poll":              map[string]any{"options": list("title", w.Options)},
		"media_attachments": list("description", w.Descriptions),
		"reblog":            map[string]any{"content": "<b>" + html.EscapeString(w.Boosted) + "</b>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func slowDrop(d Data, w world) bool {
	drop := w.Language != nil && len(d.Languages) > 0 && !slices.Contains(d.Languages, *w.Language)
	for _, id := range append([]string{w.Author}, w.Mentions...) {
		drop = drop || slices.Contains(d.Blocks, id) || slices.Contains(d.Mutes, id)
	}
	blocks := func(domain string) bool { return w.Domain != "" && strings.EqualFold(domain, w.Domain) }
	return drop || slices.Contains(d.BlockedBy, w.Author) || slices.ContainsFunc(d.BlockedDomains, blocks)
}

// slowFiltered is the list as JSON decodes it; nil without filters.
func slowFiltered(d Data, w world, now time.Time) any {
	if len(d.Filters) == 0 {
		return nil
	}
	results := []any{}
	for _, f := range d.Filters {
		match := slowMatch(f.Keywords, w.shown())
		if match == "" || !f.ExpiresAt.IsZero() && !f.ExpiresAt.After(now) {
			continue
		}
		context, expires := []any{}, any(nil)
		for _, c := range f.Context {
			context = append(context, c)
		}
		if !f.ExpiresAt.IsZero() {
			expires = f.ExpiresAt.Format("2006-01-02T15:04:05") + ".000Z"
		}
		results = append(results, map[string]any{
			"filter":          map[string]any{"id": f.ID, "title": f.Title, "context": context, "expires_at": expires, "filter_action": f.Action},
			"keyword_matches": []any{match}, "status_matches": nil,
		})
	}
	return results
}

// pieces are in several scripts, with case that folds in odd ways, and characters that mean
// something in regular expressions.
var pieces = []string{
	"a", "A", "b", "ab", "0", "_", " ", "\n", "s", "ſ", "k", "\u212A", "é", "É", "e\u0301", "\u0301", "ß", "ẞ",
	"к", "К", "от", "ОТ", "σ", "ς", "Σ", "µ", "μ", "İ", "ı", "i", "ق", "ط", "\u200c", "猫", "黒", "ア", "👍", "🏽", "👩‍👩", "𐐀", "𐐨",
	".", "*", "+", "(", ")", "[a]", `\`, `\b`, "^", "$", "|", "?", "#", "&", "<", "ǅ", "ǆ", "Ǆ",
}

func drawText(t *rapid.T, label string, atMost int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, atMost).Draw(t, label), "")
}

func drawTexts(t *rapid.T, label string) []string {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return drawText(t, "text", 4) }), 0, 2).Draw(t, label)
}

func few(t *rapid.T, label string, from ...string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(from), 0, 2).Draw(t, label)
}

func drawFilter(t *rapid.T) Filter {
	return Filter{
		ID: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id"), Title: drawText(t, "title", 3), Context: few(t, "context", "home", "public"),
		ExpiresAt: rapid.SampledFrom([]time.Time{{}, noon.Add(-time.Second), noon, noon.Add(time.Second)}).Draw(t, "expires"),
		Action:    rapid.SampledFrom([]string{"warn", "hide"}).Draw(t, "action"),
		Keywords: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Keyword {
			return Keyword{drawText(t, "keyword", 3), rapid.Bool().Draw(t, "whole")}
		}), 0, 4).Draw(t, "keywords"),
	}
}

func drawData(t *rapid.T) Data {
	return Data{
		Languages: few(t, "languages", "en", "de", "en-GB"),
		Blocks:    few(t, "blocks", "1", "2", "3"), Mutes: few(t, "mutes", "2", "4"), BlockedBy: few(t, "blocked by", "1", "5"),
		BlockedDomains: few(t, "domains", "far.example", "FAR.example", "other.example"),
		Filters:        rapid.SliceOfN(rapid.Custom(drawFilter), 0, 3).Draw(t, "filters"),
	}
}

func drawWorld(t *rapid.T) world {
	language := rapid.SampledFrom([]string{"en", "de", "fr", "EN"}).Draw(t, "language")
	return world{
		Author: rapid.SampledFrom([]string{"1", "5", "6"}).Draw(t, "author"), Domain: rapid.SampledFrom([]string{"", "far.example", "Other.Example"}).Draw(t, "domain"),
		Mentions: few(t, "mentions", "3", "4", "6"), Language: rapid.SampledFrom([]*string{nil, &language}).Draw(t, "has language"),
		Spoiler: drawText(t, "spoiler", 4), Text: drawText(t, "content", 12), Boosted: drawText(t, "boosted", 4),
		Options: drawTexts(t, "options"), Descriptions: drawTexts(t, "descriptions"),
	}
}

// TestJudgesAsTheSlowReferenceDoes also holds the reference's search against regular expressions.
func TestJudgesAsTheSlowReferenceDoes(t *testing.T) {
	dropped, matched := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		d, w := drawData(t), drawWorld(t)
		for i := range w.Options { // plain text in which < and & are meant
			w.Options[i] = strings.NewReplacer("<", "", "&", "").Replace(w.Options[i])
		}
		for i := range w.Descriptions {
			w.Descriptions[i] = strings.NewReplacer("<", "", "&", "").Replace(w.Descriptions[i])
		}
		s, err := ReadStatus(w.payload(t))
		if err != nil {
			t.Fatal(err)
		}
		got := New(d).Judge(s, noon)
		if want := slowDrop(d, w); got.Drop != want {
			t.Fatalf("drop %v, want %v", got.Drop, want)
		}
		var list any
		if got.Filtered != nil {
			if err := json.Unmarshal(got.Filtered, &list); err != nil {
				t.Fatalf("%v: %s", err, got.Filtered)
			}
		}
		if diff := cmp.Diff(slowFiltered(d, w, noon), list); diff != "" {
			t.Fatalf("in %q (-want +got):\n%s", w.shown(), diff)
		}
		for _, f := range d.Filters {
			if a, b := slowMatch(f.Keywords, w.shown()), regexpMatch(f.Keywords, w.shown()); a != b {
				t.Fatalf("%v in %q: %q by the reference, %q by a regular expression", f.Keywords, w.shown(), a, b)
			}
		}
		if got.Drop {
			dropped++
		}
		if len(got.Filtered) > len(nothing) {
			matched++
		}
	})
	if dropped == 0 || matched == 0 {
		t.Errorf("%d were dropped and %d matched: the world is too sparse to say anything", dropped, matched)
	}
}
