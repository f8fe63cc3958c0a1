package table

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

// Table calls DynamoDB for one table. Errors name the operation and wrap those of awscall.
type Table struct {
	client *awscall.Client
	name   string
	meter  func(Units)
}

// New uses the table with this name.
func New(client *awscall.Client, name string) Table { return Table{client: client, name: name} }

// Name is the table's name.
func (t *Table) Name() string { return t.name }

// Meter has every call's consumed capacity reported, for measurements. Call it before any use;
// report is called by many goroutines at once.
func (t *Table) Meter(report func(Units)) { t.meter = report }

// Parameters of one operation, by DynamoDB's names.
type Parameters map[string]any

// Call makes one call. TableName is added unless the operation takes several tables.
func (t *Table) Call(ctx context.Context, operation string, in Parameters) (Answer, error) {
	if in["RequestItems"] == nil {
		in["TableName"] = t.name
	}
	if t.meter != nil {
		in["ReturnConsumedCapacity"] = "TOTAL"
	}
	body, err := json.Marshal(in)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", operation, err)
	}
	body, err = t.client.Do(ctx, awscall.Request{Body: body, Header: http.Header{
		"Content-Type": {"application/x-amz-json-1.0"},
		"X-Amz-Target": {"DynamoDB_20120810." + operation},
	}})
	if err != nil {
		return Answer{}, t.failure(operation, err)
	}
	a, err := parseAnswer(string(body))
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", operation, t.name, err)
	}
	t.count(operation, a.capacity)
	return a, nil
}

// Put writes a row, whatever is there.
func (t *Table) Put(ctx context.Context, row Item) error {
	_, err := t.Call(ctx, "PutItem", Parameters{"Item": row})
	return err
}

// Query calls page with every page of rows that a Query selects.
func (t *Table) Query(ctx context.Context, in Parameters, page func([]Item)) error {
	for {
		got, err := t.Call(ctx, "Query", in)
		if err != nil {
			return err
		}
		page(got.Rows)
		if len(got.More) == 0 {
			return nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}

func (t *Table) count(operation string, capacity float64) {
	if t.meter != nil {
		t.meter(Units{operation, capacity})
	}
}

func (t *Table) failure(operation string, err error) error {
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
	return &Conflict{Row: a.Row, cause: err}
}
