package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"edgestream/infra/local/template"
)

// testCase is one entry of events/cases.yaml.
type testCase struct {
	// Event is a file in the events folder, Function the logical id of who gets it.
	Event    string
	Function string
	// Says is the case as a sentence.
	Says string
	// Seed lists files with BatchWriteItem's RequestItems, loaded first.
	Seed []string
	// Answers is what the management API answers for a connection id, if not 200, and what Lambda
	// answers for a function, if not 202.
	Answers map[string]int
	// Active is when a connection was last active, in ISO 8601, if not years ago.
	Active map[string]string
	// Slow is how many seconds a post to a connection takes.
	Slow map[string]int
	// Env replaces values of the function's variables, for what would take too long.
	Env map[string]string
	// Sign is the secret of the app with which the event's query is signed anew: see signed.
	Sign string
	// Secret is the one with which what webhooks are told must be signed.
	Secret string
	// Timeout replaces the function's, in seconds.
	Timeout int
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
	// To is post, disconnect, invoke, send, hide or webhook; Target a connection id, or the name of a
	// function, a queue or a receiver.
	To     string `json:"to"`
	Target string `json:"target"`
	// Body is the exact text, or a mapping that its JSON must equal.
	Body any `json:"body,omitempty"`
	// Group is a message's on a FIFO queue.
	Group string `json:"group,omitempty"`
	// Delay is for how many seconds the queue holds a message back.
	Delay int `json:"delay,omitempty"`
}

// key is what calls are in order by: a FIFO queue takes several groups side by side.
func (c call) key() string { return strings.TrimSpace(c.To + " " + c.Target + " " + c.Group) }

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
