package dynamodb

import (
	"edgestream/infra/local/dynamodb/attribute"
)

// Limits on keys.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxHashKey = 2048
	maxSortKey = 1024
)

// keyAttribute is a part of a key: an attribute and its type, S, N or B.
type keyAttribute struct {
	name string
	kind attribute.Kind
}

// keySchema is the primary key of a table or an index; sort.name is "" if it has no sort key.
type keySchema struct{ hash, sort keyAttribute }

func (k keySchema) parts() []keyAttribute {
	if k.sort.name == "" {
		return []keyAttribute{k.hash}
	}
	return []keyAttribute{k.hash, k.sort}
}

func (k keySchema) has(name string) bool {
	return name == k.hash.name || name == k.sort.name && name != ""
}

// keyOf picks the key attributes out of an item.
func (k keySchema) keyOf(item attribute.Item) attribute.Item {
	key := make(attribute.Item, 3)
	for _, part := range k.parts() {
		key[part.name] = item[part.name]
	}
	return key
}

// locate places an item that has a valid key.
func (k keySchema) locate(item attribute.Item) *row {
	r := &row{pk: item[k.hash.name].Sortable(), item: item}
	if k.sort.name != "" {
		r.sk = item[k.sort.name].Sortable()
	}
	r.hash = hashOf(r.pk)
	return r
}

// checkItem refuses an item whose primary key is absent or not allowed.
func (k keySchema) checkItem(item attribute.Item) error {
	for _, part := range k.parts() {
		v, ok := item[part.name]
		if !ok {
			return invalidValues("Missing the key %s in the item", part.name)
		}
		if v.Kind != part.kind {
			return invalidValues("Type mismatch for key %s expected: %s actual: %s", part.name, part.kind, v.Kind)
		}
	}
	return k.checkValues(item)
}

// checkKey refuses a key that is not exactly the primary key.
func (k keySchema) checkKey(key attribute.Item) error {
	if len(key) != len(k.parts()) {
		return invalid("The provided key element does not match the schema")
	}
	for _, part := range k.parts() {
		if key[part.name].Kind != part.kind {
			return invalid("The provided key element does not match the schema")
		}
	}
	return k.checkValues(key)
}

func (k keySchema) checkValues(item attribute.Item) error {
	for i, part := range k.parts() {
		if err := checkKeyValue(part, item[part.name], i == 0); err != nil {
			return err
		}
	}
	return nil
}

func checkKeyValue(part keyAttribute, v attribute.Value, isHash bool) error {
	if v.Kind != attribute.N && v.Text == "" {
		return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", nounOf(v.Kind), part.name)
	}
	if isHash && len(v.Text) > maxHashKey {
		return invalidValues("Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if !isHash && len(v.Text) > maxSortKey {
		return invalidValues("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func nounOf(kind attribute.Kind) string {
	if kind == attribute.B {
		return "binary"
	}
	return "string"
}
