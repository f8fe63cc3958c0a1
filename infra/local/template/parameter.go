package template

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readParameters gives each parameter its override or its default, and holds
// it against its bounds.
func (r *resolver) readParameters(n *yaml.Node) error {
	fields, err := r.fields(n)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if err := r.readParameter(f); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) readParameter(f field) error {
	defer r.within(f.name)()
	p, err := r.index(f.node)
	if err != nil {
		return err
	}
	value, at := "", f.key
	if given, ok := r.opts.Parameters[f.name]; ok {
		value = given
	} else if p["Default"] != nil && p["Default"].Kind == yaml.ScalarNode {
		value, at = p["Default"].Value, p["Default"]
	} else {
		return r.errorf(f.key, "the parameter has no default and no value was given")
	}
	if err := checkParameter(value, p); err != nil {
		return r.lineError(at, err)
	}
	r.parameters[f.name] = parameterNode(value, text(p["Type"]), at)
	return nil
}

func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

func parameterNode(value, typ string, at *yaml.Node) *yaml.Node {
	if typ != "CommaDelimitedList" && typ != "List<Number>" {
		return scalar(at, value)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Line: at.Line}
	for part := range strings.SplitSeq(value, ",") {
		list.Content = append(list.Content, scalar(at, strings.TrimSpace(part)))
	}
	return list
}

func checkParameter(value string, p map[string]*yaml.Node) error {
	switch typ := text(p["Type"]); typ {
	case "Number":
		return firstError(checkNumber(value, p), checkAllowed(value, p))
	case "String":
		return firstError(checkLength(value, p), checkAllowed(value, p))
	case "CommaDelimitedList", "List<Number>":
		return nil
	default:
		return fmt.Errorf("parameter type %q is not supported", typ)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// number reads a decimal of sane length: a huge exponent would cost memory.
func number(value string) (*big.Rat, bool) {
	if len(value) > 64 || strings.ContainsAny(value, "eEpPxX/") {
		return nil, false
	}
	return new(big.Rat).SetString(value)
}

func checkNumber(value string, p map[string]*yaml.Node) error {
	v, ok := number(value)
	if !ok {
		return fmt.Errorf("%q is not a number", value)
	}
	if low, ok := number(text(p["MinValue"])); ok && v.Cmp(low) < 0 {
		return fmt.Errorf("%s is less than MinValue %s", value, p["MinValue"].Value)
	}
	if high, ok := number(text(p["MaxValue"])); ok && v.Cmp(high) > 0 {
		return fmt.Errorf("%s is more than MaxValue %s", value, p["MaxValue"].Value)
	}
	return nil
}

func checkLength(value string, p map[string]*yaml.Node) error {
	length := big.NewRat(int64(len(value)), 1)
	if low, ok := number(text(p["MinLength"])); ok && length.Cmp(low) < 0 {
		return fmt.Errorf("%q is shorter than MinLength %s", value, p["MinLength"].Value)
	}
	if high, ok := number(text(p["MaxLength"])); ok && length.Cmp(high) > 0 {
		return fmt.Errorf("%q is longer than MaxLength %s", value, p["MaxLength"].Value)
	}
	pattern := text(p["AllowedPattern"])
	if pattern == "" {
		return nil
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return fmt.Errorf("AllowedPattern %q cannot be read", pattern)
	}
	if !re.MatchString(value) {
		return fmt.Errorf("%q does not match AllowedPattern %s", value, pattern)
	}
	return nil
}

func checkAllowed(value string, p map[string]*yaml.Node) error {
	if p["AllowedValues"] == nil {
		return nil
	}
	var allowed []string
	for _, n := range p["AllowedValues"].Content {
		allowed = append(allowed, n.Value)
	}
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of the AllowedValues %s", value, strings.Join(allowed, ", "))
	}
	return nil
}

// checkOverrides refuses a value for a parameter that the template lacks: it
// is a misspelling that would otherwise have no effect.
func (r *resolver) checkOverrides() error {
	for name := range r.opts.Parameters {
		if r.parameters[name] == nil {
			return r.errorf(nil, "the template has no parameter "+name)
		}
	}
	return nil
}
