package attribute

import (
	"slices"
	"strings"
)

// Comparable reports whether values of kind k have an order: S, N and B do.
func (k Kind) Comparable() bool { return k == S || k == N || k == B }

// Compare orders two values of the same comparable kind: numbers by value,
// strings and binaries by their bytes, as unsigned. For other kinds it returns 0.
func Compare(a, b Value) int {
	if a.Kind == N {
		return a.Num.Compare(b.Num)
	}
	return strings.Compare(a.Text, b.Text)
}

// Equal reports whether two values are the same: same kind, same content,
// lists in order, sets and maps in any order.
func Equal(a, b Value) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case S, B:
		return a.Text == b.Text
	case N:
		return a.Num == b.Num
	case BOOL:
		return a.Bool == b.Bool
	case M:
		return EqualItems(a.Map, b.Map)
	case L:
		return slices.EqualFunc(a.List, b.List, Equal)
	case SS, NS, BS:
		return len(a.List) == len(b.List) && a.subsetOf(b)
	}
	return true
}

// EqualItems reports whether two items have the same attributes with equal values.
func EqualItems(a, b Item) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		w, ok := b[name]
		if !ok || !Equal(v, w) {
			return false
		}
	}
	return true
}

// smallSet is the size up to which looking through a set beats hashing it.
const smallSet = 16

func (v Value) subsetOf(o Value) bool {
	if len(v.List) <= smallSet {
		return !slices.ContainsFunc(v.List, func(m Value) bool { return !o.Has(m) })
	}
	members := o.members()
	return !slices.ContainsFunc(v.List, func(m Value) bool { return !members[m.memberKey()] })
}

// Has reports whether a set or a list holds a value equal to member.
func (v Value) Has(member Value) bool {
	return slices.ContainsFunc(v.List, func(e Value) bool { return Equal(e, member) })
}

// Union returns the set with the members of o added, in order of first appearance.
func (v Value) Union(o Value) Value {
	members := v.members()
	list := slices.Clip(v.List)
	for _, m := range o.List {
		if !members[m.memberKey()] {
			list = append(list, m)
		}
	}
	return Value{Kind: v.Kind, List: list}
}

// Minus returns the set without the members of o; it may have none left.
func (v Value) Minus(o Value) Value {
	gone := o.members()
	var list []Value
	for _, m := range v.List {
		if !gone[m.memberKey()] {
			list = append(list, m)
		}
	}
	return Value{Kind: v.Kind, List: list}
}

func (v Value) members() map[string]bool {
	members := make(map[string]bool, len(v.List))
	for _, m := range v.List {
		members[m.memberKey()] = true
	}
	return members
}

// memberKey identifies a set's member among members of the same kind.
func (v Value) memberKey() string {
	if v.Kind == N {
		return v.Num.String()
	}
	return v.Text
}

func (v Value) hasDuplicate() bool {
	if len(v.List) > smallSet {
		return len(v.members()) != len(v.List)
	}
	for i, m := range v.List {
		if slices.ContainsFunc(v.List[:i], func(e Value) bool { return Equal(e, m) }) {
			return true
		}
	}
	return false
}
