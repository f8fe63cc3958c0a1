package quote_test

import (
	"encoding/json"
	"testing"

	"edgestream/functions/internal/quote"
)

func TestNoMoreIsEscapedThanMustBe(t *testing.T) {
	const in = "a\"b\\c/<&>\u2028\u007f猫\b\f\n\r\t\x00\x1f\xff\xed\xa0\x80"
	const want = `"a\"b\\c/<&>` + "\u2028\u007f猫" + `\b\f\n\r\t\u0000\u001f` + "\uFFFD\uFFFD\uFFFD\uFFFD" + `"`
	if got := string(quote.Append([]byte("x:"), []byte(in))); got != "x:"+want {
		t.Errorf("%s", got)
	}
}

func FuzzAStringIsReadBack(f *testing.F) {
	for _, seed := range []string{"", "\"", "\\", "\x00\n", "\u2028", "\xff", "猫"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var back string
		if err := json.Unmarshal(quote.Append(nil, []byte(in)), &back); err != nil || back != string([]rune(in)) {
			t.Errorf("%q, %v", back, err)
		}
	})
}
