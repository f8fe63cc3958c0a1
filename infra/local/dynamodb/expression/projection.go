package expression

import (
	"slices"

	"edgestream/infra/local/dynamodb/attribute"
)

// Projection picks parts of items.
type Projection struct {
	paths []Path
	tree  *branch
}

// branch is one step of the projection: where it leads, by name and by index.
// A branch without any further step takes everything below it.
type branch struct {
	names   map[string]*branch
	indexes map[int]*branch
}

// ParseProjection reads a ProjectionExpression. Errors are of type Error.
func ParseProjection(text string, subs *Substitutions) (*Projection, error) {
	p, err := newParser(ProjectionClause, text)
	if err != nil {
		return nil, err
	}
	nodes, err := p.paths()
	if err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	paths := make([]Path, len(nodes))
	for i, n := range nodes {
		if err := n.resolve(ProjectionClause, subs); err != nil {
			return nil, err
		}
		paths[i] = n.path
	}
	if err := checkOverlap(ProjectionClause, paths); err != nil {
		return nil, err
	}
	return newProjection(paths), nil
}

func newProjection(paths []Path) *Projection {
	root := &branch{}
	for _, path := range paths {
		at := root
		for _, step := range path {
			at = at.grow(step)
		}
	}
	return &Projection{paths: paths, tree: root}
}

func (b *branch) grow(s Step) *branch {
	if s.IsIndex {
		return child(&b.indexes, s.Index)
	}
	return child(&b.names, s.Name)
}

func child[K comparable](m *map[K]*branch, key K) *branch {
	if *m == nil {
		*m = map[K]*branch{}
	}
	if (*m)[key] == nil {
		(*m)[key] = &branch{}
	}
	return (*m)[key]
}

// Roots returns the top-level attributes that the projection touches.
func (p *Projection) Roots() []string {
	roots := make([]string, len(p.paths))
	for i, path := range p.paths {
		roots[i] = path.Root()
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// Apply returns the picked parts of the item in their places; what the item
// does not have is left out, and list elements close up.
func (p *Projection) Apply(item attribute.Item) attribute.Item { return p.tree.pickMap(item) }

func (b *branch) pickMap(item attribute.Item) attribute.Item {
	picked := make(attribute.Item, len(b.names))
	for name, next := range b.names {
		v, ok := item[name]
		if !ok {
			continue
		}
		if part, ok := next.pick(v); ok {
			picked[name] = part
		}
	}
	return picked
}

func (b *branch) pick(v attribute.Value) (part attribute.Value, ok bool) {
	switch {
	case b.names == nil && b.indexes == nil:
		return v, true
	case b.names != nil && v.Kind == attribute.M:
		part = attribute.MapOf(b.pickMap(v.Map))
		return part, len(part.Map) > 0
	case b.indexes != nil && v.Kind == attribute.L:
		part = attribute.ListOf(b.pickList(v.List))
		return part, len(part.List) > 0
	}
	return part, false
}

func (b *branch) pickList(list []attribute.Value) []attribute.Value {
	var picked []attribute.Value
	for i, v := range list {
		next := b.indexes[i]
		if next == nil {
			continue
		}
		if part, ok := next.pick(v); ok {
			picked = append(picked, part)
		}
	}
	return picked
}
