package expression

import "edgestream/infra/local/dynamodb/attribute"

// KeyTerm is one comparison of a KeyConditionExpression: Name Op Values.
type KeyTerm struct {
	Name   string
	Op     string // =, <, <=, >, >=, BETWEEN (two values) or begins_with
	Values []attribute.Value
}

// ParseKeyCondition reads a KeyConditionExpression: one or two terms, on
// different attributes. Whether they fit a table's key is for the caller to
// say. Errors are of type Error.
func ParseKeyCondition(text string, subs *Substitutions) ([]KeyTerm, error) {
	root, err := parseConditionTree(KeyClause, text)
	if err != nil {
		return nil, err
	}
	if err := root.resolve(KeyClause, subs); err != nil {
		return nil, err
	}
	if err := root.checkCondition(KeyClause); err != nil {
		return nil, err
	}
	terms, err := root.keyTerms(nil)
	if err != nil {
		return nil, err
	}
	if len(terms) > 2 {
		return nil, Error("Conditions can be of length 1 or 2 only")
	}
	return terms, nil
}

// keyTerms collects the terms that AND joins.
func (n *node) keyTerms(terms []KeyTerm) ([]KeyTerm, error) {
	if n.kind == logicNode && n.op == "AND" {
		terms, err := n.args[0].keyTerms(terms)
		if err != nil {
			return nil, err
		}
		return n.args[1].keyTerms(terms)
	}
	term, err := n.keyTerm()
	if err != nil {
		return nil, err
	}
	for _, t := range terms {
		if t.Name == term.Name {
			return nil, Error("KeyConditionExpressions must only contain one condition per key")
		}
	}
	return append(terms, term), nil
}

// flipped is the operator that means the same with its operands exchanged.
var flipped = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (n *node) keyTerm() (KeyTerm, error) {
	if n.op != "BETWEEN" && n.op != "begins_with" && flipped[n.op] == "" {
		return KeyTerm{}, Error("Invalid operator used in KeyConditionExpression: " + n.op)
	}
	term := KeyTerm{Op: n.op}
	names := 0
	for i, arg := range n.args {
		switch arg.kind {
		case valueNode:
			term.Values = append(term.Values, arg.value)
		case pathNode:
			if len(arg.path) > 1 {
				return term, Error("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: " + arg.path.Root())
			}
			if i > 0 && flipped[n.op] != "" {
				term.Op = flipped[n.op]
			}
			term.Name = arg.path.Root()
			names++
		default:
			return term, Error("KeyConditionExpressions cannot contain nested operations")
		}
	}
	return term, n.checkKeyNames(names)
}

func (n *node) checkKeyNames(names int) error {
	switch {
	case names > 1:
		return Error("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
	case names == 0:
		return Error("Invalid condition in KeyConditionExpression: No key attribute specified")
	case flipped[n.op] == "" && n.args[0].kind != pathNode:
		return Error("Invalid condition in KeyConditionExpression: " + n.op + " operator must have the key attribute as its first operand")
	}
	return nil
}
