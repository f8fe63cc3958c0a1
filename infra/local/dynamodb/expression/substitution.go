package expression

import (
	"maps"
	"slices"
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// Substitutions are the placeholders of one request, shared by its expressions.
// It remembers which were used, because DynamoDB refuses those that were not.
type Substitutions struct {
	names      map[string]string
	values     attribute.Item
	usedNames  map[string]bool
	usedValues map[string]bool
}

// NewSubstitutions takes a request's ExpressionAttributeNames and
// ExpressionAttributeValues; nil stands for a parameter that is absent.
func NewSubstitutions(names map[string]string, values attribute.Item) (*Substitutions, error) {
	if names != nil && len(names) == 0 {
		return nil, Error("ExpressionAttributeNames must not be empty")
	}
	if values != nil && len(values) == 0 {
		return nil, Error("ExpressionAttributeValues must not be empty")
	}
	for key, name := range names {
		if !isPlaceholder(key, '#') {
			return nil, Error(`ExpressionAttributeNames contains invalid key: Syntax error; key: "` + key + `"`)
		}
		if name == "" {
			return nil, Error("ExpressionAttributeNames contains invalid value: Empty attribute name for key " + key)
		}
	}
	for key := range values {
		if !isPlaceholder(key, ':') {
			return nil, Error(`ExpressionAttributeValues contains invalid key: Syntax error; key: "` + key + `"`)
		}
	}
	return &Substitutions{names: names, values: values,
		usedNames: map[string]bool{}, usedValues: map[string]bool{}}, nil
}

func isPlaceholder(key string, sigil byte) bool {
	return len(key) > 1 && key[0] == sigil && span(key, 1) == len(key)
}

// CheckUsed refuses placeholders that no expression has used.
func (s *Substitutions) CheckUsed() error {
	if unused := without(s.names, s.usedNames); unused != "" {
		return Error("Value provided in ExpressionAttributeNames unused in expressions: keys: " + unused)
	}
	if unused := without(s.values, s.usedValues); unused != "" {
		return Error("Value provided in ExpressionAttributeValues unused in expressions: keys: " + unused)
	}
	return nil
}

func without[V any](given map[string]V, used map[string]bool) string {
	if len(used) == len(given) {
		return ""
	}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(given)), func(k string) bool { return used[k] })
	return "{" + strings.Join(keys, ", ") + "}"
}

func (s *Substitutions) name(clause Clause, placeholder string) (string, error) {
	name, ok := s.names[placeholder]
	if !ok {
		return "", clause.errorf("An expression attribute name used in the document path is not defined; attribute name: %s", placeholder)
	}
	s.usedNames[placeholder] = true
	return name, nil
}

func (s *Substitutions) value(clause Clause, placeholder string) (attribute.Value, error) {
	v, ok := s.values[placeholder]
	if !ok {
		return attribute.Value{}, clause.errorf("An expression attribute value used in expression is not defined; attribute value: %s", placeholder)
	}
	s.usedValues[placeholder] = true
	return v, nil
}
