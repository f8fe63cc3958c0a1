package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgestream/infra/local/template"
)

// TestTheTableIsComplete reads the deployed template and every file of events/, so that
// a new event or function without a case is found before Docker is asked.
func TestTheTableIsComplete(t *testing.T) {
	stack, err := template.Load("../../template.yaml", withConsole)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := readCases("../../events", stack)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Says == "" {
			t.Errorf("%s says nothing", c.Event)
		}
		for _, file := range append([]string{c.Event}, c.Seed...) {
			data, err := os.ReadFile(filepath.Join("../../events", file))
			if err != nil || !json.Valid(data) {
				t.Errorf("%s: no JSON (error %v)", file, err)
			}
		}
	}
}

func TestGapsInTheTableAreFound(t *testing.T) {
	stack := &template.Stack{Functions: []template.Function{{LogicalID: "F"}, {LogicalID: "G"}}}
	cases := []testCase{{Event: "a.json", Function: "F"}, {Event: "b.json", Function: "H"}}
	err := complete(cases, []string{"events/a.json", "events/c.json"}, stack)
	for _, want := range []string{"no case uses c.json", "no case for G", `no function "H"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
