package template

import (
	"cmp"
	"io/fs"
	"os"
	"os/exec"
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
	check("parameter", names(book, "`(Wide\\w+|Max\\w+|DeliverConcurrency|Dashboard|Alarms|Tracing|AccessLogs|LogRetentionDays|SystemLogLevel|ReservedConcurrency)[`=]"), func(name string) bool { _, ok := document.Parameters[name]; return ok })
	check("message", names(book, `msg = "([^"]+)"`), func(name string) bool { return strings.Contains(source, `"`+name+`"`) })
	check("metric", names(book, `\bown (\w+) (?:Sum|p99|p50|Maximum)`), func(name string) bool { return strings.Contains(source, `"`+name+`"`) })
	check("field", names(book, `\b(?:sum|max)\((\w+)\)`), func(name string) bool { return strings.Contains(source, `"`+name+`"`) })
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

// What is pasted at night must at least be a script.
func TestTheRunbooksCommandsAreShell(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	text, err := os.ReadFile("../../RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := names(string(text), "(?s)```sh\n(.*?)```")
	for _, block := range blocks {
		check := exec.CommandContext(t.Context(), shell, "-n")
		check.Stdin = strings.NewReader(block)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v %s in\n%s", err, out, block)
		}
	}
	if len(blocks) < 15 {
		t.Errorf("only %d blocks were found", len(blocks))
	}
}

// listed are the metrics in the runbook's table, with the functions that write each. A row without a
// name goes on with those before.
func listed(book string) map[string]string {
	_, section, _ := strings.Cut(book, "\n## Metrics\n")
	section, _, _ = strings.Cut(section, "\n## ")
	functions := map[string]string{}
	var metrics []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		if found := names(cells[1], "`(\\w+)`"); len(found) > 0 {
			metrics = found
		}
		for _, name := range metrics {
			functions[name] += ", " + strings.TrimSpace(cells[2])
		}
	}
	return functions
}

// The runbook's table has what functions write, and no more, and its commands ask the functions that do.
func TestTheRunbookListsTheMetricsThatAreWritten(t *testing.T) {
	text, err := os.ReadFile("../../RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	book, source, functions, written := string(text), sources(t), listed(string(text)), map[string]bool{}
	for _, pattern := range []string{`(?:\bCounted|\beach)\("(\w+)", `, `metric\.Value\{Name: "(\w+)"`} {
		for _, name := range names(source, pattern) {
			if written[name] = true; functions[name] == "" {
				t.Errorf("the runbook does not list %s", name)
			}
		}
	}
	for name := range functions {
		if !written[name] {
			t.Errorf("the runbook lists %s, which no function writes", name)
		}
	}
	asked := regexp.MustCompile(`\bown (\w+) (?:Sum|p99|p50|Maximum)(?: (\w+)Function)?`).FindAllStringSubmatch(book, -1)
	for _, own := range asked {
		function := strings.ToLower(cmp.Or(own[2], "Publish"))
		if !strings.Contains(functions[own[1]]+",", ", "+function+",") {
			t.Errorf("the runbook asks %s for %s, which %q write", function, own[1], functions[own[1]])
		}
	}
	if len(written) < 30 || len(asked) < 20 {
		t.Errorf("only %d metrics are written, and %d asked for", len(written), len(asked))
	}
}
