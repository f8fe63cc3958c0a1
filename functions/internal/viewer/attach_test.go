package viewer

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestAttach(t *testing.T) {
	for payload, want := range map[string]string{
		`{}`:                `{"filtered":[1]}`,
		` { } `:             ` {"filtered":[1] } `,
		`{"a":1}`:           `{"a":1,"filtered":[1]}`,
		"{ \"a\" : 1\n}\n":  "{ \"a\" : 1,\"filtered\":[1]\n}\n",
		`{"filtered":null}`: `{"filtered":[1]}`,
		`{"filtered":"]}"}`: `{"filtered":[1]}`,
		`{"a":[],"filtered" : [{"filtered":[]},"\"}"] ,"b":{}}`:     `{"a":[],"filtered" : [1] ,"b":{}}`,
		`{"filtered":1.5e3,"a":"\\","filtered":true}`:               `{"filtered":[1],"a":"\\","filtered":[1]}`,
		`{"fil\u0074ered":{},"Filtered":2}`:                         `{"fil\u0074ered":[1],"Filtered":2}`,
		`{"a":{"filtered":[]},"b":[{"filtered":1}],"c":"filtered"}`: `{"a":{"filtered":[]},"b":[{"filtered":1}],"c":"filtered","filtered":[1]}`,
		`{"a\"filtered":1}`:     `{"a\"filtered":1,"filtered":[1]}`,
		`[]`:                    `[]`,
		`"filtered"`:            `"filtered"`,
		`null`:                  `null`,
		``:                      ``,
		`{`:                     `{`,
		`{"filtered":x}`:        `{"filtered":x}`,
		`{"a":1 "filtered":[]}`: `{"a":1 "filtered":[]}`,
	} {
		before := []byte(payload)
		if got := Attach(before, []byte(`[1]`)); string(got) != want {
			t.Errorf("%s\ngot  %s\nwant %s", payload, got, want)
		}
		if string(before) != payload {
			t.Errorf("%s was changed to %s", payload, before)
		}
	}
}

func FuzzAttach(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,{"filtered":"\""}],"filtered":[{}],"b":"\\"}`, `{"filtered":1,"filtered":2}`, `[{}]`, `{"fi\u006ctered":-1e9 , "é":null}`} {
		f.Add([]byte(seed))
	}
	filtered := []byte(`[{"keyword_matches":["x"]}]`)
	f.Fuzz(func(t *testing.T, payload []byte) {
		got := Attach(payload, filtered)
		if json.Valid(got) != json.Valid(payload) {
			t.Fatalf("valid: %v, was %v: %s", json.Valid(got), json.Valid(payload), got)
		}
		var before, after map[string]json.RawMessage
		if json.Unmarshal(payload, &before) != nil || before == nil {
			if !bytes.Equal(got, payload) {
				t.Fatalf("no object, and changed to %s", got)
			}
			return
		}
		if err := json.Unmarshal(got, &after); err != nil || !bytes.Equal(after["filtered"], filtered) {
			t.Fatalf("%v: %s", err, got)
		}
		before["filtered"] = filtered
		if len(after) != len(before) {
			t.Fatalf("%d members, want %d: %s", len(after), len(before), got)
		}
		for name, value := range before {
			if !bytes.Equal(after[name], value) {
				t.Errorf("%q was %s and is %s", name, value, after[name])
			}
		}
		if again := Attach(got, filtered); !bytes.Equal(again, got) {
			t.Errorf("attached again: %s", again)
		}
	})
}
