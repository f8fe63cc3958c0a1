package main

import (
	"slices"
	"strings"
	"testing"
)

func TestACaseFailsForWhateverDiffers(t *testing.T) {
	row := func(key, value string) any {
		return object{"pk": object{"S": key}, "v": object{"N": value}}
	}
	c := testCase{
		Result: object{"statusCode": 200},
		Rows:   map[string][]any{"T": {row("a", anything), row("b", "2")}},
		Calls:  []call{{To: "post", Target: "x", Body: "1"}, {To: "post", Target: "x", Body: "2"}, {To: "send", Target: "Q", Body: object{"a": anything}, Delay: 3}},
	}
	before := map[string][]any{"U": {row("u", "1")}}
	after := func() map[string][]any {
		return map[string][]any{"T": {row("b", "2"), row("a", "77")}, "U": {row("u", "1")}}
	}
	calls := []call{{To: "send", Target: "Q", Body: object{"a": 5}, Delay: 3}, {To: "post", Target: "x", Body: "1"}, {To: "post", Target: "x", Body: "2"}}
	const fine = `{"statusCode":200,"body":"","headers":null}`
	for _, k := range []struct {
		name, result string
		rows         func(map[string][]any)
		calls        []call
		want         string
	}{
		{"nothing differs", fine, nil, calls, ""},
		{"another status", `{"statusCode":500}`, nil, calls, "answer"},
		{"no JSON", "panic", nil, calls, "no JSON"},
		{"a row too many", fine, func(m map[string][]any) { m["T"] = append(m["T"], row("c", "3")) }, calls, "rows of T"},
		{"a row too few", fine, func(m map[string][]any) { m["T"] = m["T"][1:] }, calls, "rows of T"},
		{"another value", fine, func(m map[string][]any) { m["T"][0] = row("b", "3") }, calls, "rows of T"},
		{"a table that must not change", fine, func(m map[string][]any) { m["U"] = nil }, calls, "rows of U"},
		{"posts in another order", fine, nil, []call{calls[0], calls[2], calls[1]}, "calls"},
		{"a post twice", fine, nil, append(slices.Clone(calls), calls[2]), "calls"},
		{"no post", fine, nil, calls[:1], "calls"},
		{"another delay", fine, nil, append([]call{{To: "send", Target: "Q", Body: object{"a": 5}}}, calls[1:]...), "calls"},
	} {
		t.Run(k.name, func(t *testing.T) {
			rows := after()
			if k.rows != nil {
				k.rows(rows)
			}
			err := c.check(k.result, before, rows, k.calls)
			if (err == nil) != (k.want == "") || err != nil && !strings.Contains(err.Error(), k.want) {
				t.Errorf("error %v, want one about %q", err, k.want)
			}
		})
	}
}

func TestABodyMayBeKnownInParts(t *testing.T) {
	c := testCase{Result: object{"statusCode": 200}, Contains: []string{"retry: 1", "data: a", "data: b"}}
	for result, want := range map[string]string{
		`{"statusCode":200,"body":"retry: 1\nid: xyz\ndata: a\n\ndata: b\n\n"}`: "",
		`{"statusCode":200,"body":"retry: 1\ndata: b\ndata: a\n"}`:              `"data: b" is not in the rest`,
		`{"statusCode":200}`:                                 `"retry: 1" is not in the rest`,
		`"retry: 1 data: a data: b"`:                         `"retry: 1" is not in the rest`,
		`{"statusCode":500,"body":"retry: 1data: adata: b"}`: "answer",
	} {
		if err := c.check(result, nil, nil, nil); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one about %q", result, err, want)
		}
	}
}

func TestAnyStandsForWhatDiffers(t *testing.T) {
	for _, k := range []struct {
		want, got any
		same      bool
	}{
		{anything, "x", true},
		{anything, object{"a": 1}, true},
		{anything, nil, false},
		{object{"a": anything}, object{}, false},
		{"id: $any\n", "id: Ab_-\n", true},
		{"id: $any\n", "id: \n", false},
		{"id: $any\n\n", "id: x\n\ndata: y\n\n", false},
		{`{"id":"$any"}`, `{"id":"x","more":"y"}`, false},
		{"$any, $any.", "a, b.", true},
		{"a.$any", "abc", false},
		{"a$any", 7, false},
	} {
		if got := difference(k.want, k.got) == ""; got != k.same {
			t.Errorf("%q and %q: the same is %v", k.want, k.got, got)
		}
	}
}

func TestARowMayHaveAKeyThatDiffers(t *testing.T) {
	key := func(key string) any { return object{"pk": object{"S": "p"}, "sk": object{"S": key}} }
	c := testCase{Rows: map[string][]any{"T": {key("5"), key("$any!")}}}
	for _, k := range []struct {
		keys []any
		same bool
	}{
		{[]any{key("5"), key("9!")}, true},
		{[]any{key("1!"), key("5")}, true},
		{[]any{key("5"), key("9")}, false},
		{[]any{key("5!"), key("6!")}, false},
		{[]any{key("5")}, false},
	} {
		if err := c.check("null", nil, map[string][]any{"T": k.keys}, nil); (err == nil) != k.same {
			t.Errorf("%v: %v", k.keys, err)
		}
	}
}
