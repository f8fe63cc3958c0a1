package viewer

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

func read(t testing.TB, payload string) *Status {
	t.Helper()
	s, err := ReadStatus([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func saying(t testing.TB, content string) *Status {
	t.Helper()
	payload, err := json.Marshal(map[string]string{"content": content})
	if err != nil {
		t.Fatal(err)
	}
	return read(t, string(payload))
}

// words is a filter of whole words.
func words(keywords ...string) Filter {
	f := Filter{ID: "1", Title: "t"}
	for _, k := range keywords {
		f.Keywords = append(f.Keywords, Keyword{k, true})
	}
	return f
}

// parts is a filter of parts of words.
func parts(keywords ...string) Filter {
	f := words(keywords...)
	for i := range f.Keywords {
		f.Keywords[i].WholeWord = false
	}
	return f
}

func TestWhoDoesNotSeeWhat(t *testing.T) {
	status := `{"account":{"id":"7","acct":"eve@Far.Example"},"mentions":[{"id":"8"},{"id":9}],"language":"en"}`
	for name, tt := range map[string]struct {
		data   Data
		status string
		drop   bool
	}{
		"nothing filtered":                 {Data{}, status, false},
		"author blocked":                   {Data{Blocks: []string{"7"}}, status, true},
		"author muted":                     {Data{Mutes: []string{"7"}}, status, true},
		"blocked by the author":            {Data{BlockedBy: []string{"7"}}, status, true},
		"others":                           {Data{Blocks: []string{"70"}, Mutes: []string{"1"}, BlockedBy: []string{"17"}}, status, false},
		"mention blocked":                  {Data{Blocks: []string{"8"}}, status, true},
		"second mention, a number, muted":  {Data{Mutes: []string{"9"}}, status, true},
		"blocked by one who is mentioned":  {Data{BlockedBy: []string{"8"}}, status, false},
		"author's id is a number":          {Data{Blocks: []string{"7"}}, `{"account":{"id":7}}`, true},
		"an id longer than a float":        {Data{Blocks: []string{"109876543210987654"}}, `{"account":{"id":109876543210987655}}`, false},
		"domain blocked":                   {Data{BlockedDomains: []string{"FAR.example"}}, status, true},
		"other domain":                     {Data{BlockedDomains: []string{"example", "r.example", "sub.far.example"}}, status, false},
		"a local author has no domain":     {Data{BlockedDomains: []string{"", "eve"}}, `{"account":{"id":"7","acct":"eve"}}`, false},
		"an author without id":             {Data{Blocks: []string{""}, Mutes: []string{""}}, `{"account":{},"mentions":[{}]}`, false},
		"language chosen":                  {Data{Languages: []string{"de", "en"}}, status, false},
		"language not chosen":              {Data{Languages: []string{"de", "en-GB", "EN"}}, status, true},
		"no language":                      {Data{Languages: []string{"de"}}, `{}`, false},
		"language null":                    {Data{Languages: []string{"de"}}, `{"language":null}`, false},
		"a language that is none":          {Data{Languages: []string{""}}, status, false},
		"the author of what a boost shows": {Data{Blocks: []string{"3"}, Languages: []string{"en"}}, `{"account":{"id":"7"},"reblog":{"account":{"id":"3"},"mentions":[{"id":"3"}],"language":"de"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := New(tt.data).Judge(read(t, tt.status), noon)
			if got.Drop != tt.drop || got.Filtered != nil {
				t.Errorf("got %v, %s; want drop %v and no list", got.Drop, got.Filtered, tt.drop)
			}
		})
	}
	if got := (*Viewer)(nil).Judge(read(t, status), noon); got.Drop || got.Filtered != nil {
		t.Errorf("nobody: %+v", got)
	}
}

func TestWhatAFilterMatches(t *testing.T) {
	for _, tt := range []struct {
		filter Filter
		text   string
		want   string // "" if nothing matches
	}{
		{parts("cat"), "a conCATenation", "CAT"},
		{words("cat"), "a concatenation", ""},
		{words("cat"), "concat. Cat!", "Cat"},
		{words("cat"), "cat_", ""},
		{words("cat"), "écaté", "cat"},
		{words("c++"), "C++11", "C++"},
		{words("c++"), "ac++", ""},
		{words("#cat"), "x#cat", "#cat"},
		{words("#cat"), "#cats", ""},
		{words("кот"), "коТлета", "коТ"},
		{words("قط"), "القطط", "قط"},
		{words("猫"), "黒猫だ", "猫"},
		{words("ΟΔΌΣ"), "οδός", "οδός"},
		{parts("straße"), "STRAẞE", "STRAẞE"},
		{parts("straße"), "strasse", ""},
		{parts("kelvin"), "\u212Aelvin", "\u212Aelvin"},
		{words("s"), "ſ", ""},
		{words("s"), "aſ", ""},
		{words("s"), "a ſa", ""},
		{words("as"), "aſ", ""},
		{words("sa"), "ſa", ""},
		{words("sa"), "xſa", "ſa"},
		{parts("İ"), "i", ""},
		{parts("é"), "e\u0301", ""},
		{parts("e"), "e\u0301", "e"},
		{parts("👍"), "👍🏽", "👍"},
		{parts("\u212A", "ſt"), "ßẞk ST", "k"},
		{parts("a.c"), "abc a.C", "a.C"},
		{parts("b", "abc"), "xabc", "abc"},
		{parts("ab", "abc"), "xabc", "ab"},
		{parts("abc", "ab"), "xabc", "abc"},
		{words("ab", "abc"), "xabc abc", "abc"},
		{words("aa"), "aaa aa", "aa"},
		{parts("a b"), "a<br>b a b", "a b"},
		{parts("a\nb"), "a<br>b", "a\nb"},
		{parts(""), "text", ""},
		{words(""), "text", ""},
		{parts(), "text", ""},
		{parts("text"), "", ""},
		{parts("\xff"), "a\ufffd", "\ufffd"},
		{parts("<b>"), "&lt;b&gt;", "<b>"},
	} {
		got := New(Data{Filters: []Filter{tt.filter}}).Judge(saying(t, tt.text), noon).Filtered
		want := "[]"
		if tt.want != "" {
			want = result("1", "null", tt.want)
		}
		if string(got) != want {
			t.Errorf("%+v in %q\ngot  %s\nwant %s", tt.filter.Keywords, tt.text, got, want)
		}
	}
}

func result(id, expires, match string) string {
	return fmt.Sprintf(`[{"filter":{"id":%q,"title":"t","context":[],"expires_at":%s,"filter_action":"warn"},"keyword_matches":[%q],"status_matches":null}]`, id, expires, match)
}

func TestEveryFilterThatMatchesIsListedAsMastodonWritesIt(t *testing.T) {
	v := New(Data{Filters: []Filter{
		{ID: "2", Title: `<"me" & you>`, Context: []string{"home", "public"}, Action: "hide", Keywords: []Keyword{{Keyword: "x"}},
			ExpiresAt: time.Date(2026, 2, 1, 14, 0, 0, 7999999, time.FixedZone("", 3600))},
		{ID: "3", Keywords: []Keyword{{Keyword: "not there"}}},
		{ID: "1", Title: "t", Keywords: []Keyword{{Keyword: "\\ & \""}, {Keyword: "x"}}},
	}})
	got := v.Judge(saying(t, `\ &amp; " X`), noon).Filtered
	want := `[{"filter":{"id":"2","title":"<\"me\" & you>","context":["home","public"],"expires_at":"2026-02-01T13:00:00.007Z","filter_action":"hide"},"keyword_matches":["X"],"status_matches":null},` +
		`{"filter":{"id":"1","title":"t","context":[],"expires_at":null,"filter_action":"warn"},"keyword_matches":["\\ & \""],"status_matches":null}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if string(nothing) != "[]" {
		t.Errorf("the shared list has become %s", nothing)
	}
}

func TestAFilterEnds(t *testing.T) {
	f := words("x")
	f.ExpiresAt = noon
	v, s := New(Data{Filters: []Filter{f}}), saying(t, "x")
	if got := v.Judge(s, noon.Add(-1)).Filtered; string(got) != result("1", `"2026-02-01T12:00:00.000Z"`, "x") {
		t.Errorf("before its end: %s", got)
	}
	if got := v.Judge(s, noon).Filtered; string(got) != "[]" {
		t.Errorf("at its end: %s", got)
	}
}

func TestADroppedStatusIsAnnotatedForStreamsThatDropNothing(t *testing.T) {
	v := New(Data{Mutes: []string{"7"}, Filters: []Filter{words("x")}})
	got := v.Judge(read(t, `{"account":{"id":"7"},"content":"x"}`), noon)
	if !got.Drop || string(got.Filtered) != result("1", "null", "x") {
		t.Errorf("%v %s", got.Drop, got.Filtered)
	}
}
