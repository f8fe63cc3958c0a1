package dynamodb

import (
	"fmt"

	"edgestream/infra/local/dynamodb/attribute"
)

// Limits on indexes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxLocalIndexes  = 5
	maxGlobalIndexes = 20
)

type keyElement struct{ AttributeName, KeyType string }

type attributeDefinition struct{ AttributeName, AttributeType string }

type throughputSpec struct{ ReadCapacityUnits, WriteCapacityUnits int }

type projectionSpec struct {
	ProjectionType   string
	NonKeyAttributes []string `json:",omitempty"`
}

type indexSpec struct {
	IndexName             string
	KeySchema             []keyElement
	Projection            projectionSpec
	ProvisionedThroughput *throughputSpec
}

// definitions are the AttributeDefinitions by name; used marks those that a key refers to.
type definitions struct {
	kinds map[string]attribute.Kind
	used  map[string]bool
}

func newDefinitions(list []attributeDefinition) (*definitions, error) {
	d := &definitions{map[string]attribute.Kind{}, map[string]bool{}}
	for _, def := range list {
		kind := attribute.KindOf(def.AttributeType)
		if !kind.Comparable() {
			return nil, constraint(def.AttributeType, "attributeDefinitions.1.member.attributeType", "Member must satisfy enum value set: [B, N, S]")
		}
		if _, twice := d.kinds[def.AttributeName]; twice {
			return nil, invalidValues("Duplicate AttributeName in AttributeDefinitions: %s", def.AttributeName)
		}
		d.kinds[def.AttributeName] = kind
	}
	return d, nil
}

// checkAllUsed refuses definitions that belong to no key.
func (d *definitions) checkAllUsed() error {
	if len(d.used) == len(d.kinds) {
		return nil
	}
	return invalidValues("Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
}

// key makes the schema of a table or index.
func (d *definitions) key(elements []keyElement) (keySchema, error) {
	var k keySchema
	if len(elements) == 0 || len(elements) > 2 {
		return k, invalid("1 validation error detected: Value '%s' at 'keySchema' failed to satisfy constraint: Member must have length between 1 and 2", keyNames(elements))
	}
	for i, want := range []string{"HASH", "RANGE"}[:len(elements)] {
		if elements[i].KeyType != want {
			return k, invalid("Invalid KeySchema: The key element %d is not a %s key type", i+1, want)
		}
		kind, ok := d.kinds[elements[i].AttributeName]
		if !ok {
			return k, invalidValues("Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", elements[i].AttributeName)
		}
		d.used[elements[i].AttributeName] = true
		part := keyAttribute{elements[i].AttributeName, kind}
		if i == 0 {
			k.hash = part
		} else {
			k.sort = part
		}
	}
	if k.hash.name == k.sort.name {
		return k, invalid("Invalid KeySchema: Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	return k, nil
}

func keyNames(elements []keyElement) string {
	names := make([]string, len(elements))
	for i, e := range elements {
		names[i] = e.AttributeName
	}
	return fmt.Sprint(names)
}

func (t *table) addIndexes(d *definitions, local, global []indexSpec) error {
	switch {
	case global != nil && len(global) == 0:
		return invalidValues("List of GlobalSecondaryIndexes is empty")
	case local != nil && len(local) == 0:
		return invalidValues("List of LocalSecondaryIndexes is empty")
	case local != nil && t.schema.sort.name == "":
		return invalidValues("Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	case len(local) > maxLocalIndexes || len(global) > maxGlobalIndexes:
		return invalidValues("A table has at most %d local and %d global secondary indexes", maxLocalIndexes, maxGlobalIndexes)
	}
	for _, spec := range local {
		if err := t.addIndex(d, spec, false); err != nil {
			return err
		}
		if x := t.indexes[len(t.indexes)-1]; x.schema.hash != t.schema.hash || x.schema.sort.name == "" {
			return invalidValues("Index KeySchema does not have the table's hash key and a range key for index: %s", spec.IndexName)
		}
	}
	for _, spec := range global {
		if err := t.addIndex(d, spec, true); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addIndex(d *definitions, spec indexSpec, global bool) error {
	if err := checkName("indexName", spec.IndexName); err != nil {
		return err
	}
	if t.index(spec.IndexName) != nil {
		return invalidValues("Duplicate index name: %s", spec.IndexName)
	}
	schema, err := d.key(spec.KeySchema)
	if err != nil {
		return err
	}
	if err := spec.Projection.check(); err != nil {
		return err
	}
	t.indexes = append(t.indexes, &index{
		name: spec.IndexName, global: global, schema: schema, tree: newTree(),
		projection: spec.Projection.ProjectionType, include: spec.Projection.NonKeyAttributes,
		throughput: spec.ProvisionedThroughput,
	})
	return nil
}

func (p projectionSpec) check() error {
	switch p.ProjectionType {
	case "":
		return invalidValues("Unknown ProjectionType: null")
	case "INCLUDE":
		if len(p.NonKeyAttributes) == 0 {
			return invalidValues("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		}
		return nil
	case "ALL", "KEYS_ONLY":
		if len(p.NonKeyAttributes) > 0 {
			return invalidValues("ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
		}
		return nil
	}
	return constraint(p.ProjectionType, "projection.projectionType", "Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]")
}
