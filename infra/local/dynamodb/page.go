package dynamodb

import (
	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// maxPage is how many bytes a page of a Query or Scan may read.
const maxPage = 1 << 20

// pageSpec are the parameters that Query and Scan share.
type pageSpec struct {
	TableName              string
	IndexName              string
	Select                 string
	Limit                  *int
	ConsistentRead         bool
	ExclusiveStartKey      attribute.Item
	FilterExpression       *string
	ProjectionExpression   *string
	ReturnConsumedCapacity string
	placeholders
	legacy
}

// pager collects one page of a Query or Scan.
type pager struct {
	table      *table
	index      *index // nil: the table itself
	schema     keySchema
	tree       *tree
	start      *row
	limit      int
	consistent bool
	countOnly  bool
	fetch      bool // an LSI that lacks attributes: take them from the table
	filter     *expression.Condition
	projection *expression.Projection
	detail     string

	items   []attribute.Item
	count   int
	scanned int
	bytes   int
	fetched float64 // read units of fetches
	last    *row    // where the page ended early
	full    bool
}

func (e *Engine) newPager(in *pageSpec) (*pager, error) {
	err := firstError(in.refuse(), checkCapacityParameter(in.ReturnConsumedCapacity), atLeast("limit", in.Limit, 1),
		oneOf("select", in.Select, "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"))
	if err != nil {
		return nil, err
	}
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	p := &pager{table: t, schema: t.schema, tree: t.tree, consistent: in.ConsistentRead,
		countOnly: in.Select == "COUNT", detail: in.ReturnConsumedCapacity}
	if in.Limit != nil {
		p.limit = *in.Limit
	}
	if err := p.setIndex(in); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pager) setIndex(in *pageSpec) error {
	if in.IndexName == "" {
		if in.Select == "ALL_PROJECTED_ATTRIBUTES" {
			return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
		}
		return nil
	}
	x := p.table.index(in.IndexName)
	if x == nil {
		return invalid("The table does not have the specified index: %s", in.IndexName)
	}
	if x.global && in.ConsistentRead {
		return invalid("Consistent reads are not supported on global secondary indexes")
	}
	p.index, p.schema, p.tree = x, x.schema, x.tree
	return nil
}

// setExpressions parses filter and projection, and key if it is not nil.
func (p *pager) setExpressions(in *pageSpec, key *string) (terms []expression.KeyTerm, err error) {
	subs, err := in.substitutions(key, in.FilterExpression, in.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	if key != nil {
		if terms, err = expression.ParseKeyCondition(*key, subs); err != nil {
			return nil, err
		}
	}
	if p.filter, err = parseCondition(expression.FilterClause, in.FilterExpression, subs); err != nil {
		return nil, err
	}
	if p.projection, err = parseProjection(in.ProjectionExpression, subs); err != nil {
		return nil, err
	}
	if err := subs.CheckUsed(); err != nil {
		return nil, err
	}
	return terms, p.checkSelect(in)
}

func (p *pager) checkSelect(in *pageSpec) error {
	switch {
	case in.Select == "SPECIFIC_ATTRIBUTES" && p.projection == nil:
		return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case in.Select == "COUNT" && p.projection != nil:
		return invalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
	case in.Select != "" && in.Select != "SPECIFIC_ATTRIBUTES" && p.projection != nil:
		return invalid("Cannot specify the ProjectionExpression when choosing to get %s", in.Select)
	}
	return p.checkIndexed(in)
}

// checkIndexed refuses attributes that a global index does not have, and
// decides whether a local one must look them up.
func (p *pager) checkIndexed(in *pageSpec) error {
	x := p.index
	if x == nil || x.projection == "ALL" {
		return nil
	}
	if in.Select == "ALL_ATTRIBUTES" {
		if x.global {
			return invalidValues("Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", x.name)
		}
		p.fetch = true
	}
	if p.projection == nil {
		return nil
	}
	for _, name := range p.projection.Roots() {
		if x.holds(p.table.schema, name) {
			continue
		}
		if x.global {
			return invalidValues("Global secondary index %s does not project [%s]", x.name, name)
		}
		p.fetch = true
	}
	return nil
}

// visit takes one row into the page; false ends the page.
func (p *pager) visit(at *row) bool {
	if p.scanned > 0 && p.bytes+at.size > maxPage {
		p.full = true
		return false
	}
	p.scanned++
	p.bytes += at.size
	p.last = at
	item := at.item
	if p.fetch {
		item = p.fetchWhole(item)
	}
	if p.filter == nil || p.filter.Matches(item) {
		p.count++
		p.keep(item)
	}
	if p.scanned == p.limit {
		p.full = true
		return false
	}
	return true
}

// fetchWhole reads the item behind an entry of a local index.
func (p *pager) fetchWhole(item attribute.Item) attribute.Item {
	base := p.table.rowAt(p.table.schema.locate(item))
	p.fetched += readUnits(sizeOf(base), p.consistent)
	return itemOf(base)
}

func (p *pager) keep(item attribute.Item) {
	switch {
	case p.countOnly:
	case p.projection != nil:
		p.items = append(p.items, p.projection.Apply(item))
	default:
		p.items = append(p.items, item)
	}
}

// result makes the response.
func (p *pager) result() object {
	out := object{}.
		with(!p.countOnly, "Items", p.items).
		with(true, "Count", p.count).
		with(true, "ScannedCount", p.scanned)
	if p.full {
		out = append(out, member{"LastEvaluatedKey", p.lastKey()})
	}
	return append(out, member{"ConsumedCapacity", p.capacity()})
}

func (p *pager) lastKey() attribute.Item {
	key := p.table.schema.keyOf(p.last.item)
	if p.index != nil {
		for _, part := range p.index.schema.parts() {
			key[part.name] = p.last.item[part.name]
		}
	}
	return key
}

func (p *pager) capacity() any {
	used := capacity{table: p.fetched}
	units := readUnits(p.bytes, p.consistent)
	if p.index != nil {
		used.addIndex(p.index, units)
	} else {
		used.table += units
	}
	return used.report(p.table, p.detail, "")
}
