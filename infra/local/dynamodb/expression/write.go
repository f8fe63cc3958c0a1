package expression

import (
	"slices"

	"edgestream/infra/local/dynamodb/attribute"
)

// The functions here return a changed copy of a container: only the containers
// along the path are copied, everything else is shared with the original.

// mapWith returns the map with v at the path.
func mapWith(m attribute.Item, path Path, v attribute.Value) (attribute.Item, error) {
	name := path[0].Name
	if len(path) > 1 {
		inner, ok := m[name]
		if !ok {
			return nil, errBadPath
		}
		var err error
		if v, err = valueWith(inner, path[1:], v); err != nil {
			return nil, err
		}
	}
	changed := m.Clone()
	changed[name] = v
	return changed, nil
}

func valueWith(container attribute.Value, path Path, v attribute.Value) (attribute.Value, error) {
	switch {
	case path[0].IsIndex && container.Kind == attribute.L:
		list, err := listWith(container.List, path, v)
		return attribute.ListOf(list), err
	case !path[0].IsIndex && container.Kind == attribute.M:
		m, err := mapWith(container.Map, path, v)
		return attribute.MapOf(m), err
	}
	return container, errBadPath
}

// listWith replaces an element; an index past the end appends.
func listWith(list []attribute.Value, path Path, v attribute.Value) ([]attribute.Value, error) {
	at := path[0].Index
	if len(path) > 1 {
		if at >= len(list) {
			return nil, errBadPath
		}
		var err error
		if v, err = valueWith(list[at], path[1:], v); err != nil {
			return nil, err
		}
	}
	if at >= len(list) {
		return append(slices.Clip(list), v), nil
	}
	changed := slices.Clone(list)
	changed[at] = v
	return changed, nil
}

// mapWithout returns the map without what lies at the path, which exists.
func mapWithout(m attribute.Item, path Path) attribute.Item {
	changed, name := m.Clone(), path[0].Name
	if len(path) == 1 {
		delete(changed, name)
	} else {
		changed[name] = valueWithout(changed[name], path[1:])
	}
	return changed
}

func valueWithout(container attribute.Value, path Path) attribute.Value {
	at := path[0].Index
	switch {
	case container.Kind == attribute.M:
		return attribute.MapOf(mapWithout(container.Map, path))
	case container.Kind != attribute.L || at >= len(container.List):
		return container
	}
	changed := slices.Clone(container.List)
	if len(path) == 1 {
		return attribute.ListOf(slices.Delete(changed, at, at+1))
	}
	changed[at] = valueWithout(changed[at], path[1:])
	return attribute.ListOf(changed)
}
