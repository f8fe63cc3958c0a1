package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnAnswerIsFoundInWhatTheCLIPrints(t *testing.T) {
	const end = "\x00\x00\x00\x00\x00\x00\x00\x00"
	for out, want := range map[string]string{
		`{"statusCode":200}` + "\n":                                              `{"statusCode":200}`,
		"START\nEND\n" + `"done"` + "\n":                                         `"done"`,
		`{"statusCode":200,"headers":{"A":"b"}}` + end + "event: x\ndata: 1\n\n": `{"body":"event: x\ndata: 1\n\n","headers":{"A":"b"},"statusCode":200}`,
		"START\n" + `{"statusCode":204}` + end:                                   `{"body":"","statusCode":204}`,
		"panic" + end + "x":                                                      "panic" + end + "x",
		"":                                                                       "",
	} {
		if got := answer(out); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}

func TestACaseHasVariablesOfItsOwn(t *testing.T) {
	s := &sam{folder: t.TempDir(), env: map[string]string{"A": "1", "B": "2"}}
	path, err := s.writeEnv(testCase{Env: map[string]string{"B": "3"}}, "KEY")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != `{"Parameters":{"A":"1","B":"3"}}` || s.env["B"] != "2" {
		t.Errorf("%s, and for the others %v", got, s.env)
	}
}

func TestACaseMayHaveATimeoutOfItsOwn(t *testing.T) {
	s := &sam{options: options{build: t.TempDir()}, folder: t.TempDir()}
	const built = `Resources:
  F: {Properties: {CodeUri: FFolder, Timeout: 60, Environment: {Variables: {A: {Ref: T}}}}}
  T: {Type: AWS::DynamoDB::Table}
`
	if err := os.WriteFile(filepath.Join(s.build, "template.yaml"), []byte(built), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.readTemplate(); err != nil {
		t.Fatal(err)
	}
	for timeout, want := range map[int]string{7: `"Timeout":7`, 0: `"Timeout":60`} {
		path, err := s.writeTemplate(testCase{Function: "F", Timeout: timeout}, fmt.Sprint(timeout))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(path)
		for _, part := range []string{want, `"CodeUri":"` + s.build + `/FFolder"`, `"AWS_ENDPOINT_URL_SQS":"`, `"A":{"Ref":"T"}`, `"T":{"Type"`} {
			if !strings.Contains(string(got), part) {
				t.Errorf("%s is not in %s", part, got)
			}
		}
	}
}
