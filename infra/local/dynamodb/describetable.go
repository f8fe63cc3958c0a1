package dynamodb

import (
	"slices"

	"edgestream/infra/local/dynamodb/attribute"
)

type tableInput struct{ TableName string }

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
func (e *Engine) describeTable(in *tableInput) (object, error) {
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return object{{"Table", t.describe("ACTIVE")}}, nil
}

// describe makes a TableDescription. The caller holds t.mu, or nobody else knows the table yet.
func (t *table) describe(status string) object {
	s := &t.settings
	o := object{
		{"AttributeDefinitions", t.definitions()},
		{"TableName", t.name},
		{"KeySchema", t.schema.describe()},
		{"TableStatus", status},
		{"CreationDateTime", t.created},
		{"ProvisionedThroughput", s.throughput.describe()},
		{"TableSizeBytes", t.bytes},
		{"ItemCount", t.tree.Len()},
		{"TableArn", t.arn},
		{"TableId", t.id},
		{"DeletionProtectionEnabled", s.deletionProtection},
	}
	o = o.with(s.billing == "PAY_PER_REQUEST", "BillingModeSummary", object{
		{"BillingMode", s.billing}, {"LastUpdateToPayPerRequestDateTime", s.billingSince}})
	o = o.with(s.class != "", "TableClassSummary", object{{"TableClass", s.class}})
	o = t.describeIndexes(o, "LocalSecondaryIndexes", false)
	o = t.describeIndexes(o, "GlobalSecondaryIndexes", true)
	o = o.with(len(s.encryption) > 0 && string(s.encryption) != "null", "SSEDescription", object{{"Status", "ENABLED"}, {"SSEType", "KMS"}})
	if t.stream == nil {
		return o
	}
	enabled := t.stream.isEnabled()
	return o.
		with(enabled, "StreamSpecification", streamSpec{true, t.stream.view}).
		with(true, "LatestStreamLabel", t.stream.label).
		with(true, "LatestStreamArn", t.stream.arn)
}

func (t *table) describeIndexes(o object, member string, global bool) object {
	var list []object
	for _, x := range t.indexes {
		if x.global == global {
			list = append(list, x.describe(t.arn))
		}
	}
	return o.with(len(list) > 0, member, list)
}

func (x *index) describe(tableARN string) object {
	o := object{
		{"IndexName", x.name},
		{"KeySchema", x.schema.describe()},
		{"Projection", projectionSpec{x.projection, x.include}},
		{"IndexSizeBytes", x.bytes},
		{"ItemCount", x.tree.Len()},
		{"IndexArn", tableARN + "/index/" + x.name},
	}
	if !x.global {
		return o
	}
	throughput := throughputSpec{}
	if x.throughput != nil {
		throughput = *x.throughput
	}
	return append(o, object{{"IndexStatus", "ACTIVE"}, {"ProvisionedThroughput", throughput.describe()}}...)
}

func (s throughputSpec) describe() object {
	return object{{"NumberOfDecreasesToday", 0}, {"ReadCapacityUnits", s.ReadCapacityUnits}, {"WriteCapacityUnits", s.WriteCapacityUnits}}
}

func (k keySchema) describe() []keyElement {
	list := []keyElement{{k.hash.name, "HASH"}}
	if k.sort.name != "" {
		list = append(list, keyElement{k.sort.name, "RANGE"})
	}
	return list
}

// definitions lists the attributes that some key refers to.
func (t *table) definitions() []attributeDefinition {
	kinds := map[string]attribute.Kind{}
	schemas := []keySchema{t.schema}
	for _, x := range t.indexes {
		schemas = append(schemas, x.schema)
	}
	var list []attributeDefinition
	for _, k := range schemas {
		for _, part := range k.parts() {
			if _, seen := kinds[part.name]; !seen {
				kinds[part.name] = part.kind
				list = append(list, attributeDefinition{part.name, part.kind.String()})
			}
		}
	}
	return list
}

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html
func (e *Engine) listTables(in *listTablesInput) (object, error) {
	if err := atLeast("limit", in.Limit, 1); err != nil {
		return nil, err
	}
	limit := 100
	if in.Limit != nil {
		if limit = *in.Limit; limit > 100 {
			return nil, constraint(limit, "limit", "Member must have value less than or equal to 100")
		}
	}
	names := e.tableNames()
	names = slices.DeleteFunc(names, func(name string) bool { return name <= in.ExclusiveStartTableName })
	if len(names) <= limit {
		return object{{"TableNames", names}}, nil
	}
	return object{{"TableNames", names[:limit]}, {"LastEvaluatedTableName", names[limit-1]}}, nil
}

// tableNames returns the names of all tables, sorted; never nil.
func (e *Engine) tableNames() []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	names := make([]string, 0, len(e.tables))
	for name := range e.tables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
