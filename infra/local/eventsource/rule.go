package eventsource

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// rule is one entry of a field's array. match sees one value of the event
// (string, json.Number, bool or nil); absent is true for {"exists":false},
// which holds when there is no value at all.
type rule struct {
	match  func(any) bool
	absent bool
}

func parseRules(list []any, path []string) ([]rule, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%s is an empty array", where(path))
	}
	rules := make([]rule, 0, len(list))
	for _, v := range list {
		r, err := parseRule(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where(path), err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseRule(v any) (rule, error) {
	switch v := v.(type) {
	case []any:
		return rule{}, fmt.Errorf("an array inside an array is not allowed")
	case map[string]any:
		if len(v) != 1 {
			return rule{}, fmt.Errorf("a rule has one operator, not %d", len(v))
		}
		for operator, operand := range v {
			return parseOperator(operator, operand)
		}
	}
	return rule{match: equals(v)}, nil
}

// equals compares as text: numbers keep the form in which they were written.
func equals(want any) func(any) bool {
	return func(got any) bool { return got == want }
}

func parseOperator(operator string, operand any) (rule, error) {
	switch operator {
	case "exists":
		return parseExists(operand)
	case "prefix", "suffix", "equals-ignore-case":
		match, err := parseText(operator, operand)
		return rule{match: match}, err
	case "anything-but":
		match, err := parseAnythingBut(operand)
		return rule{match: match}, err
	case "numeric":
		match, err := parseNumeric(operand)
		return rule{match: match}, err
	}
	return rule{}, fmt.Errorf("unknown operator %q: there are exists, prefix, suffix, equals-ignore-case, anything-but and numeric", operator)
}

func parseExists(operand any) (rule, error) {
	exists, ok := operand.(bool)
	if !ok {
		return rule{}, fmt.Errorf("exists takes true or false")
	}
	if !exists {
		return rule{absent: true, match: func(any) bool { return false }}, nil
	}
	return rule{match: func(any) bool { return true }}, nil
}

// parseText reads the operators on strings.
func parseText(operator string, operand any) (func(any) bool, error) {
	want, ok := operand.(string)
	if !ok {
		return nil, fmt.Errorf("%s takes a string", operator)
	}
	compare := map[string]func(got, want string) bool{
		"prefix":             strings.HasPrefix,
		"suffix":             strings.HasSuffix,
		"equals-ignore-case": strings.EqualFold,
	}[operator]
	return func(got any) bool {
		s, ok := got.(string)
		return ok && compare(s, want)
	}, nil
}

// parseAnythingBut reads {"anything-but": …}: a value, a list of values, or
// one of the operators on strings with a string or a list of them.
func parseAnythingBut(operand any) (func(any) bool, error) {
	var refused []func(any) bool
	add := func(v any, operator string) error {
		match, err := refusal(v, operator)
		refused = append(refused, match)
		return err
	}
	operator := ""
	if m, ok := operand.(map[string]any); ok {
		if len(m) != 1 {
			return nil, fmt.Errorf("anything-but takes one operator, not %d", len(m))
		}
		for operator, operand = range m {
		}
		if operator != "prefix" && operator != "suffix" && operator != "equals-ignore-case" {
			return nil, fmt.Errorf("anything-but takes prefix, suffix or equals-ignore-case, not %q", operator)
		}
	}
	list, ok := operand.([]any)
	if !ok {
		list = []any{operand}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("anything-but takes at least one value")
	}
	for _, v := range list {
		if err := add(v, operator); err != nil {
			return nil, err
		}
	}
	return noneOf(refused), nil
}

// refusal is one value that anything-but excludes.
func refusal(v any, operator string) (func(any) bool, error) {
	if operator != "" {
		return parseText(operator, v)
	}
	switch v.(type) {
	case string, json.Number:
		return equals(v), nil
	}
	return nil, fmt.Errorf("anything-but takes strings and numbers")
}

func noneOf(refused []func(any) bool) func(any) bool {
	return func(got any) bool {
		for _, match := range refused {
			if match(got) {
				return false
			}
		}
		return true
	}
}

// maxNumberLength keeps the comparison of hostile numbers cheap.
const maxNumberLength = 64

// parseNumber returns the value of a JSON number; false if it is absurd.
func parseNumber(v any) (*big.Rat, bool) {
	n, ok := v.(json.Number)
	if !ok || len(n) > maxNumberLength {
		return nil, false
	}
	if f, err := n.Float64(); err != nil || (f == 0 && strings.ContainsAny(string(n), "eE")) {
		return zeroOrNot(string(n))
	}
	return new(big.Rat).SetString(string(n))
}

// zeroOrNot accepts forms of zero such as 0e5, whose exponent means nothing.
func zeroOrNot(n string) (*big.Rat, bool) {
	digits, _, _ := strings.Cut(strings.ToLower(n), "e")
	if strings.Trim(digits, "-0.") == "" {
		return new(big.Rat), true
	}
	return nil, false
}

// parseNumeric reads {"numeric": ["=", 5]}, {"numeric": [">", 0]} and
// {"numeric": [">", 0, "<=", 5]}.
func parseNumeric(operand any) (func(any) bool, error) {
	list, ok := operand.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return nil, fmt.Errorf("numeric takes an operator and a number, once or twice")
	}
	var bounds []bound
	for i := 0; i < len(list); i += 2 {
		b, err := parseBound(list[i], list[i+1])
		if err != nil {
			return nil, err
		}
		bounds = append(bounds, b)
	}
	if len(bounds) == 2 {
		if err := checkRange(bounds[0], bounds[1]); err != nil {
			return nil, err
		}
	}
	return func(got any) bool { return within(got, bounds) }, nil
}

// bound is one side of a numeric range.
type bound struct {
	operator string
	limit    *big.Rat
}

func parseBound(operator, limit any) (bound, error) {
	o, _ := operator.(string)
	switch o {
	case "=", "<", "<=", ">", ">=":
	default:
		return bound{}, fmt.Errorf("numeric takes =, <, <=, > or >=, not %v", operator)
	}
	r, ok := parseNumber(limit)
	if !ok {
		return bound{}, fmt.Errorf("numeric takes a number after %q", o)
	}
	return bound{o, r}, nil
}

// checkRange wants a lower bound, then a higher upper bound.
func checkRange(lower, upper bound) error {
	if lower.operator[0] != '>' || upper.operator[0] != '<' {
		return fmt.Errorf("a numeric range is a lower bound (> or >=), then an upper one (< or <=)")
	}
	if lower.limit.Cmp(upper.limit) >= 0 {
		return fmt.Errorf("the lower bound of a numeric range is not below the upper one")
	}
	return nil
}

func within(got any, bounds []bound) bool {
	value, ok := parseNumber(got)
	if !ok {
		return false
	}
	for _, b := range bounds {
		if !b.holds(value.Cmp(b.limit)) {
			return false
		}
	}
	return true
}

func (b bound) holds(cmp int) bool {
	switch b.operator {
	case "=":
		return cmp == 0
	case "<":
		return cmp < 0
	case "<=":
		return cmp <= 0
	case ">":
		return cmp > 0
	default:
		return cmp >= 0
	}
}
