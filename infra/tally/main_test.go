package main

import (
	"strings"
	"testing"
)

func TestEveryEndIsCountedOnceAndFailuresAreShown(t *testing.T) {
	const in = `{"Action":"start","Package":"a"}
{"Action":"output","Package":"a","Test":"T1","Output":"fine so far\n"}
{"Action":"pass","Package":"a","Test":"T1"}
{"Action":"output","Package":"a","Test":"T2","Output":"broken here\n"}
{"Action":"fail","Package":"a","Test":"T2"}
{"Action":"output","Package":"a","Test":"T3","Output":"no engine\n"}
{"Action":"skip","Package":"a","Test":"T3"}
{"Action":"fail","Package":"a","Elapsed":1.5}
{"Action":"build-output","ImportPath":"b","Output":"b.go:1: syntax error\n"}
{"Action":"build-fail","ImportPath":"b"}
{"Action":"fail","Package":"b","FailedBuild":"b"}
{"Action":"skip","Package":"without tests"}
go: a word of its own
`
	var out strings.Builder
	tally := &tally{out: &out, said: map[string][]string{}}
	if err := tally.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	if tally.passed != 1 || tally.failed != 2 || tally.skipped != 1 {
		t.Errorf("%d passed, %d failed, %d skipped; want 1, 2, 1", tally.passed, tally.failed, tally.skipped)
	}
	for _, want := range []string{"broken here", "SKIPPED a T3\nno engine", "syntax error", "go: a word", "fail a 1.5s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "fine so far") {
		t.Error("a test that passed must be quiet")
	}
}
