package attribute

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func drawValue(depth int) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		kind := Kind(rapid.IntRange(int(S), int(BS)).Draw(t, "kind"))
		switch {
		case kind == S:
			return String(rapid.String().Draw(t, "text"))
		case kind == B:
			return Binary(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
		case kind == N:
			return Numeric(drawNumber(t, "number"))
		case kind == M && depth > 0:
			return MapOf(Item(rapid.MapOfN(rapid.String(), drawValue(depth-1), 0, 3).Draw(t, "map")))
		case kind == L && depth > 0:
			return ListOf(rapid.SliceOfN(drawValue(depth-1), 0, 3).Draw(t, "list"))
		case kind == SS:
			members := rapid.SliceOfNDistinct(rapid.String(), 1, 20, rapid.ID).Draw(t, "members")
			set := Value{Kind: SS}
			for _, m := range members {
				set.List = append(set.List, String(m))
			}
			return set
		case kind == BOOL:
			return Value{Kind: BOOL, Bool: rapid.Bool().Draw(t, "bool")}
		}
		return Value{Kind: NULL}
	})
}

func TestItemsReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := Item(rapid.MapOfN(rapid.String(), drawValue(3), 0, 5).Draw(t, "item"))
		data := item.AppendJSON(nil)
		if !json.Valid(data) {
			t.Fatalf("not JSON: %s", data)
		}
		back, err := DecodeItem(data, nil)
		if err != nil || !EqualItems(item, back) {
			t.Errorf("%s reads back as %s, %v", data, back.AppendJSON(nil), err)
		}
		if back.Size() != item.Size() {
			t.Errorf("size %d, read back %d", item.Size(), back.Size())
		}
	})
}

func TestStringsAreEncodedAsEncodingJSONReadsThem(t *testing.T) {
	for _, s := range []string{"", "a\"b\\c", "\x00\x1f\n\r\t\u007f", "é🎉\u2028", "bad \xff\xfe", "\xf0\x9f"} {
		var back string
		if err := json.Unmarshal(AppendString(nil, s), &back); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if utf8.ValidString(s) && back != s {
			t.Errorf("%q came back as %q", s, back)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int{
		`{}`: 0, `{"a":{"S":"é"}}`: 3, `{"a":{"B":"AAEC"}}`: 4, `{"a":{"BOOL":true},"b":{"NULL":true}}`: 4,
		`{"a":{"L":[]}}`: 4, `{"a":{"L":[{"S":"x"},{"S":"y"}]}}`: 1 + 3 + 2 + 2, `{"a":{"M":{"k":{"S":"x"}}}}`: 1 + 3 + 1 + 2, `{"a":{"SS":["x","yz"]}}`: 4,
	} {
		item, err := DecodeItem([]byte(text), nil)
		if err != nil || item.Size() != want {
			t.Errorf("%s has size %d, want %d (%v)", text, item.Size(), want, err)
		}
	}
}

func TestLargeSetsCompareAndCombineLikeSmallOnes(t *testing.T) {
	set := func(from, to int) Value {
		v := Value{Kind: NS}
		for i := from; i < to; i++ {
			v.List = append(v.List, Numeric(Int(int64(i))))
		}
		return v
	}
	for _, n := range []int{3, 300} {
		whole, front, back := set(0, n), set(0, n/2), set(n/2, n)
		if got := back.Union(front); !Equal(got, whole) {
			t.Errorf("%d: a union of %d", n, len(got.List))
		}
		if got := whole.Union(front); len(got.List) != n {
			t.Errorf("%d: a union with its part of %d", n, len(got.List))
		}
		if got := whole.Minus(back); !Equal(got, front) {
			t.Errorf("%d: a difference of %d", n, len(got.List))
		}
		if Equal(whole, set(1, n+1)) {
			t.Errorf("%d: sets that differ are equal", n)
		}
	}
}

// FuzzDecodeItem reads any bytes: what is accepted is JSON and means the same
// when it is written and read again.
func FuzzDecodeItem(f *testing.F) {
	for _, seed := range []string{``, `null`, `{}`, `{"a":{"S":"\ud83c\udf89\u0000"}}`, `{"a":{"N":"1e5","X":[{}]}}`, `{"a":{"L":[{"M":{"b":{"NS":["1","2"]}}}]}}`,
		`{"a":{"B":"AA=="}} `, `{"a":{"S":null,"BOOL":true}}`, strings.Repeat(`{"a":{"L":[`, 40), `{"a":{"SS":["x","x"]}}`, "{\"a\":{\"S\":\"\xff\"}}", `{"a":{"X":]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		item, err := DecodeItem(data, nil)
		if err != nil || item == nil {
			return
		}
		written := item.AppendJSON(nil)
		again, err := DecodeItem(written, nil)
		if err != nil || !EqualItems(item, again) {
			t.Errorf("%q is written as %q, which reads as %q, %v", data, written, again.AppendJSON(nil), err)
		}
	})
}
