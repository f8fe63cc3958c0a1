package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// anything stands in an expectation for a value that differs from run to run. Inside of a text it
// stands for one or more characters other than white space and quotation marks.
const anything = "$any"

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
		add("rows of "+name, sorted(want), sortedLike(want, rows))
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
		if w == anything && got != nil || matches(w, got) {
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

// matches reports whether got is a text that want says but for its $any.
func matches(want string, got any) bool {
	text, ok := got.(string)
	if !ok || !strings.Contains(want, anything) {
		return false
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), regexp.QuoteMeta(anything), `[^"\s]+`)
	return regexp.MustCompile(`^` + pattern + `$`).MatchString(text)
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

// sortedLike is sorted for rows some of whose keys the wanted rows do not know in full.
func sortedLike(want, rows []any) []any {
	wanted := make([]string, len(want))
	for i, row := range want {
		wanted[i] = rowKey(row)
	}
	key := func(row any) string {
		key := rowKey(row)
		if i := slices.IndexFunc(wanted, func(w string) bool { return matches(w, key) }); i >= 0 && !slices.Contains(wanted, key) {
			return wanted[i]
		}
		return key
	}
	out := slices.Clone(rows)
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(key(a), key(b)) })
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
		out[c.key()] = append(out[c.key()], c)
	}
	return out
}
