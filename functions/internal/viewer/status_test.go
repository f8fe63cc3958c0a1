package viewer

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

func TestWhatIsSearched(t *testing.T) {
	for payload, want := range map[string]string{
		`{}`: "",
		`{"spoiler_text":"cw","content":"<p>one</p><p>two</p>","poll":{"options":[{"title":"yes"},{"title":"no"}]},"media_attachments":[{"description":"a cat"},{"description":null},{"description":"a dog"}]}`: "cw\n\none\n\ntwo\n\nyes\n\nno\n\na cat\n\na dog",
		`{"content":"","reblog":{"spoiler_text":"b","content":"<p>boosted</p>","poll":{"options":[{"title":"p"}]},"media_attachments":[{"description":"m"}]}}`:                                                  "b\n\nboosted\n\np\n\nm",
		`{"content":"own","reblog":{"content":"boosted"}}`: "own\n\nboosted",
		`{"content":"x","reblog":null,"poll":null,"media_attachments":null,"spoiler_text":null,"card":{"title":"no"},"tags":[{"name":"no"}]}`: "x",
		`{"spoiler_text":"a <b","content":"c> d"}`: "a <b\n\nc> d",
		`{"content":"\ud800 \ud83d\ude00 \u0000"}`: "\ufffd 😀 \x00",
		`{"content":"x","poll":"none","media_attachments":{"a":1},"mentions":[1,{"id":true}],"account":[],"reblog":7,"language":{}}`: "x",
		`{"content":["x"],"spoiler_text":12,"media_attachments":[7,{"description":"d"},null]}`:                                       "12\n\nd",
	} {
		if s := read(t, payload); s.text.shown != want {
			t.Errorf("%s\ngot  %q\nwant %q", payload, s.text.shown, want)
		}
	}
}

func TestWhatIsNoStatus(t *testing.T) {
	for _, payload := range []string{"", " ", "null", "[]", `"text"`, "7", "{", `{"content":}`, `{} {}`, `{"id":"1",}`} {
		if s, err := ReadStatus([]byte(payload)); !errors.Is(err, ErrNoStatus) || s != nil {
			t.Errorf("%q: %v, %v", payload, s, err)
		}
	}
}

func FuzzReadStatus(f *testing.F) {
	f.Add([]byte(`{"account":{"id":"7","acct":"a@B"},"mentions":[{"id":8}],"language":"en","content":"<p>a&amp;b</p>","reblog":{"content":"ſK"}}`))
	f.Add([]byte(`{"poll":{"options":[{"title":1},2]},"media_attachments":[null,{"description":[]}]}`))
	f.Add([]byte(`[{}]`))
	v := New(Data{Filters: []Filter{words("a", "ſ"), parts("b", "<")}})
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := ReadStatus(payload)
		var object map[string]json.RawMessage
		isObject := json.Unmarshal(payload, &object) == nil && object != nil
		if (err == nil) != isObject {
			t.Fatalf("error %v, but an object: %v", err, isObject)
		}
		if err != nil {
			return
		}
		text := &s.text
		if !utf8.ValidString(text.shown) || utf8.RuneCountInString(text.shown) != utf8.RuneCountInString(text.folded) {
			t.Errorf("%q folded is %q", text.shown, text.folded)
		}
		if text.at(0) != 0 || text.at(len(text.folded)) != len(text.shown) {
			t.Errorf("%q is %d to %d", text.shown, text.at(0), text.at(len(text.folded)))
		}
		if got := v.Judge(s, noon).Filtered; !json.Valid(got) {
			t.Errorf("no JSON: %s", got)
		}
	})
}
