package attribute

import "unicode/utf8"

// What a list or a map, and each of its elements, counts for beyond its content.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
const (
	containerOverhead = 3
	elementOverhead   = 1
)

// Size returns the bytes that the item counts for in limits and consumed
// capacity: the names and the values, all of them.
func (it Item) Size() int {
	size := 0
	for name, v := range it {
		size += len(name) + v.Size()
	}
	return size
}

// Size returns the bytes that the value counts for.
func (v Value) Size() int {
	switch v.Kind {
	case S, B:
		return len(v.Text)
	case N:
		return v.Num.Size()
	case BOOL, NULL:
		return 1
	case M:
		return containerOverhead + elementOverhead*len(v.Map) + v.Map.Size()
	case L:
		return containerOverhead + elementOverhead*len(v.List) + sumSizes(v.List)
	case SS, NS, BS:
		return sumSizes(v.List)
	}
	return 0
}

func sumSizes(vs []Value) int {
	size := 0
	for _, v := range vs {
		size += v.Size()
	}
	return size
}

// Size returns the bytes of a number: one for every two digits, counted from an
// even power of ten, one for the exponent, and one more for a minus.
func (n Number) Size() int {
	if n.sign == 0 {
		return 1
	}
	digits := len(n.digits)
	if n.exp&1 != 0 {
		digits++
	}
	size := 1 + (digits+1)/2
	if n.sign < 0 {
		size++
	}
	return min(size, 21)
}

// Length returns what the size function of an expression yields: characters of
// nothing but S, bytes of B, elements of a set, list or map. ok is false for the
// kinds that have no size.
func (v Value) Length() (n int, ok bool) {
	switch v.Kind {
	case S:
		return utf8.RuneCountInString(v.Text), true
	case B:
		return len(v.Text), true
	case M:
		return len(v.Map), true
	case L, SS, NS, BS:
		return len(v.List), true
	}
	return 0, false
}
