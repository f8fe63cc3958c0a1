package dynamodb

import (
	"strings"

	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// keyRange is the part of a tree that a Query asks for: one partition, and a
// range of encoded sort keys in it.
type keyRange struct {
	hash              uint64
	pk                string
	low, high         string // inclusive, unless open
	lowOpen, highOpen bool
}

// rangeOf checks the terms of a KeyConditionExpression against a key and makes
// the range from them.
func rangeOf(schema keySchema, terms []expression.KeyTerm) (keyRange, error) {
	r := keyRange{high: topKey}
	var hash, sort *expression.KeyTerm
	for i := range terms {
		switch terms[i].Name {
		case schema.hash.name:
			hash = &terms[i]
		case schema.sort.name:
			sort = &terms[i]
		}
	}
	switch {
	case hash == nil:
		return r, invalid("Query condition missed key schema element: %s", schema.hash.name)
	case hash.Op != "=":
		return r, invalid("Query key condition not supported")
	case len(terms) == 2 && sort == nil && schema.sort.name == "":
		return r, invalid("Query key condition not supported")
	case len(terms) == 2 && sort == nil:
		return r, invalid("Query condition missed key schema element: %s", schema.sort.name)
	}
	if err := checkTerm(schema.hash, hash, true); err != nil {
		return r, err
	}
	r.pk = hash.Values[0].Sortable()
	r.hash = hashOf(r.pk)
	if sort == nil {
		return r, nil
	}
	if err := checkTerm(schema.sort, sort, false); err != nil {
		return r, err
	}
	r.narrow(sort)
	return r, nil
}

func checkTerm(part keyAttribute, term *expression.KeyTerm, isHash bool) error {
	for _, v := range term.Values {
		if v.Kind != part.kind {
			return invalidValues("Condition parameter type does not match schema type")
		}
		if err := checkKeyValue(part, v, isHash); err != nil {
			return err
		}
	}
	return nil
}

// narrow applies the condition on the sort key.
func (r *keyRange) narrow(term *expression.KeyTerm) {
	v := term.Values[0].Sortable()
	switch term.Op {
	case "=":
		r.low, r.high = v, v
	case "<", "<=":
		r.high, r.highOpen = v, term.Op == "<"
	case ">", ">=":
		r.low, r.lowOpen = v, term.Op == ">"
	case "BETWEEN":
		r.low, r.high = v, term.Values[1].Sortable()
	case "begins_with":
		r.low, r.high = v, v+topKey
	}
}

// above and below report whether a sort key lies past that end of the range.
func (r *keyRange) above(sk string) bool {
	c := strings.Compare(sk, r.high)
	return c > 0 || c == 0 && r.highOpen
}

func (r *keyRange) below(sk string) bool {
	c := strings.Compare(sk, r.low)
	return c < 0 || c == 0 && r.lowOpen
}

// contains reports whether a row lies in the range.
func (r *keyRange) contains(at *row) bool {
	return at.pk == r.pk && !r.below(at.sk) && !r.above(at.sk)
}

// walk visits the rows of the range in order, or in reverse, beginning after
// start if there is one, until visit returns false.
func (r *keyRange) walk(t *tree, forward bool, start *row, visit func(*row) bool) {
	first := start
	if first == nil {
		first = &row{hash: r.hash, pk: r.pk, sk: r.low}
		if !forward {
			first.sk, first.id = r.high, topKey
		}
	}
	step := func(at *row) bool {
		switch {
		case at.pk != r.pk || at.hash != r.hash:
			return false
		case start != nil && !before(at, start) && !before(start, at):
			return true
		case r.below(at.sk):
			return forward
		case r.above(at.sk):
			return !forward
		}
		return visit(at)
	}
	if forward {
		t.Ascend(first, step)
	} else {
		t.Descend(first, step)
	}
}

// startRow reads an ExclusiveStartKey: the key of the table and, in an index, of the index.
func startRow(t *table, x *index, key attribute.Item) (*row, error) {
	if key == nil {
		return nil, nil
	}
	want := map[string]attribute.Kind{}
	for _, part := range t.schema.parts() {
		want[part.name] = part.kind
	}
	if x != nil {
		for _, part := range x.schema.parts() {
			want[part.name] = part.kind
		}
	}
	if len(key) != len(want) {
		return nil, invalid("The provided starting key is invalid")
	}
	for name, kind := range want {
		if key[name].Kind != kind {
			return nil, invalid("The provided starting key is invalid: The provided key element does not match the schema")
		}
	}
	base := t.schema.locate(key)
	if x == nil {
		return base, nil
	}
	at := x.schema.locate(key)
	at.id = base.identity()
	return at, nil
}
