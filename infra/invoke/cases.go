package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"edgestream/infra/local/template"
)

// anything stands in an expectation for a value that differs from run to run.
const anything = "$any"

// testCase is one entry of events/cases.yaml.
type testCase struct {
	// Event is a file in the events folder, Function the logical id of who gets it.
	Event    string
	Function string
	// Says is the case as a sentence.
	Says string
	// Seed lists files with BatchWriteItem's RequestItems, loaded first.
	Seed []string
	// Answers is what the management API answers for a connection id, if not 200.
	Answers map[string]int
	// Env replaces values of the function's variables, for what would take too long.
	Env map[string]string
	// Result is the function's answer. A streamed one is {statusCode, headers, cookies, body}.
	Result any
	// Contains are texts that the answer's body holds in this order. Where it is given, Result says
	// nothing of the body.
	Contains []string
	// Rows is what a table holds in the end, in DynamoDB's JSON. A table that is not
	// named must be as it was seeded.
	Rows map[string][]any
	// Calls is what the recorder saw, in order per target.
	Calls []call
}

// call is one request to a service other than DynamoDB.
type call struct {
	// To is post, disconnect, invoke or send; Target a connection id, a function's or
	// a queue's name.
	To     string `json:"to"`
	Target string `json:"target"`
	// Body is the exact text, or a mapping that its JSON must equal.
	Body any `json:"body,omitempty"`
}

func (c call) key() string { return c.To + " " + c.Target }

// readCases reads the table and holds it against the folder and the template: an event
// that no case uses, or a function without one, would be a gap that nobody sees.
func readCases(folder string, stack *template.Stack) ([]testCase, error) {
	data, err := os.ReadFile(filepath.Join(folder, "cases.yaml"))
	if err != nil {
		return nil, err
	}
	var cases []testCase
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cases); err != nil {
		return nil, fmt.Errorf("cases.yaml: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	return cases, complete(cases, files, stack)
}

func complete(cases []testCase, files []string, stack *template.Stack) error {
	var problems []error
	for _, file := range files {
		name := filepath.Base(file)
		if !slices.ContainsFunc(cases, func(c testCase) bool { return c.Event == name }) {
			problems = append(problems, fmt.Errorf("cases.yaml: no case uses %s", name))
		}
	}
	known := map[string]bool{}
	for _, f := range stack.Functions {
		known[f.LogicalID] = true
		if !slices.ContainsFunc(cases, func(c testCase) bool { return c.Function == f.LogicalID }) {
			problems = append(problems, fmt.Errorf("cases.yaml: no case for %s", f.LogicalID))
		}
	}
	for _, c := range cases {
		if !known[c.Function] {
			problems = append(problems, fmt.Errorf("cases.yaml: %s: the template has no function %q", c.Event, c.Function))
		}
	}
	return errors.Join(problems...)
}

// check compares everything that a case left with what it should have left.
func (c testCase) check(result string, before, after map[string][]any, calls []call) error {
	var problems []string
	add := func(what string, want, got any) {
		if diff := difference(want, got); diff != "" {
			problems = append(problems, what+" (-want +got):\n"+diff)
		}
	}
	var got any
	if err := json.Unmarshal([]byte(result), &got); err != nil {
		problems = append(problems, fmt.Sprintf("the answer is no JSON: %.300q", result))
	} else {
		if rest, missing := c.takeBody(got); missing != "" {
			problems = append(problems, fmt.Sprintf("%q is not in the rest of the body:\n%s", missing, rest))
		}
		add("answer", c.Result, withoutEmpty(got))
	}
	for name, rows := range after {
		want, named := c.Rows[name]
		if !named {
			want = before[name]
		}
		add("rows of "+name, sorted(want), sorted(rows))
	}
	add("calls", grouped(c.Calls), grouped(calls))
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "\n"))
}

// takeBody removes the body from an answer if Contains speaks of it, and says which of its texts
// is missing.
func (c testCase) takeBody(answer any) (rest, missing string) {
	if c.Contains == nil {
		return "", ""
	}
	members, _ := answer.(map[string]any)
	rest, _ = members["body"].(string)
	delete(members, "body")
	for _, each := range c.Contains {
		_, after, found := strings.Cut(rest, each)
		if !found {
			return rest, each
		}
		rest = after
	}
	return rest, ""
}

// left is the case as it would stand in cases.yaml, had it left what it should.
func (c testCase) left(result string, before, after map[string][]any, calls []call) string {
	var out strings.Builder
	fmt.Fprintf(&out, "- event: %s\n  function: %s\n  says: %s\n", c.Event, c.Function, text(c.Says))
	if c.Seed != nil {
		fmt.Fprintf(&out, "  seed: [%s]\n", strings.Join(c.Seed, ", "))
	}
	if c.Answers != nil {
		fmt.Fprintf(&out, "  answers: %s\n", text(c.Answers))
	}
	if c.Env != nil {
		fmt.Fprintf(&out, "  env: %s\n", text(c.Env))
	}
	fmt.Fprintf(&out, "  result: %s\n", text(withoutEmpty(decoded([]byte(result)))))
	heading := "  rows:\n"
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if difference(sorted(before[name]), sorted(after[name])) == "" {
			continue
		}
		fmt.Fprintf(&out, "%s    %s:%s\n", heading, name, lines("      ", sorted(after[name])))
		heading = ""
	}
	var seen []any
	for _, c := range calls {
		seen = append(seen, c)
	}
	if seen != nil {
		fmt.Fprintf(&out, "  calls:%s\n", lines("    ", seen))
	}
	return out.String()
}

// lines is a YAML list with one element, as JSON, per line.
func lines(indent string, values []any) string {
	if len(values) == 0 {
		return " []"
	}
	var out string
	for _, v := range values {
		out += "\n" + indent + "- " + text(v)
	}
	return out
}

// text is JSON, which is YAML too.
func text(v any) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out.String())
}

// withoutEmpty drops an answer's members that say nothing.
func withoutEmpty(answer any) any {
	if members, ok := answer.(map[string]any); ok {
		maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil || v == "" })
	}
	return answer
}

// difference is empty when got is what want says; $any in want matches anything.
func difference(want, got any) string {
	got = plain(got)
	return cmp.Diff(fill(plain(want), got), got)
}

// fill replaces $any by what is there.
func fill(want, got any) any {
	switch w := want.(type) {
	case string:
		if w == anything && got != nil {
			return got
		}
	case map[string]any:
		g, _ := got.(map[string]any)
		for key := range w {
			w[key] = fill(w[key], g[key])
		}
	case []any:
		g, _ := got.([]any)
		for i := range min(len(w), len(g)) {
			w[i] = fill(w[i], g[i])
		}
	}
	return want
}

// plain is a copy of v as encoding/json reads it.
func plain(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	var out any
	_ = json.Unmarshal(data, &out)
	return out
}

// sorted orders rows by their keys, which are texts: scans have no order.
func sorted(rows []any) []any {
	out := slices.Clone(rows)
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(rowKey(a), rowKey(b)) })
	return out
}

func rowKey(row any) string {
	fields, _ := plain(row).(map[string]any)
	var key string
	for _, name := range []string{"pk", "sk", "key", "owner", "id"} {
		if value, ok := fields[name].(map[string]any); ok {
			key += fmt.Sprint(value["S"]) + "\x00"
		}
	}
	return key
}

// grouped keeps order per target alone: targets are called side by side. A body that
// is expected as a mapping is compared as JSON.
func grouped(calls []call) map[string][]any {
	out := map[string][]any{}
	for _, c := range calls {
		out[c.key()] = append(out[c.key()], c.Body)
	}
	return out
}
