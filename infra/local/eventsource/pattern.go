package eventsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
)

// maxPatternLength is the most characters of a pattern.
const maxPatternLength = 4096

// Pattern is one FilterCriteria pattern: which events a function wants. See
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax.
//
// An event matches if all fields of the pattern do; a field matches if one of
// its rules matches one of the event's values there. Exact numbers are
// compared as text (300 is not 300.0), "numeric" ones by value. DynamoDB's
// numbers are strings in an event ({"N":"5"}), so "numeric" never matches
// them, as on AWS. "exists" looks at leaves only: an object is no value.
type Pattern struct {
	root node
	body bodyKind
}

// node is an object of a pattern: all fields and all alternatives must match.
type node struct {
	fields []field
	anyOf  [][]node // each "$or": at least one of the nodes must match
}

// field is one name of an object: either rules or an object below it.
type field struct {
	name  string
	path  []string // from the root, with name
	rules []rule
	below *node
}

// ParsePattern reads a pattern, or says what is wrong with it and where.
func ParsePattern(text string) (*Pattern, error) {
	if n := len([]rune(text)); n > maxPatternLength {
		return nil, fmt.Errorf("invalid filter pattern: %d characters, at most %d are allowed", n, maxPatternLength)
	}
	v, err := decodeJSON([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("invalid filter pattern: %w", err)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("invalid filter pattern: it is not a JSON object")
	}
	root, err := parseNode(object, nil)
	if err != nil {
		return nil, fmt.Errorf("invalid filter pattern: %w", err)
	}
	return &Pattern{root: root, body: root.bodyKind()}, nil
}

// parsePatterns reads the patterns of a mapping, at most five.
func parsePatterns(texts []string) ([]*Pattern, error) {
	if len(texts) > maxFilters {
		return nil, fmt.Errorf("%d filters, at most %d are allowed", len(texts), maxFilters)
	}
	var patterns []*Pattern
	for i, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			return nil, fmt.Errorf("filter %d: %w", i+1, err)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// decodeJSON reads one JSON value, keeping numbers as they are written.
func decodeJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not JSON: something follows the value")
	}
	return v, nil
}

func parseNode(object map[string]any, path []string) (node, error) {
	if len(object) == 0 {
		return node{}, fmt.Errorf("%s is an empty object", where(path))
	}
	var n node
	for _, name := range sortedKeys(object) {
		if name == "$or" {
			alternatives, err := parseOr(object[name], path)
			if err != nil {
				return node{}, err
			}
			n.anyOf = append(n.anyOf, alternatives)
			continue
		}
		f, err := parseField(name, object[name], path)
		if err != nil {
			return node{}, err
		}
		n.fields = append(n.fields, f)
	}
	return n, nil
}

func parseOr(v any, path []string) ([]node, error) {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return nil, fmt.Errorf("$or in %s is not a list of at least two objects", where(path))
	}
	nodes := make([]node, 0, len(list))
	for _, e := range list {
		object, ok := e.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("$or in %s is not a list of at least two objects", where(path))
		}
		n, err := parseNode(object, path)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func parseField(name string, v any, parent []string) (field, error) {
	f := field{name: name, path: append(append([]string(nil), parent...), name)}
	switch v := v.(type) {
	case map[string]any:
		below, err := parseNode(v, f.path)
		f.below = &below
		return f, err
	case []any:
		rules, err := parseRules(v, f.path)
		f.rules = rules
		return f, err
	default:
		return f, fmt.Errorf("%s must be an object or an array of what it may be, such as [\"a\"]", where(f.path))
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// where names a place in a pattern for people.
func where(path []string) string {
	if len(path) == 0 {
		return "the pattern"
	}
	var b bytes.Buffer
	for i, p := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return fmt.Sprintf("%q", b.String())
}
