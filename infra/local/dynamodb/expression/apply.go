package expression

import (
	"cmp"
	"slices"

	"edgestream/infra/local/dynamodb/attribute"
)

// What can go wrong when an update meets an item.
const (
	errBadPath  = Error("The document path provided in the update expression is invalid for update")
	errNoSource = Error("The provided expression refers to an attribute that does not exist in the item")
	errOperand  = Error("An operand in the update expression has an incorrect data type")
)

// Apply returns the item as the update leaves it. The item given, which may be
// nil, is not changed. Every operand is read from the item as it was, so the
// order of the clauses does not matter. Errors are of type Error or NumberError.
func (u *Update) Apply(item attribute.Item) (attribute.Item, error) {
	w := &writer{before: item, after: item.Clone()}
	for _, step := range []func(*writer) error{u.applySets, u.applyAdds, u.applyDeletes, u.applyRemoves} {
		if err := step(w); err != nil {
			return nil, err
		}
	}
	return w.after, nil
}

// writer builds the new item while the old one stays readable.
type writer struct {
	before, after attribute.Item
	gone          []Path
}

func (u *Update) applySets(w *writer) error {
	sets := slices.Clone(u.sets)
	// Elements past a list's end are appended, lowest index first.
	slices.SortStableFunc(sets, func(a, b action) int { return comparePaths(a.path, b.path) })
	for _, set := range sets {
		v, err := set.value.assignedValue(w.before)
		if err != nil {
			return err
		}
		if err := w.put(set.path, v); err != nil {
			return err
		}
	}
	return nil
}

// comparePaths orders by the first step in which two paths differ, indexes by their number.
func comparePaths(a, b Path) int {
	return slices.CompareFunc(a, b, func(s, t Step) int {
		return cmp.Or(cmp.Compare(s.Index, t.Index), cmp.Compare(s.Name, t.Name))
	})
}

func (u *Update) applyAdds(w *writer) error {
	for _, add := range u.adds {
		old, exists := add.path.get(w.before)
		v := add.value.value
		if exists {
			var err error
			if v, err = added(old, v); err != nil {
				return err
			}
		}
		if err := w.put(add.path, v); err != nil {
			return err
		}
	}
	return nil
}

func added(old, v attribute.Value) (attribute.Value, error) {
	switch {
	case old.Kind != v.Kind:
		return v, errOperand
	case v.Kind == attribute.N:
		sum, err := old.Num.Add(v.Num)
		return attribute.Numeric(sum), err
	}
	return old.Union(v), nil
}

func (u *Update) applyDeletes(w *writer) error {
	for _, del := range u.deletes {
		old, exists := del.path.get(w.before)
		if !exists {
			continue
		}
		if old.Kind != del.value.value.Kind {
			return errOperand
		}
		left := old.Minus(del.value.value)
		if len(left.List) == 0 {
			w.gone = append(w.gone, del.path)
			continue
		}
		if err := w.put(del.path, left); err != nil {
			return err
		}
	}
	return nil
}

func (u *Update) applyRemoves(w *writer) error {
	for _, path := range u.removes {
		if _, exists := path.get(w.before); exists {
			w.gone = append(w.gone, path)
			continue
		}
		if len(path) > 1 && !path.removable(w.before) {
			return errBadPath
		}
	}
	// From the back, so that an index still means what it meant in the old item.
	slices.SortStableFunc(w.gone, func(a, b Path) int { return comparePaths(b, a) })
	for _, path := range w.gone {
		w.remove(path)
	}
	return nil
}

// removable reports whether the path's parent is a container of the right kind.
func (p Path) removable(item attribute.Item) bool {
	parent, ok := p[:len(p)-1].get(item)
	if p[len(p)-1].IsIndex {
		return ok && parent.Kind == attribute.L
	}
	return ok && parent.Kind == attribute.M
}

// assignedValue evaluates the right side of SET.
func (n *node) assignedValue(item attribute.Item) (attribute.Value, error) {
	switch n.kind {
	case valueNode:
		return n.value, nil
	case sumNode:
		return n.sumValue(item)
	case callNode:
		return n.callValue(item)
	}
	v, ok := n.path.get(item)
	if !ok {
		return v, errNoSource
	}
	return v, nil
}

func (n *node) operands(item attribute.Item, kind attribute.Kind) (a, b attribute.Value, err error) {
	if a, err = n.args[0].assignedValue(item); err != nil {
		return a, b, err
	}
	if b, err = n.args[1].assignedValue(item); err != nil {
		return a, b, err
	}
	if a.Kind != kind || b.Kind != kind {
		return a, b, errOperand
	}
	return a, b, nil
}

func (n *node) sumValue(item attribute.Item) (attribute.Value, error) {
	a, b, err := n.operands(item, attribute.N)
	if err != nil {
		return a, err
	}
	combine := attribute.Number.Add
	if n.op == "-" {
		combine = attribute.Number.Sub
	}
	result, err := combine(a.Num, b.Num)
	return attribute.Numeric(result), err
}

func (n *node) callValue(item attribute.Item) (attribute.Value, error) {
	if n.op == "if_not_exists" {
		if v, ok := n.args[0].path.get(item); ok {
			return v, nil
		}
		return n.args[1].assignedValue(item)
	}
	a, b, err := n.operands(item, attribute.L)
	return attribute.ListOf(slices.Concat(a.List, b.List)), err
}

// put writes v at the path. All but the last step must exist.
func (w *writer) put(path Path, v attribute.Value) error {
	if len(path) > 1 {
		inner, ok := w.after[path.Root()]
		if !ok {
			return errBadPath
		}
		var err error
		if v, err = valueWith(inner, path[1:], v); err != nil {
			return err
		}
	}
	w.after[path.Root()] = v
	return nil
}

// remove takes away what lies at the path, which exists.
func (w *writer) remove(path Path) {
	if len(path) == 1 {
		delete(w.after, path.Root())
		return
	}
	w.after[path.Root()] = valueWithout(w.after[path.Root()], path[1:])
}
