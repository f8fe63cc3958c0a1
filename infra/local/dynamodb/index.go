package dynamodb

import (
	"slices"

	"edgestream/infra/local/dynamodb/attribute"
)

// index is a local or global secondary index.
type index struct {
	name       string
	global     bool
	schema     keySchema
	projection string   // ALL, KEYS_ONLY or INCLUDE
	include    []string // attributes that INCLUDE names
	throughput *throughputSpec
	tree       *tree
	bytes      int
}

// rowFor returns the row that the index has for a row of its table, or nil if
// the item lacks an attribute of the index's key.
func (x *index) rowFor(table keySchema, base *row) *row {
	if base == nil {
		return nil
	}
	for _, part := range x.schema.parts() {
		if base.item[part.name].Kind != part.kind {
			return nil
		}
	}
	r := x.schema.locate(base.item)
	r.id = base.identity()
	r.size = base.size
	if x.projection != "ALL" {
		r.item = x.project(table, base.item)
		r.size = r.item.Size()
	}
	return r
}

// project picks the attributes that the index holds.
func (x *index) project(table keySchema, item attribute.Item) attribute.Item {
	picked := make(attribute.Item, 4+len(x.include))
	for name, v := range item {
		if x.holds(table, name) {
			picked[name] = v
		}
	}
	return picked
}

// holds reports whether an attribute is in the index's items.
func (x *index) holds(table keySchema, name string) bool {
	return x.projection == "ALL" || x.schema.has(name) || table.has(name) || slices.Contains(x.include, name)
}

// replace swaps one row for another and returns the write units that it took.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations
func (x *index) replace(old, next *row) float64 {
	switch {
	case old == nil && next == nil:
		return 0
	case old != nil && next != nil && !before(old, next) && !before(next, old):
		if attribute.EqualItems(old.item, next.item) {
			return 0
		}
		x.tree.Set(next)
		x.bytes += next.size - old.size
		return writeUnits(max(old.size, next.size))
	}
	units := 0.0
	if old != nil {
		x.tree.Delete(old)
		x.bytes -= old.size
		units += writeUnits(old.size)
	}
	if next != nil {
		x.tree.Set(next)
		x.bytes += next.size
		units += writeUnits(next.size)
	}
	return units
}

// checkKeys refuses an item that has an attribute of the index's key with another type or an empty value.
func (x *index) checkKeys(item attribute.Item) error {
	for i, part := range x.schema.parts() {
		v, ok := item[part.name]
		if !ok {
			continue
		}
		if v.Kind != part.kind {
			return invalidValues("Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", part.name, part.kind, v.Kind, x.name)
		}
		if v.Kind != attribute.N && v.Text == "" {
			return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", nounOf(v.Kind), x.name, part.name)
		}
		if err := checkKeyValue(part, v, i == 0); err != nil {
			return err
		}
	}
	return nil
}
