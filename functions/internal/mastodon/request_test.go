package mastodon

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMessagesAreReadAsAMastodonServerReadsThem(t *testing.T) {
	for body, want := range map[string]Params{
		`{"type":"subscribe","stream":"user"}`:                               {Stream: "user"},
		` {"stream" : "hashtag" , "tag" : "#Café" , "type" : "subscribe" } `: {Stream: "hashtag", Tag: "#Café"},
		`{"type":"subscribe","stream":"list","list":"12","extra":{"a":[1]}}`: {Stream: "list", List: "12"},
		`{"type":"subscribe","stream":["public","user"]}`:                    {Stream: "public"},
		`{"type":"subscribe","stream":[["user"]]}`:                           {},
		`{"type":"subscribe","stream":[]}`:                                   {},
		`{"type":"subscribe","stream":[null]}`:                               {},
		`{"type":"subscribe","stream":7}`:                                    {},
		`{"type":"subscribe","stream":null}`:                                 {},
		`{"type":"subscribe","stream":{"0":"user"}}`:                         {},
		`{"type":"subscribe"}`:                                               {},
		`{"type":"subscribe","stream":"user","stream":"direct"}`:             {Stream: "direct"},
		`{"type":"x","type":"subscribe","Stream":"user"}`:                    {},
		`{"type":"subscribe","stream":"list","list": 12}`:                    {Stream: "list", List: "12"},
		`{"type":"subscribe","stream":"hashtag","tag":-1.5e3}`:               {Stream: "hashtag", Tag: "-1.5e3"},
		`{"type":"subscribe","stream":"hashtag","tag":true}`:                 {Stream: "hashtag"},
		`{"type":"subscribe","stream":"hashtag","tag":["cats"]}`:             {Stream: "hashtag"},
		`{"type":"subscribe","stream":"hashtag","tag":{"a":1}}`:              {Stream: "hashtag"},
		`{"type":"subscribe","stream":"hashtag","tag":null}`:                 {Stream: "hashtag"},
		`{"type":"subscribe","stream":"hashtag","tag":"a\u0000\ud800"}`:      {Stream: "hashtag", Tag: "a\x00\ufffd"},
		`{"type":"subscribe","stream":"` + "\U0001f389" + `"}`:               {Stream: "\U0001f389"},
		`{"type":"subscribe","stream":"user","last_event_id":"a-_9"}`:        {Stream: "user", LastEventID: "a-_9"},
		`{"type":"subscribe","stream":"user","last_event_id":10.50}`:         {Stream: "user", LastEventID: "10.50"},
		`{"type":"subscribe","stream":"user","last_event_id":""}`:            {Stream: "user"},
		`{"type":"subscribe","stream":"user","last_event_id":null}`:          {Stream: "user"},
		`{"type":"subscribe","stream":"user","last_event_id":true}`:          {Stream: "user", LastEventID: "true"},
		`{"type":"subscribe","stream":"user","last_event_id":["a"]}`:         {Stream: "user", LastEventID: `["a"]`},
	} {
		got, ok := Parse(body)
		if !ok || got != (Request{Params: want}) {
			t.Errorf("%s\n got %+v %v\nwant %+v", body, got, ok, want)
		}
	}
	if got, ok := Parse(`{"type":"unsubscribe","stream":"user"}`); !ok || got != (Request{true, Params{Stream: "user"}}) {
		t.Errorf("unsubscribe: %+v %v", got, ok)
	}
}

func TestWhatIsNoMessageIsIgnored(t *testing.T) {
	for _, body := range []string{
		"", " ", "null", "true", "1", `"subscribe"`, "[]", `[{"type":"subscribe","stream":"user"}]`, "{", "{}",
		`{"type":"subscribe"`, `{"type":"subscribe"}}`, `{"type":"subscribe",}`, `{'type':'subscribe'}`, "subscribe user",
		`{"type":"ping"}`, `{"type":"Subscribe"}`, `{"Type":"subscribe"}`, `{"type":["subscribe"]}`, `{"type":null}`,
		`{"type":1}`, `{"type":"subscribe "}`, `{"stream":"user"}`, "\ufeff" + `{"type":"subscribe","stream":"user"}`, "\x00\xff",
		`{"type":"subscribe","deep":` + strings.Repeat("[", 60_000) + strings.Repeat("]", 60_000) + "}",
		strings.Repeat(`{"a":`, 20_000), strings.Repeat("[", 131_072),
	} {
		if got, ok := Parse(body); ok {
			t.Errorf("%.60q was read as %+v", body, got)
		}
	}
}

func FuzzAMessageIsReadOrIgnored(f *testing.F) {
	for _, body := range []string{
		`{"type":"subscribe","stream":"hashtag","tag":"x"}`, `{"type":"unsubscribe","stream":["list"],"list":5}`,
		`{"type":"subscribe","stream":[[1e999]],"tag":-0}`, `{"type":"subscribe","tag":"\ud800"}`, "[]",
		`{"type":"subscribe","stream":"user","last_event_id":"abc"}`, `{"type":"subscribe","last_event_id":{"a":[]}}`, `{"type"`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, ok := Parse(body)
		if !ok {
			if got != (Request{}) {
				t.Fatalf("ignored, yet %+v", got)
			}
			return
		}
		var object map[string]any
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&object); err != nil {
			t.Fatalf("%q is no object, yet %+v", body, got)
		}
		if kind := object["type"]; kind != "subscribe" && kind != "unsubscribe" || got.Unsubscribe != (kind == "unsubscribe") {
			t.Errorf("type %v read as %+v", kind, got)
		}
		if s, isText := object["tag"].(string); isText && s != got.Tag {
			t.Errorf("tag %q read as %q", s, got.Tag)
		}
		if s, isText := object["last_event_id"].(string); isText && s != got.LastEventID {
			t.Errorf("last_event_id %q read as %q", s, got.LastEventID)
		}
		if given := object["last_event_id"]; given != nil && given != "" && got.LastEventID == "" {
			t.Errorf("last_event_id %v is ignored", given)
		}
		if s, isText := object["stream"].(string); isText && s != got.Stream {
			t.Errorf("stream %q read as %q", s, got.Stream)
		}
	})
}
