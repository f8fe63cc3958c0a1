package eventsource

import (
	"strings"
	"testing"
)

const sampleEvent = `{"eventName":"MODIFY","eventSource":"aws:dynamodb","dynamodb":{
	"ApproximateCreationDateTime":1700000000,
	"Keys":{"id":{"S":"status#1"}},
	"NewImage":{"kind":{"S":"status"},"count":{"N":"150"},"on":{"BOOL":true},"none":{"NULL":true},"empty":{"S":""},
		"tags":{"SS":["a","b"]},"list":{"L":[{"S":"x"},{"M":{"k":{"S":"v"},"n":{"S":"1"}}},{"M":{"k":{"S":"w"},"n":{"S":"2"}}}]},
		"map":{"M":{"deep":{"S":"Deep"}}}},
	"SizeBytes":300},
	"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"},
	"plain":{"null":null,"n":300,"exp":3.0e2,"bool":false,"emptyList":[],"ints":[1,2.5,-3]}}`

func TestPatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		want    bool
	}{
		{`{"eventName":["INSERT","MODIFY"]}`, true},
		{`{"eventName":["INSERT"]}`, false},
		{`{"eventName":["modify"]}`, false},
		{`{"eventName":["MODIFY"],"eventSource":["aws:dynamodb"]}`, true},
		{`{"eventName":["MODIFY"],"eventSource":["aws:kinesis"]}`, false},
		{`{"dynamodb":{"NewImage":{"kind":{"S":["status"]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"kind":["status"]}}}`, false}, // the type is missing
		{`{"dynamodb":{"NewImage":{"empty":{"S":[""]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"on":{"BOOL":[true]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"on":{"BOOL":["true"]}}}}`, false},
		{`{"plain":{"null":[null]}}`, true},
		{`{"plain":{"n":[null]}}`, false},
		{`{"plain":{"missing":[null]}}`, false},
		{`{"plain":{"bool":[false]}}`, true},

		// numbers: as text, or by value
		{`{"plain":{"n":[300]}}`, true},
		{`{"plain":{"n":[300.0]}}`, false},
		{`{"plain":{"exp":[300]}}`, false},
		{`{"plain":{"exp":[{"numeric":["=",300]}]}}`, true},
		{`{"plain":{"n":[{"numeric":[">",10,"<=",300]}]}}`, true},
		{`{"plain":{"n":[{"numeric":[">",10,"<",300]}]}}`, false},
		{`{"plain":{"n":[{"numeric":[">=",300]}]}}`, true},
		{`{"plain":{"n":[{"numeric":["<",-1e2]}]}}`, false},
		{`{"plain":{"ints":[{"numeric":["<",0]}]}}`, true},
		{`{"dynamodb":{"ApproximateCreationDateTime":[{"numeric":[">",0]}]}}`, true},
		{`{"dynamodb":{"NewImage":{"count":{"N":[{"numeric":[">",100]}]}}}}`, false}, // DynamoDB's numbers are strings
		{`{"dynamodb":{"NewImage":{"count":{"N":["150"]}}}}`, true},

		// strings
		{`{"dynamodb":{"Keys":{"id":{"S":[{"prefix":"status#"}]}}}}`, true},
		{`{"dynamodb":{"Keys":{"id":{"S":[{"prefix":"Status#"}]}}}}`, false},
		{`{"dynamodb":{"Keys":{"id":{"S":[{"suffix":"#1"}]}}}}`, true},
		{`{"dynamodb":{"Keys":{"id":{"S":[{"suffix":"#2"}]}}}}`, false},
		{`{"plain":{"n":[{"prefix":"3"}]}}`, false},
		{`{"dynamodb":{"NewImage":{"map":{"M":{"deep":{"S":[{"equals-ignore-case":"dEEP"}]}}}}}}`, true},
		{`{"eventName":[{"anything-but":"INSERT"}]}`, true},
		{`{"eventName":[{"anything-but":["INSERT","MODIFY"]}]}`, false},
		{`{"eventName":[{"anything-but":{"prefix":"MOD"}}]}`, false},
		{`{"eventName":[{"anything-but":{"prefix":["INS","REM"]}}]}`, true},
		{`{"eventName":[{"anything-but":{"suffix":"IFY"}}]}`, false},
		{`{"eventName":[{"anything-but":{"equals-ignore-case":["modify"]}}]}`, false},
		{`{"plain":{"n":[{"anything-but":[300]}]}}`, false},
		{`{"missing":[{"anything-but":"x"}]}`, false},

		// exists: leaves only
		{`{"dynamodb":{"NewImage":{"kind":{"S":[{"exists":true}]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"kind":[{"exists":true}]}}}`, false},
		{`{"dynamodb":{"NewImage":{"kind":[{"exists":false}]}}}`, true},
		{`{"dynamodb":{"NewImage":{"first":{"S":[{"exists":false}]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"kind":{"S":[{"exists":false}]}}}}`, false},
		{`{"plain":{"null":[{"exists":true}]}}`, true},
		{`{"plain":{"emptyList":[{"exists":true}]}}`, false},
		{`{"plain":{"emptyList":{"below":[{"exists":false}]}}}`, true},
		{`{"userIdentity":{"principalId":[{"exists":true}]}}`, true},
		{`{"userIdentity":{"principalId":[{"exists":false},"dynamodb.amazonaws.com"]}}`, true},
		{`{"nobody":{"at":{"all":[{"exists":false}]}}}`, true},

		// arrays: one element is enough, but the same one for all fields
		{`{"dynamodb":{"NewImage":{"tags":{"SS":["b","z"]}}}}`, true},
		{`{"dynamodb":{"NewImage":{"tags":{"SS":["z"]}}}}`, false},
		{`{"dynamodb":{"NewImage":{"list":{"L":{"S":["x"]}}}}}`, true},
		{`{"dynamodb":{"NewImage":{"list":{"L":{"M":{"k":{"S":["v"]},"n":{"S":["1"]}}}}}}}`, true},
		{`{"dynamodb":{"NewImage":{"list":{"L":{"M":{"k":{"S":["v"]},"n":{"S":["2"]}}}}}}}`, false},
		{`{"dynamodb":{"NewImage":{"list":{"L":{"S":[{"exists":false}]}}}}}`, false},

		// $or
		{`{"$or":[{"eventName":["INSERT"]},{"userIdentity":{"type":["Service"]}}]}`, true},
		{`{"$or":[{"eventName":["INSERT"]},{"eventName":["REMOVE"]}]}`, false},
		{`{"eventName":["INSERT"],"$or":[{"eventName":["MODIFY"]},{"eventName":["REMOVE"]}]}`, false},
		{`{"dynamodb":{"$or":[{"Keys":{"id":{"S":["2"]}}},{"SizeBytes":[{"numeric":["=",300]}]}]}}`, true},
	} {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if got := p.Match([]byte(sampleEvent)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.pattern, got, tt.want)
		}
	}
}

func TestBadPatternsAreExplained(t *testing.T) {
	for pattern, want := range map[string]string{
		``:                                    "not JSON",
		`single-string`:                       "not JSON",
		`{"a":["b"]} x`:                       "something follows",
		`"text"`:                              "not a JSON object",
		`[{"eventName":["INSERT"]}]`:          "not a JSON object",
		`{}`:                                  "the pattern is an empty object",
		`{"a":{}}`:                            `"a" is an empty object`,
		`{"a":{"b":[]}}`:                      `"a.b" is an empty array`,
		`{"a":{"b":"c"}}`:                     `"a.b" must be an object or an array`,
		`{"a":5}`:                             `"a" must be an object or an array`,
		`{"a":[["b"]]}`:                       "array inside an array",
		`{"a":[{}]}`:                          "one operator, not 0",
		`{"a":[{"prefix":"x","suffix":""}]}`:  "one operator, not 2",
		`{"a":[{"regex":"x"}]}`:               `unknown operator "regex"`,
		`{"a":[{"wildcard":"x*"}]}`:           `unknown operator "wildcard"`,
		`{"a":[{"prefix":5}]}`:                "prefix takes a string",
		`{"a":[{"suffix":["x"]}]}`:            "suffix takes a string",
		`{"a":[{"equals-ignore-case":null}]}`: "equals-ignore-case takes a string",
		`{"a":[{"exists":"true"}]}`:           "exists takes true or false",
		`{"a":[{"anything-but":[]}]}`:         "at least one value",
		`{"a":[{"anything-but":true}]}`:       "strings and numbers",
		`{"a":[{"anything-but":{"numeric":["=",1]}}]}`:            "prefix, suffix or equals-ignore-case",
		`{"a":[{"anything-but":{"prefix":"x","suffix":"y"}}]}`:    "one operator, not 2",
		`{"a":[{"anything-but":{"prefix":5}}]}`:                   "prefix takes a string",
		`{"a":[{"numeric":[]}]}`:                                  "an operator and a number",
		`{"a":[{"numeric":5}]}`:                                   "an operator and a number",
		`{"a":[{"numeric":[">",0,"<"]}]}`:                         "an operator and a number",
		`{"a":[{"numeric":["!=",0]}]}`:                            "numeric takes =",
		`{"a":[{"numeric":["=","0"]}]}`:                           "a number after",
		`{"a":[{"numeric":["=",1e999999999]}]}`:                   "a number after",
		`{"a":[{"numeric":["<",0,">",5]}]}`:                       "a lower bound",
		`{"a":[{"numeric":[">",5,"<",5]}]}`:                       "not below the upper",
		`{"$or":[{"a":["b"]}]}`:                                   "at least two objects",
		`{"$or":{"a":["b"]}}`:                                     "at least two objects",
		`{"x":{"$or":[{"a":["b"]},"c"]}}`:                         `$or in "x"`,
		`{"$or":[{"a":["b"]},{}]}`:                                "empty object",
		`{"a":["` + strings.Repeat("b", maxPatternLength) + `"]}`: "at most 4096",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: error %v, want %q in it", pattern, err, want)
		}
	}
}

func TestWhatIsNotJSONMatchesNoPattern(t *testing.T) {
	p, err := ParsePattern(`{"a":[{"exists":false}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{``, `{`, `{"b":1}{}`} {
		if p.Match([]byte(event)) {
			t.Errorf("%q matches", event)
		}
	}
	if !p.Match([]byte(`{"b":1}`)) {
		t.Error("an event without the field does not match")
	}
}

// FuzzPattern feeds any pattern and any event: nothing panics, an event is
// judged the same way twice, and by a pattern's $or with itself as by itself.
func FuzzPattern(f *testing.F) {
	f.Add(`{"eventName":["INSERT",{"prefix":"M"}]}`, sampleEvent)
	f.Add(`{"a":[{"numeric":[">",0,"<=",1e5]}]}`, `{"a":[1,"x",{"b":null}]}`)
	f.Add(`{"$or":[{"a":{"b":[{"exists":false}]}},{"c":[{"anything-but":{"suffix":["x"]}}]}]}`, `{"c":"yx"}`)
	f.Add(`{"a":[0e999999999, -0.0, null, true]}`, `{"a":0e999999999}`)
	f.Fuzz(func(t *testing.T, pattern, event string) {
		p, err := ParsePattern(pattern)
		if err != nil {
			return
		}
		got := p.Match([]byte(event))
		if got != p.Match([]byte(event)) {
			t.Fatal("two judgements of one event")
		}
		if _, err := decodeJSON([]byte(event)); err != nil {
			return
		}
		if either, err := ParsePattern(`{"$or":[` + pattern + `,` + pattern + `]}`); err == nil && either.Match([]byte(event)) != got {
			t.Fatalf("%s alone: %v, twice in $or: %v", pattern, got, !got)
		}
	})
}
