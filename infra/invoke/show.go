package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// left is the case as it would stand in cases.yaml, had it left what it should.
func (c testCase) left(result string, before, after map[string][]any, calls []call) string {
	var out strings.Builder
	fmt.Fprintf(&out, "- event: %s\n  function: %s\n  says: %s\n", c.Event, c.Function, text(c.Says))
	if c.Seed != nil {
		fmt.Fprintf(&out, "  seed: [%s]\n", strings.Join(c.Seed, ", "))
	}
	out.WriteString(c.given())
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

// given is what a case says of the world around its function.
func (c testCase) given() string {
	var out strings.Builder
	if c.Answers != nil {
		fmt.Fprintf(&out, "  answers: %s\n", text(c.Answers))
	}
	if c.Active != nil {
		fmt.Fprintf(&out, "  active: %s\n", text(c.Active))
	}
	if c.Slow != nil {
		fmt.Fprintf(&out, "  slow: %s\n", text(c.Slow))
	}
	if c.Env != nil {
		fmt.Fprintf(&out, "  env: %s\n", text(c.Env))
	}
	if c.Sign != "" {
		fmt.Fprintf(&out, "  sign: %s\n", c.Sign)
	}
	if c.Secret != "" {
		fmt.Fprintf(&out, "  secret: %s\n", c.Secret)
	}
	if c.Timeout != 0 {
		fmt.Fprintf(&out, "  timeout: %d\n", c.Timeout)
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
