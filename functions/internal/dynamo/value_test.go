package dynamo

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyValue draws a value of any type, nested up to a depth.
func anyValue(t *rapid.T, depth int) value {
	kinds := []kind{isString, isNumber, isBinary, isBool, isNull, isStringSet, isNumberSet, isBinarySet}
	if depth > 0 {
		kinds = append(kinds, isMap, isList)
	}
	v := value{kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch v.kind {
	case isString:
		v.text = rapid.String().Draw(t, "text")
	case isBinary:
		v.text = "AAEC"
	case isNumber:
		v.text = rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?(E[+-]?[0-9]{1,2})?`).Draw(t, "number")
	case isBool:
		v.flag = rapid.Bool().Draw(t, "bool")
	case isNull:
		v.flag = true
	case isStringSet, isBinarySet:
		v.list = []value{text(rapid.String().Draw(t, "element"))}
	case isNumberSet:
		v.list = []value{number(rapid.Int64().Draw(t, "element"))}
	case isList:
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			v.list = append(v.list, anyValue(t, depth-1))
		}
	case isMap:
		for _, name := range rapid.SliceOfNDistinct(rapid.String(), 0, 3, rapid.ID[string]).Draw(t, "names") {
			v.fields = append(v.fields, field{name, anyValue(t, depth-1)})
		}
	}
	return v
}

// plainly is the Go value that the JSON of a value stands for, by encoding/json.
func plainly(v value) any {
	switch v.kind {
	case isBool:
		return v.flag
	case isNull:
		return nil
	case isNumber:
		return json.Number(v.text)
	case isMap:
		m := map[string]any{}
		for _, f := range v.fields {
			m[f.name] = plainly(f.value)
		}
		return m
	case isList, isStringSet, isNumberSet, isBinarySet:
		l := []any{}
		for _, e := range v.list {
			l = append(l, plainly(e))
		}
		return l
	}
	return v.text
}

func TestValuesAreReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := item{{"a", anyValue(t, 3)}, {rapid.String().Draw(t, "name"), anyValue(t, 1)}}
		written, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseItem(string(written))
		if err != nil {
			t.Fatalf("%v in %s", err, written)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(field{}, value{})); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", written, diff)
		}
	})
}

func TestPlainJSONIsWhatTheStandardLibraryReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(t, 3)
		d := json.NewDecoder(bytes.NewReader(v.appendPlain(nil)))
		d.UseNumber()
		var got any
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%v in %s", err, v.appendPlain(nil))
		}
		if diff := cmp.Diff(plainly(v), got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestTextThatIsNotUTF8IsRepaired(t *testing.T) {
	got := string(appendString(nil, "a\xffb\uFFFDc\xc3"))
	if want := "\"a\uFFFDb\uFFFDc\uFFFD\""; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWholeNumbers(t *testing.T) {
	for s, want := range map[string]int64{"7": 7, "-7": -7, "1E+3": 1000, "1.5e1": 15, "9007199254740993": 9007199254740993} {
		if got, ok := (value{kind: isNumber, text: s}).int(); !ok || got != want {
			t.Errorf("%s: %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"1.5", "1E+30", "-1E+30", "x", ""} {
		if got, ok := (value{kind: isNumber, text: s}).int(); ok {
			t.Errorf("%s: %d", s, got)
		}
	}
	if _, ok := text("7").int(); ok {
		t.Error("a text is no number")
	}
}

// FuzzParseItem asserts that what is read is what encoding/json reads, and that nothing else is.
func FuzzParseItem(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":{"S":"x"}}`, ` { "a" : { "L" : [ {"NULL":true} , {"BOOL":false} ] } } `, `{"a":{"N":"01"}}`, `{"a":{"S":"\ud83d\ude00\uD800"}}`,
		`{"a":{"SS":["x",]}}`, `{"a":{"M":{"b":{"NS":["1"]}}},}`, `{"a":{"S":1}}`, "{\"a\":{\"S\":\"\xff\"}}", `{"a":{"S":"\x"}}`, `{"a":{"BOOL":truex}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := parseItem(in)
		if err != nil {
			return
		}
		if !json.Valid([]byte(in)) {
			t.Fatalf("%q is accepted and is no JSON", in)
		}
		var want map[string]map[string]any
		if err := json.Unmarshal([]byte(in), &want); err != nil {
			t.Fatalf("%q is accepted: %v", in, err)
		}
		for _, a := range got {
			if _, ok := want[a.name][string(a.kind)]; !ok && strings.Count(in, `"`) < 8 {
				t.Fatalf("%q: %q of type %s is not there", in, a.name, a.kind)
			}
			if _, ok := new(big.Float).SetString(a.text); a.kind == isNumber && !ok {
				t.Fatalf("%q is accepted as a number", a.text)
			}
			if a.kind == isString && !utf8.ValidString(a.text) {
				t.Fatalf("%q is not UTF-8", a.text)
			}
		}
	})
}
