// Package attribute holds DynamoDB's attribute values: what they are, how they
// read and write as JSON, how they compare, and how many bytes they count for.
//
// A Value never changes once it is made. An update builds new values along the
// path that it touches and shares the rest, so a stored item, a page of a query
// and the images of a stream record can all point at the same memory without a
// copy and without a lock.
//
// The format follows the AttributeValue shape of the DynamoDB API:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
package attribute

import "maps"

// Kind is the data type of a Value, spelled as the API spells it.
type Kind uint8

// The ten data types. The zero Kind is no type: a Value with it stands for "no attribute".
const (
	None Kind = iota
	S
	N
	B
	BOOL
	NULL
	M
	L
	SS
	NS
	BS
)

var kindNames = [...]string{"", "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

// String returns the descriptor that the API uses, such as "S" or "NS".
func (k Kind) String() string { return kindNames[k] }

// KindOf returns the kind that the descriptor names, or None.
func KindOf(descriptor string) Kind {
	for k, name := range kindNames {
		if k > 0 && name == descriptor {
			return Kind(k)
		}
	}
	return None
}

// IsSet reports whether k is one of the three set types.
func (k Kind) IsSet() bool { return k == SS || k == NS || k == BS }

// Element returns the type of a set's members: S for SS, N for NS, B for BS, else None.
func (k Kind) Element() Kind {
	switch k {
	case SS:
		return S
	case NS:
		return N
	case BS:
		return B
	}
	return None
}

// Value is one attribute value. Which fields count depends on Kind.
type Value struct {
	Kind Kind
	Bool bool    // BOOL
	Text string  // S: the text; B: the bytes
	Num  Number  // N
	List []Value // L: the elements; SS, NS, BS: the members, each of the element kind
	Map  Item    // M
}

// Item is a whole item, or the inside of a map: attribute names and their values.
// An item that has been stored is never written to again.
type Item map[string]Value

// Clone returns a copy of the item that shares its values.
func (it Item) Clone() Item {
	if it == nil {
		return Item{}
	}
	return maps.Clone(it)
}

// String makes a value of type S.
func String(s string) Value { return Value{Kind: S, Text: s} }

// Binary makes a value of type B from raw bytes.
func Binary(b string) Value { return Value{Kind: B, Text: b} }

// Numeric makes a value of type N.
func Numeric(n Number) Value { return Value{Kind: N, Num: n} }

// ListOf makes a value of type L.
func ListOf(vs []Value) Value { return Value{Kind: L, List: vs} }

// MapOf makes a value of type M.
func MapOf(m Item) Value { return Value{Kind: M, Map: m} }
