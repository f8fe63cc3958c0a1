package viewer

import (
	"strings"
	"testing"
)

func TestHTMLAsText(t *testing.T) {
	for markup, want := range map[string]string{
		"":                              "",
		"no markup > at all":            "no markup > at all",
		"<p>one</p><p>two</p>":          "one\n\ntwo",
		"<p>one</p><p dir=\"auto\">two": "one\n\ntwo",
		"<p>one</p> <p>two</p>":         "one two",
		"<p>one</p></p><pre>two</pre>":  "onetwo",
		"a<br>b<br/>c<br />d<BR class=x>e</br>f<bra>g":     "a\nb\nc\nd\nefg",
		"fil<b>t</b>er<span class=\"invisible\">ed</span>": "filtered",
		"&lt;b&gt; &amp;amp; &#x41;&#66;&nbsp;&eacute;":    "<b> &amp; AB\u00a0é",
		"&am<b></b>p;":                                     "&amp;",
		`<a href="a>b" title='c">d'>x</a>`:                 "x",
		`<a title = "a>b">x`:                               "x",
		`<a it's>x</a>`:                                    "x",
		"1 < 2 > 1, I <3 you, a<>b":                        "1 < 2 > 1, I <3 you, a<>b",
		"a<!-- <b> -- > -->b<!doctype>c<?php ?>d</3>e</>f": "abcdef",
		"a <b c":                "a <b c",
		"a <b>c</b> <i d&amp;e": "a c <i d&e",
		`a <b title="c>d</b>`:   `a <b title="c>d</b>`,
		"a <!-- b > &lt;":       "a <!-- b > <",
		"a </":                  "a </",
		"a <":                   "a <",
		"a <!":                  "a <!",
		"Привет<br>世界<wbr>！":    "Привет\n世界！",
	} {
		if got := plain(markup); got != want {
			t.Errorf("%q\ngot  %q\nwant %q", markup, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"<p>a</p><p>b", "&lt;<br", "<a b='>'>", "<!---->", "</"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		got := plain(markup)
		if !strings.ContainsAny(markup, "<&") && got != markup {
			t.Errorf("text changed: %q", got)
		}
		if wrapped := plain("<i>" + strings.ReplaceAll(markup, "<", "&lt;") + "</i>"); !strings.Contains(markup, "&") && wrapped != markup {
			t.Errorf("%q came back as %q", markup, wrapped)
		}
		if strings.Count(got, "<") > strings.Count(markup, "<")+strings.Count(markup, "&") {
			t.Errorf("tags appeared: %q", got)
		}
	})
}

func TestManyTagsThatNeverEndTakeNoLongerThanOne(t *testing.T) {
	markup := strings.Repeat("<a ", 1<<20)
	if got := plain(markup); got != markup {
		t.Error("text changed")
	}
}
