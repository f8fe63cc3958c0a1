package expression

import (
	"strconv"
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// Step is one step into a document: an attribute name, or an index of a list.
type Step struct {
	Name    string
	Index   int
	IsIndex bool
}

// Path leads from an item to one of its attributes. It has at least one step,
// and the first is a name.
type Path []Step

// String writes the path as DynamoDB's messages do: [a, b, [0]].
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = s.Name
		if s.IsIndex {
			parts[i] = "[" + strconv.Itoa(s.Index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Root returns the name of the item's attribute that the path starts at.
func (p Path) Root() string { return p[0].Name }

// get returns the value at the path; ok is false if there is none.
func (p Path) get(item attribute.Item) (v attribute.Value, ok bool) {
	v, ok = item[p[0].Name]
	for _, s := range p[1:] {
		if !ok {
			return attribute.Value{}, false
		}
		v, ok = s.of(v)
	}
	return v, ok
}

// of returns the part of v that the step leads to.
func (s Step) of(v attribute.Value) (part attribute.Value, ok bool) {
	switch {
	case s.IsIndex && v.Kind == attribute.L && s.Index < len(v.List):
		return v.List[s.Index], true
	case !s.IsIndex && v.Kind == attribute.M:
		part, ok = v.Map[s.Name]
	}
	return part, ok
}

func (p Path) equal(o Path) bool {
	if len(p) != len(o) {
		return false
	}
	for i := range p {
		if p[i] != o[i] {
			return false
		}
	}
	return true
}

// checkOverlap refuses two paths of which one leads into the other, and two
// that take the same value for a map and for a list.
func checkOverlap(clause Clause, paths []Path) error {
	for i, a := range paths {
		for _, b := range paths[:i] {
			if problem := relation(b, a); problem != "" {
				return clause.errorf("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", problem, b, a)
			}
		}
	}
	return nil
}

func relation(a, b Path) string {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if a[i].IsIndex != b[i].IsIndex {
			return "conflict"
		}
		return ""
	}
	return "overlap"
}
