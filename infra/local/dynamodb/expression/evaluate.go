package expression

import (
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// holds evaluates a condition. A comparison with something that is absent, or
// of another type, is false (and <> is true), never an error.
func (n *node) holds(item attribute.Item) bool {
	switch n.kind {
	case logicNode:
		return n.logic(item)
	case compareNode:
		return n.compare(item)
	}
	return n.call(item)
}

func (n *node) logic(item attribute.Item) bool {
	switch n.op {
	case "AND":
		return n.args[0].holds(item) && n.args[1].holds(item)
	case "OR":
		return n.args[0].holds(item) || n.args[1].holds(item)
	}
	return !n.args[0].holds(item)
}

// operandOf returns the value of an operand; ok is false if there is none.
func (n *node) operandOf(item attribute.Item) (v attribute.Value, ok bool) {
	switch n.kind {
	case pathNode:
		return n.path.get(item)
	case valueNode:
		return n.value, true
	}
	v, ok = n.args[0].operandOf(item)
	if !ok {
		return v, false
	}
	length, ok := v.Length()
	return attribute.Numeric(attribute.Int(int64(length))), ok
}

func (n *node) compare(item attribute.Item) bool {
	left, ok := n.args[0].operandOf(item)
	if n.op == "<>" {
		right, both := n.args[1].operandOf(item)
		return ok != both || ok && !attribute.Equal(left, right)
	}
	if !ok {
		return false
	}
	switch n.op {
	case "IN":
		return n.in(left, item)
	case "BETWEEN":
		return n.order(item, left, 1, func(c int) bool { return c >= 0 }) &&
			n.order(item, left, 2, func(c int) bool { return c <= 0 })
	case "=":
		right, ok := n.args[1].operandOf(item)
		return ok && attribute.Equal(left, right)
	}
	return n.order(item, left, 1, orderTests[n.op])
}

var orderTests = map[string]func(c int) bool{
	"<":  func(c int) bool { return c < 0 },
	"<=": func(c int) bool { return c <= 0 },
	">":  func(c int) bool { return c > 0 },
	">=": func(c int) bool { return c >= 0 },
}

func (n *node) order(item attribute.Item, left attribute.Value, arg int, test func(int) bool) bool {
	right, ok := n.args[arg].operandOf(item)
	return ok && left.Kind == right.Kind && left.Kind.Comparable() && test(attribute.Compare(left, right))
}

func (n *node) in(left attribute.Value, item attribute.Item) bool {
	for _, arg := range n.args[1:] {
		if right, ok := arg.operandOf(item); ok && attribute.Equal(left, right) {
			return true
		}
	}
	return false
}

func (n *node) call(item attribute.Item) bool {
	first, ok := n.args[0].operandOf(item)
	switch n.op {
	case "attribute_exists":
		return ok
	case "attribute_not_exists":
		return !ok
	}
	second, both := n.args[1].operandOf(item)
	if !ok || !both {
		return false
	}
	switch n.op {
	case "attribute_type":
		return second.Kind == attribute.S && first.Kind.String() == second.Text
	case "begins_with":
		return first.Kind == second.Kind && (first.Kind == attribute.S || first.Kind == attribute.B) &&
			strings.HasPrefix(first.Text, second.Text)
	}
	return contains(first, second)
}

func contains(whole, part attribute.Value) bool {
	switch {
	case whole.Kind == attribute.S || whole.Kind == attribute.B:
		return whole.Kind == part.Kind && strings.Contains(whole.Text, part.Text)
	case whole.Kind == attribute.L || whole.Kind.IsSet():
		return whole.Has(part)
	}
	return false
}
