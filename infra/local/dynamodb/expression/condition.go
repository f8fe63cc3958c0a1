package expression

import (
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
)

// Condition is a condition or filter that is ready to be tried on items.
type Condition struct{ root *node }

// ParseCondition reads a ConditionExpression or FilterExpression. Errors are of type Error.
func ParseCondition(clause Clause, text string, subs *Substitutions) (*Condition, error) {
	root, err := parseConditionTree(clause, text)
	if err != nil {
		return nil, err
	}
	if err := root.resolve(clause, subs); err != nil {
		return nil, err
	}
	if err := root.checkCondition(clause); err != nil {
		return nil, err
	}
	return &Condition{root}, nil
}

// Matches reports whether the condition holds for the item; a nil item has no attributes.
func (c *Condition) Matches(item attribute.Item) bool { return c.root.holds(item) }

// Roots calls yield with the top-level attribute of each path in the condition, until it returns false.
func (c *Condition) Roots(yield func(name string) bool) { c.root.roots(yield) }

func (n *node) roots(yield func(string) bool) bool {
	if n.kind == pathNode && !yield(n.path.Root()) {
		return false
	}
	for _, arg := range n.args {
		if !arg.roots(yield) {
			return false
		}
	}
	return true
}

func parseConditionTree(clause Clause, text string) (*node, error) {
	p, err := newParser(clause, text)
	if err != nil {
		return nil, err
	}
	root, err := p.condition()
	if err != nil {
		return nil, err
	}
	return root, p.end()
}

// condition reads an expression that must be true or false.
func (p *parser) condition() (*node, error) {
	n, err := p.disjunction()
	if err == nil && !n.isCondition() {
		err = p.syntaxError()
	}
	return n, err
}

// isCondition reports whether the node can be true or false. A call can be
// either; checkCondition tells which.
func (n *node) isCondition() bool {
	return n.kind == compareNode || n.kind == logicNode || n.kind == callNode
}

func (p *parser) disjunction() (*node, error) { return p.chain("OR", p.conjunction) }
func (p *parser) conjunction() (*node, error) { return p.chain("AND", p.negation) }

// chain reads part (op part)*, each part a condition if there is an operator.
func (p *parser) chain(op string, part func() (*node, error)) (*node, error) {
	left, err := part()
	if err != nil {
		return nil, err
	}
	for p.peek().is(op) {
		if !left.isCondition() {
			return nil, p.syntaxError()
		}
		p.pos++
		right, err := part()
		if err != nil {
			return nil, err
		}
		if !right.isCondition() {
			return nil, p.syntaxError()
		}
		left = &node{kind: logicNode, op: op, args: []*node{left, right}}
	}
	return left, nil
}

func (p *parser) negation() (*node, error) {
	if !p.accept("NOT") {
		return p.comparison()
	}
	inner, err := p.negation()
	if err != nil {
		return nil, err
	}
	if !inner.isCondition() {
		return nil, p.syntaxError()
	}
	return &node{kind: logicNode, op: "NOT", args: []*node{inner}}, nil
}

// comparison reads operand, or operand operator operand, or what is in parentheses.
func (p *parser) comparison() (*node, error) {
	left, err := p.primary()
	if err != nil || left.kind == compareNode || left.kind == logicNode {
		return left, err
	}
	t := p.peek()
	switch op := strings.ToUpper(t.text); {
	case t.kind == signToken && strings.ContainsAny(op, "=<>"):
		p.pos++
		return p.compared(op, left, p.rightOperand)
	case t.is("BETWEEN"):
		p.pos++
		return p.between(left)
	case t.is("IN"):
		p.pos++
		return p.oneOf(left)
	}
	return left, nil
}

func (p *parser) compared(op string, left *node, right func() (*node, error)) (*node, error) {
	n, err := right()
	return &node{kind: compareNode, op: op, args: []*node{left, n}}, err
}

func (p *parser) between(left *node) (*node, error) {
	low, err := p.rightOperand()
	if err != nil {
		return nil, err
	}
	if err := p.expect("AND"); err != nil {
		return nil, err
	}
	high, err := p.rightOperand()
	return &node{kind: compareNode, op: "BETWEEN", args: []*node{left, low, high}}, err
}

func (p *parser) oneOf(left *node) (*node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	list, err := p.arguments()
	return &node{kind: compareNode, op: "IN", args: append([]*node{left}, list...)}, err
}

// rightOperand reads an operand that cannot be a condition.
func (p *parser) rightOperand() (*node, error) {
	n, err := p.primary()
	if err == nil && (n.kind == compareNode || n.kind == logicNode) {
		err = p.syntaxError()
	}
	return n, err
}

// primary reads an operand, or an expression in parentheses.
func (p *parser) primary() (*node, error) {
	if !p.accept("(") {
		return p.operand()
	}
	n, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	n.parens++
	return n, nil
}
