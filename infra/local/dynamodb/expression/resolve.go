package expression

import (
	"strconv"
)

// maxDepth is how deep a document path may lead.
const maxDepth = 32

// resolve is the second stage: it fills in the placeholders of the tree and
// checks the names that stand for themselves.
func (n *node) resolve(clause Clause, subs *Substitutions) (err error) {
	switch n.kind {
	case pathNode:
		n.path, err = resolvePath(clause, n.steps, subs)
	case valueNode:
		n.value, err = subs.value(clause, n.op)
	}
	for _, arg := range n.args {
		if err == nil {
			err = arg.resolve(clause, subs)
		}
	}
	return err
}

func resolvePath(clause Clause, steps []token, subs *Substitutions) (Path, error) {
	if len(steps) > maxDepth {
		return nil, clause.errorf("The document path has too many nesting levels; nesting levels: %d", len(steps))
	}
	path := make(Path, len(steps))
	for i, t := range steps {
		step, err := resolveStep(clause, t, subs)
		if err != nil {
			return nil, err
		}
		path[i] = step
	}
	return path, nil
}

func resolveStep(clause Clause, t token, subs *Substitutions) (Step, error) {
	switch t.kind {
	case nameToken:
		name, err := subs.name(clause, t.text)
		return Step{Name: name}, err
	case digitToken:
		index, err := strconv.ParseInt(t.text, 10, 32)
		if err != nil {
			return Step{}, clause.errorf("List index is not within the allowable range; index: [%s]", t.text)
		}
		return Step{Index: int(index), IsIndex: true}, nil
	}
	if isReserved(t.text) {
		return Step{}, clause.errorf("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
	}
	return Step{Name: t.text}, nil
}
