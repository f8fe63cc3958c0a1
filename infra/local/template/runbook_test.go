package template

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// names are all that the pattern's group finds in the text.
func names(text, pattern string) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// sources is what functions are made of, as one text.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../../../functions", func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			text, _ := os.ReadFile(path)
			all.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// A runbook is read when there is no time to find out that a name has changed.
func TestTheRunbookNamesWhatThereIs(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	book, source := read("../../RUNBOOK.md"), sources(t)
	var document struct {
		Resources, Outputs, Parameters map[string]yaml.Node
	}
	if err := yaml.Unmarshal([]byte(strings.NewReplacer("\nResources:", "\nresources:", "\nOutputs:", "\noutputs:", "\nParameters:", "\nparameters:").Replace(read(deployed))), &document); err != nil {
		t.Fatal(err)
	}
	checked := 0
	check := func(what string, found []string, known func(string) bool) {
		for _, name := range found {
			checked++
			if !known(name) {
				t.Errorf("the runbook has the %s %q, which is not there", what, name)
			}
		}
	}
	resource := func(name string) bool { _, ok := document.Resources[name]; return ok }
	check("resource", names(book, `\$\(res (\w+)`), resource)
	check("function", names(book, `(?:own|ours) \w+ \w+ (\w+Function)`), resource)
	check("log group", names(book, `insights (\w+) \d`), resource)
	check("output", names(book, `\$?\(?out (\w+)\)`), func(name string) bool { _, ok := document.Outputs[name]; return ok })
	check("parameter", names(book, "`(Wide\\w+|Max\\w+|Dashboard|Alarms|Tracing|AccessLogs|LogRetentionDays|ReservedConcurrency)[`=]"), func(name string) bool { _, ok := document.Parameters[name]; return ok })
	check("message", names(book, `msg = "([^"]+)"`), func(name string) bool { return strings.Contains(source, `"`+name+`"`) })
	check("metric", names(book, `\bown (\w+) (?:Sum|p99|p50|Maximum)`), func(name string) bool { return strings.Contains(source, `"`+name+`"`) })
	check("anchor", names(book, `\]\(#([\w-]+)\)`), func(name string) bool {
		return strings.Contains(strings.ReplaceAll(strings.ToLower(book), " ", "-"), "#-"+name+"\n")
	})
	for name, res := range document.Resources {
		if property(&res, "Type").Value == "AWS::CloudWatch::Alarm" && !strings.Contains(book, "\n### "+name+"\n") {
			t.Errorf("the runbook has no section for %s", name)
		}
	}
	if checked < 60 {
		t.Errorf("only %d names were found", checked)
	}
}

// The runbook's table has what functions write, and no more.
func TestTheRunbookListsTheMetricsThatAreWritten(t *testing.T) {
	text, err := os.ReadFile("../../RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Metrics\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for _, row := range names(section, `(?m)^\| (`+"`"+`[^|]+) \|`) {
		for _, name := range names(row, "`(\\w+)`") {
			listed[name] = true
		}
	}
	source := sources(t)
	written := map[string]bool{}
	for _, pattern := range []string{`(?:\bcount|\bCounted|\bmany|\beach|\bcounted)\("(\w+)", `, `metric\.Value\{Name: "(\w+)"`} {
		for _, name := range names(source, pattern) {
			written[name] = true
		}
	}
	for name := range listed {
		if !written[name] {
			t.Errorf("the runbook lists %s, which no function writes", name)
		}
	}
	for name := range written {
		if !listed[name] {
			t.Errorf("the runbook does not list %s", name)
		}
	}
	if len(written) < 30 {
		t.Errorf("only %d metrics are written", len(written))
	}
}
