package table

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
func anyValue(t *rapid.T, depth int) Value {
	kinds := []Kind{IsString, IsNumber, IsBinary, IsBool, IsNull, IsStringSet, IsNumberSet, IsBinarySet}
	if depth > 0 {
		kinds = append(kinds, IsMap, IsList)
	}
	v := Value{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch v.Kind {
	case IsString:
		v.Text = rapid.String().Draw(t, "text")
	case IsBinary:
		v.Text = "AAEC"
	case IsNumber:
		v.Text = rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?(E[+-]?[0-9]{1,2})?`).Draw(t, "number")
	case IsBool:
		v.Flag = rapid.Bool().Draw(t, "bool")
	case IsNull:
		v.Flag = true
	case IsStringSet, IsBinarySet:
		v.List = []Value{Text(rapid.String().Draw(t, "element"))}
	case IsNumberSet:
		v.List = []Value{Number(rapid.Int64().Draw(t, "element"))}
	case IsList:
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			v.List = append(v.List, anyValue(t, depth-1))
		}
	case IsMap:
		for _, name := range rapid.SliceOfNDistinct(rapid.String(), 0, 3, rapid.ID[string]).Draw(t, "names") {
			v.Fields = append(v.Fields, Field{name, anyValue(t, depth-1)})
		}
	}
	return v
}

// plainly is the Go value that the JSON of a value stands for, by encoding/json.
func plainly(v Value) any {
	switch v.Kind {
	case IsBool:
		return v.Flag
	case IsNull:
		return nil
	case IsNumber:
		return json.Number(v.Text)
	case IsMap:
		m := map[string]any{}
		for _, f := range v.Fields {
			m[f.Name] = plainly(f.Value)
		}
		return m
	case IsList, IsStringSet, IsNumberSet, IsBinarySet:
		l := []any{}
		for _, e := range v.List {
			l = append(l, plainly(e))
		}
		return l
	}
	return v.Text
}

func TestValuesAreReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Item{{"a", anyValue(t, 3)}, {rapid.String().Draw(t, "name"), anyValue(t, 1)}}
		written, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseItem(string(written))
		if err != nil {
			t.Fatalf("%v in %s", err, written)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Field{}, Value{})); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", written, diff)
		}
	})
}

func TestPlainJSONIsWhatTheStandardLibraryReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(t, 3)
		d := json.NewDecoder(bytes.NewReader(v.AppendPlain(nil)))
		d.UseNumber()
		var got any
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%v in %s", err, v.AppendPlain(nil))
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
		if got, ok := (Value{Kind: IsNumber, Text: s}).Int(); !ok || got != want {
			t.Errorf("%s: %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"1.5", "1E+30", "-1E+30", "x", ""} {
		if got, ok := (Value{Kind: IsNumber, Text: s}).Int(); ok {
			t.Errorf("%s: %d", s, got)
		}
	}
	if _, ok := Text("7").Int(); ok {
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
		got, err := ParseItem(in)
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
			if _, ok := want[a.Name][string(a.Kind)]; !ok && strings.Count(in, `"`) < 8 {
				t.Fatalf("%q: %q of type %s is not there", in, a.Name, a.Kind)
			}
			if _, ok := new(big.Float).SetString(a.Text); a.Kind == IsNumber && !ok {
				t.Fatalf("%q is accepted as a number", a.Text)
			}
			if a.Kind == IsString && !utf8.ValidString(a.Text) {
				t.Fatalf("%q is not UTF-8", a.Text)
			}
		}
	})
}
