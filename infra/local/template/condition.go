package template

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// condition answers whether the named condition holds; at is who asks.
func (r *resolver) condition(name string, at *yaml.Node) (bool, error) {
	if verdict, known := r.verdicts[name]; known {
		return verdict, nil
	}
	n := r.conditions[name]
	if n == nil {
		return false, r.errorf(at, "there is no condition "+strconv.Quote(name))
	}
	key := "condition " + name
	if r.visiting[key] {
		return false, r.errorf(at, "condition "+name+" depends on itself")
	}
	r.visiting[key] = true
	defer delete(r.visiting, key)
	verdict, err := r.holds(n)
	if err == nil {
		r.verdicts[name] = verdict
	}
	return verdict, err
}

// holds evaluates a condition's expression.
func (r *resolver) holds(n *yaml.Node) (bool, error) {
	name, argument, err := r.intrinsic(n)
	if err != nil {
		return false, err
	}
	if name == "" && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "Condition" {
		name, argument = "Condition", n.Content[1]
	}
	switch name {
	case "Condition":
		return r.condition(argument.Value, n)
	case "Fn::Equals":
		return r.equals(n, argument)
	case "Fn::Not":
		args, err := r.arguments(n, argument, 1, 1)
		if err != nil {
			return false, err
		}
		value, err := r.holds(args[0])
		return !value, err
	case "Fn::And":
		return r.combine(n, argument, false)
	case "Fn::Or":
		return r.combine(n, argument, true)
	default:
		return false, r.errorf(n, "a condition is expected here: Equals, And, Or, Not or Condition")
	}
}

// combine is Or when decisive is true and And when it is false. Every argument
// is evaluated, so that an error is found whatever the parameters are.
func (r *resolver) combine(n, argument *yaml.Node, decisive bool) (bool, error) {
	args, err := r.arguments(n, argument, 2, 10)
	if err != nil {
		return false, err
	}
	verdict := !decisive
	for _, arg := range args {
		value, err := r.holds(arg)
		if err != nil {
			return false, err
		}
		if value == decisive {
			verdict = decisive
		}
	}
	return verdict, nil
}

func (r *resolver) equals(n, argument *yaml.Node) (bool, error) {
	args, err := r.arguments(n, argument, 2, 2)
	if err != nil {
		return false, err
	}
	left, err := r.text(args[0])
	if err != nil {
		return false, err
	}
	right, err := r.text(args[1])
	return left == right, err
}

// included answers whether the stack has the resource.
func (r *resolver) included(res *resource) (bool, error) {
	if res.condition == "" {
		return true, nil
	}
	return r.condition(res.condition, &yaml.Node{Line: res.line})
}
