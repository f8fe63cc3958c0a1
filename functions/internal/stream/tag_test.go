package stream

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSpellingsOfATagAreOneTag(t *testing.T) {
	for want, spellings := range map[string][]string{
		"foo":          {"foo", "#foo", "FOO", "Foo", "ｆｏｏ", "f o o", "##foo!", "f\u200doo", "\ufefffoo"},
		"cafe":         {"café", "CAFÉ", "cafe\u0301", "#Cafe"},
		"smorgasbord":  {"smörgåsbord", "SMØRGÅSBORD"},
		"lodz":         {"Łódź"},
		"istanbul":     {"İstanbul", "istanbul", "ıstanbul"},
		"fi":           {"ﬁ"},
		"2":            {"²", "②", "２"},
		"straße":       {"Straße", "STRAẞE"},
		"ёж":           {"Ёж", "е\u0308ж"},
		"ガ":            {"ｶﾞ", "カ\u3099"},
		"οδοσ":         {"ΟΔΟΣ", "οδος"},
		"가":            {"가", "ᄀ-ᅡ"},
		"αθηνα":        {"ΑΘΗΝΑ"},
		"a_b·c\u200cd": {"A_B·C\u200cD"},
		"日本語":          {"#日本語"},
		"":             {"", "#", "\U0001f389", "-", "\x00", "\u202e"},
	} {
		for _, s := range spellings {
			if got := NormalTag(s); got != want {
				t.Errorf("%q: %q, want %q", s, got, want)
			}
		}
	}
}

func TestLettersOfOtherScriptsKeepWhatTellsThemApart(t *testing.T) {
	for _, pair := range [][2]string{{"й", "и"}, {"ё", "е"}, {"が", "か"}, {"ß", "ss"}, {"a_b", "ab"}} {
		if NormalTag(pair[0]) == NormalTag(pair[1]) {
			t.Errorf("%q and %q are one tag", pair[0], pair[1])
		}
	}
}

func FuzzANormalTagIsPlainAndFinal(f *testing.F) {
	for _, s := range []string{"#Café", "İ", "ᄀ-ᅡ", "\xff\xfe", "ﷺ", "a\u0315\u0300", "ſ", "K", "ŉ", "カ-\u3099", "ͅΑ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := NormalTag(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q became %q", s, got)
		}
		for _, r := range got {
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_·\u200c", r) {
				t.Errorf("%q became %q with %q", s, got, r)
			}
		}
		if again := NormalTag(got); again != got {
			t.Errorf("%q became %q, and that %q", s, got, again)
		}
	})
}
