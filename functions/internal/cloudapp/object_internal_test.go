package cloudapp

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

func TestObjectsKeepTheirOrderAndBytes(t *testing.T) {
	o, err := parseObject([]byte(` { "b" : 1.0 , "a":{"x" : [1, 2]},"b":"\u00e9","é<":null } `))
	if want := `{"b":"\u00e9","a":{"x" : [1, 2]},"é<":null}`; err != nil || string(o.text()) != want {
		t.Errorf("%s, %v, want %s", o.text(), err, want)
	}
	if o.get("c") != nil || string(o.get("é<")) != "null" {
		t.Error("members are not found")
	}
}

// What is an object to the standard library is one here, and means the same.
func FuzzObjects(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":1,"a":2}`, `{"a":{"b":[1e400,null]}}`, `{"a":1}x`, `[{}]`, `null`, `{"\ud800":"\ud800"}`, "{\"\xff\":1}", `{"a":1,}`, `{,}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(text, &want)
		isObject := wantErr == nil && want != nil
		o, err := parseObject(text)
		if (err == nil) != isObject {
			t.Fatalf("%q: %v, the standard library says %v", text, err, wantErr)
		}
		if !isObject {
			return
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(o.text(), &got); err != nil || len(got) != len(want) {
			t.Fatalf("%q becomes %s, %v", text, o.text(), err)
		}
		for name := range want {
			if !bytes.Equal(got[name], want[name]) || !reflect.DeepEqual(o.get(name), []byte(want[name])) {
				t.Fatalf("%q: %q is %s, want %s", text, name, got[name], want[name])
			}
		}
	})
}
