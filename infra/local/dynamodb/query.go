package dynamodb

import (
	"math/bits"

	"edgestream/infra/local/dynamodb/expression"
)

type queryInput struct {
	pageSpec
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
func (e *Engine) query(in *queryInput) (object, error) {
	p, err := e.newPager(&in.pageSpec)
	if err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	terms, err := p.setExpressions(&in.pageSpec, in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	keys, err := rangeOf(p.schema, terms)
	if err != nil {
		return nil, err
	}
	if err := checkFilterKeys(p.schema, p.filter); err != nil {
		return nil, err
	}
	if p.start, err = startRow(p.table, p.index, in.ExclusiveStartKey); err != nil {
		return nil, err
	}
	if p.start != nil && !keys.contains(p.start) {
		return nil, invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	forward := in.ScanIndexForward == nil || *in.ScanIndexForward
	p.table.mu.RLock()
	keys.walk(p.tree, forward, p.start, p.visit)
	p.table.mu.RUnlock()
	return p.result(), nil
}

// checkFilterKeys refuses a Query whose filter looks at the key, which belongs
// in the key condition.
func checkFilterKeys(schema keySchema, filter *expression.Condition) error {
	if filter == nil {
		return nil
	}
	for name := range filter.Roots {
		if schema.has(name) {
			return invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
		}
	}
	return nil
}

// maxSegments is how many ways a Scan can be divided.
const maxSegments = 1_000_000

type scanInput struct {
	pageSpec
	Segment, TotalSegments *int
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
func (e *Engine) scan(in *scanInput) (object, error) {
	low, high, err := in.hashes()
	if err != nil {
		return nil, err
	}
	p, err := e.newPager(&in.pageSpec)
	if err != nil {
		return nil, err
	}
	if _, err := p.setExpressions(&in.pageSpec, nil); err != nil {
		return nil, err
	}
	if p.start, err = startRow(p.table, p.index, in.ExclusiveStartKey); err != nil {
		return nil, err
	}
	if p.start != nil && (p.start.hash < low || p.start.hash > high) {
		return nil, invalid("The provided starting key is outside the segment")
	}
	p.table.mu.RLock()
	p.scanHashes(low, high)
	p.table.mu.RUnlock()
	return p.result(), nil
}

func (p *pager) scanHashes(low, high uint64) {
	first := p.start
	if first == nil {
		first = &row{hash: low}
	}
	p.tree.Ascend(first, func(at *row) bool {
		switch {
		case at.hash > high:
			return false
		case p.start != nil && !before(p.start, at):
			return true
		}
		return p.visit(at)
	})
}

// hashes returns the range of hashes of the segment, by default all.
func (in *scanInput) hashes() (low, high uint64, err error) {
	switch {
	case in.Segment == nil && in.TotalSegments == nil:
		return 0, 1<<64 - 1, nil
	case in.TotalSegments == nil:
		return 0, 0, invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil:
		return 0, 0, invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *in.TotalSegments < 1 || *in.TotalSegments > maxSegments:
		return 0, 0, constraint(*in.TotalSegments, "totalSegments", "Member must have value between 1 and 1000000")
	case *in.Segment < 0 || *in.Segment >= *in.TotalSegments:
		return 0, 0, invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments)
	}
	low = boundary(*in.Segment, *in.TotalSegments)
	if *in.Segment == *in.TotalSegments-1 {
		return low, 1<<64 - 1, nil
	}
	return low, boundary(*in.Segment+1, *in.TotalSegments) - 1, nil
}

// boundary returns segment × 2⁶⁴ / total.
func boundary(segment, total int) uint64 {
	quotient, _ := bits.Div64(uint64(segment), 0, uint64(total))
	return quotient
}
