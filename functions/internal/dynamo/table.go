package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"edgestream/functions/internal/awscall"
)

// Units is what one call consumed.
type Units struct {
	Operation string
	// Capacity is in read or write request units, by the operation.
	Capacity float64
}

// table calls DynamoDB for one table. Errors name the operation and wrap those of awscall.
type table struct {
	client *awscall.Client
	name   string
	meter  func(Units)
}

// parameters of one operation, by DynamoDB's names.
type parameters map[string]any

// answer is what the operations return, each its part.
type answer struct {
	// row is Item, or Attributes; nil if there is none.
	row  item
	rows []item
	// more is LastEvaluatedKey.
	more item
	// left is the keys of UnprocessedKeys, or of the deletions in UnprocessedItems.
	left     []item
	capacity float64
}

// conflict is a condition that did not hold. row is the row that it did not hold for, if the call
// asked for it and there is one.
type conflict struct {
	row   item
	cause error
}

func (c *conflict) Error() string { return c.cause.Error() }
func (c *conflict) Unwrap() error { return c.cause }

// call makes one call. TableName is added unless the operation takes several tables.
func (t *table) call(ctx context.Context, operation string, in parameters) (answer, error) {
	if in["RequestItems"] == nil {
		in["TableName"] = t.name
	}
	if t.meter != nil {
		in["ReturnConsumedCapacity"] = "TOTAL"
	}
	body, err := json.Marshal(in)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", operation, err)
	}
	body, err = t.client.Do(ctx, awscall.Request{Body: body, Header: http.Header{
		"Content-Type": {"application/x-amz-json-1.0"},
		"X-Amz-Target": {"DynamoDB_20120810." + operation},
	}})
	if err != nil {
		return answer{}, t.failure(operation, err)
	}
	a, err := parseAnswer(string(body))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", operation, t.name, err)
	}
	t.count(operation, a.capacity)
	return a, nil
}

// query calls page with every page of rows that a Query selects.
func (t *table) query(ctx context.Context, in parameters, page func([]item)) error {
	for {
		got, err := t.call(ctx, "Query", in)
		if err != nil {
			return err
		}
		page(got.rows)
		if len(got.more) == 0 {
			return nil
		}
		in["ExclusiveStartKey"] = got.more
	}
}

func (t *table) count(operation string, capacity float64) {
	if t.meter != nil {
		t.meter(Units{operation, capacity})
	}
}

func (t *table) failure(operation string, err error) error {
	var e *awscall.Error
	err = fmt.Errorf("%s %s: %w", operation, t.name, err)
	if !errors.As(err, &e) || e.Type != "ConditionalCheckFailedException" {
		return err
	}
	t.count(operation+" (condition failed)", 0) // it is billed too, but not reported
	a, parseErr := parseAnswer(string(e.Body))
	if parseErr != nil {
		return errors.Join(err, parseErr)
	}
	return &conflict{row: a.row, cause: err}
}

func parseAnswer(body string) (a answer, err error) {
	p := parser{in: body}
	p.object(func(name string) {
		switch name {
		case "Item", "Attributes":
			a.row = p.item()
		case "Items":
			p.array(func() { a.rows = append(a.rows, p.item()) })
		case "LastEvaluatedKey":
			a.more = p.item()
		case "Responses":
			p.object(func(string) { p.array(func() { a.rows = append(a.rows, p.item()) }) })
		case "UnprocessedKeys":
			p.object(func(string) { p.unprocessedKeys(&a) })
		case "UnprocessedItems":
			p.object(func(string) { p.array(func() { p.unprocessedDelete(&a) }) })
		case "ConsumedCapacity":
			p.capacity(&a)
		default:
			p.skip()
		}
	})
	return a, p.end()
}

func (p *parser) unprocessedKeys(a *answer) {
	p.object(func(name string) {
		if name != "Keys" {
			p.skip()
			return
		}
		p.array(func() { a.left = append(a.left, p.item()) })
	})
}

func (p *parser) unprocessedDelete(a *answer) {
	p.object(func(string) { // "DeleteRequest"
		p.object(func(string) { // "Key"
			a.left = append(a.left, p.item())
		})
	})
}

// capacity reads one table's consumption, or a list of them.
func (p *parser) capacity(a *answer) {
	if p.peek() == '[' {
		p.array(func() { p.capacity(a) })
		return
	}
	p.object(func(name string) {
		if name != "CapacityUnits" {
			p.skip()
			return
		}
		var units float64
		p.space()
		if json.Unmarshal([]byte(p.bare()), &units) == nil {
			a.capacity += units
		}
	})
}
