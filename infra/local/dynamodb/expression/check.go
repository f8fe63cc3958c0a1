package expression

import (
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// maxIn is how many operands IN takes.
const maxIn = 100

// arity is the number of operands of each function, condition functions first.
var arity = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2,
	"begins_with": 2, "contains": 2, "size": 1,
	"if_not_exists": 2, "list_append": 2,
}

func isUpdateFunction(name string) bool { return name == "if_not_exists" || name == "list_append" }

// checkCondition checks a resolved tree whose root must be true or false.
func (n *node) checkCondition(clause Clause) error {
	if n.parens > 1 {
		return clause.errorf("The expression has redundant parentheses;")
	}
	switch n.kind {
	case logicNode:
		for _, arg := range n.args {
			if err := arg.checkCondition(clause); err != nil {
				return err
			}
		}
		return nil
	case compareNode:
		return n.checkComparison(clause)
	}
	if err := n.checkCall(clause); err != nil {
		return err
	}
	if n.op == "size" {
		return misused(clause, n.op)
	}
	return nil
}

func misused(clause Clause, function string) error {
	return clause.errorf("The function is not allowed to be used this way in an expression; function: %s", function)
}

// checkOperand checks a node that must yield a value.
func (n *node) checkOperand(clause Clause) error {
	if n.parens > 1 {
		return clause.errorf("The expression has redundant parentheses;")
	}
	if n.kind != callNode {
		return nil
	}
	if err := n.checkCall(clause); err != nil {
		return err
	}
	if n.op != "size" {
		return misused(clause, n.op)
	}
	return nil
}

func (n *node) checkCall(clause Clause) error {
	want, known := arity[n.op]
	switch {
	case !known:
		return clause.errorf("Invalid function name; function: %s", n.op)
	case isUpdateFunction(n.op):
		return clause.errorf("The function is not allowed in a condition expression; function: %s", n.op)
	case len(n.args) != want:
		return wrongCount(clause, n)
	}
	for _, arg := range n.args {
		if err := arg.checkArgument(clause, n.op); err != nil {
			return err
		}
	}
	return n.checkArguments(clause)
}

func wrongCount(clause Clause, n *node) error {
	return clause.errorf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
}

// checkArgument lets only size be called inside another function, where a value is wanted.
func (n *node) checkArgument(clause Clause, function string) error {
	if n.kind == callNode && strings.HasPrefix(function, "attribute_") {
		return nil // answered by checkArguments, which wants a path
	}
	return n.checkOperand(clause)
}

func (n *node) checkArguments(clause Clause) error {
	switch n.op {
	case "attribute_exists", "attribute_not_exists":
		return n.wantPath(clause)
	case "attribute_type":
		if err := n.wantPath(clause); err != nil {
			return err
		}
		return n.checkTypeName(clause)
	case "begins_with":
		if err := n.distinct(clause); err != nil {
			return err
		}
		return n.wantKinds(clause, attribute.S, attribute.B)
	case "contains":
		return n.distinct(clause)
	}
	return n.wantKinds(clause, attribute.S, attribute.B, attribute.M, attribute.L, attribute.SS, attribute.NS, attribute.BS)
}

func (n *node) wantPath(clause Clause) error {
	if n.args[0].kind != pathNode {
		return clause.errorf("Operator or function requires a document path; operator or function: %s", n.op)
	}
	return nil
}

func (n *node) checkTypeName(clause Clause) error {
	arg := n.args[1]
	if arg.kind != valueNode {
		return nil
	}
	if arg.value.Kind != attribute.S {
		return wrongKind(clause, n.op, arg.value.Kind)
	}
	if attribute.KindOf(arg.value.Text) == attribute.None {
		return clause.errorf("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", arg.value.Text)
	}
	return nil
}

// wantKinds checks the operands whose kind is known before there is an item.
func (n *node) wantKinds(clause Clause, kinds ...attribute.Kind) error {
	for _, arg := range n.args {
		kind, known := arg.staticKind()
		if known && !containsKind(kinds, kind) {
			return wrongKind(clause, n.op, kind)
		}
	}
	return nil
}

func containsKind(kinds []attribute.Kind, kind attribute.Kind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

func wrongKind(clause Clause, op string, kind attribute.Kind) error {
	return clause.errorf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", op, kind)
}

func (n *node) staticKind() (kind attribute.Kind, known bool) {
	switch {
	case n.kind == valueNode:
		return n.value.Kind, true
	case n.kind == callNode && n.op == "size":
		return attribute.N, true
	}
	return attribute.None, false
}

// distinct refuses an operator whose first operand comes again, which would compare a path with itself.
func (n *node) distinct(clause Clause) error {
	first := n.args[0]
	if first.kind != pathNode {
		return nil
	}
	for _, arg := range n.args[1:] {
		if arg.kind == pathNode && arg.path.equal(first.path) {
			return clause.errorf("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", n.op, first.path)
		}
	}
	return nil
}

func (n *node) checkComparison(clause Clause) error {
	for _, arg := range n.args {
		if err := arg.checkOperand(clause); err != nil {
			return err
		}
	}
	if n.op == "IN" && len(n.args)-1 > maxIn {
		return clause.errorf("The IN operator is provided with too many operands; number of operands: %d", len(n.args)-1)
	}
	if err := n.distinct(clause); err != nil {
		return err
	}
	switch n.op {
	case "=", "<>", "IN":
		return nil
	case "BETWEEN":
		if err := n.wantKinds(clause, attribute.S, attribute.N, attribute.B); err != nil {
			return err
		}
		return n.checkBounds(clause)
	}
	return n.wantKinds(clause, attribute.S, attribute.N, attribute.B)
}

// checkBounds refuses a BETWEEN that no value can satisfy.
func (n *node) checkBounds(clause Clause) error {
	low, high := n.args[1], n.args[2]
	if low.kind != valueNode || high.kind != valueNode {
		return nil
	}
	problem := ""
	switch {
	case low.value.Kind != high.value.Kind:
		problem = "same data type for lower and upper bounds"
	case attribute.Compare(low.value, high.value) > 0:
		problem = "upper bound to be greater than or equal to lower bound"
	default:
		return nil
	}
	return clause.errorf("The BETWEEN operator requires %s; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s",
		problem, describe(low.value), describe(high.value))
}

func describe(v attribute.Value) string {
	text := v.Text
	if v.Kind == attribute.N {
		text = v.Num.String()
	}
	return "{" + v.Kind.String() + ":" + text + "}"
}
