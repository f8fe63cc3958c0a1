package dynamodb

import (
	"encoding/json"

	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// Limits of batches. A response of a BatchGetItem ends at 16 MB; the keys it did
// not come to are returned as UnprocessedKeys.
const (
	maxBatchGet      = 100
	maxBatchWrite    = 25
	maxBatchResponse = 16 << 20
)

type batchKeys struct {
	Keys                     []attribute.Item
	ConsistentRead           bool
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
	AttributesToGet          json.RawMessage   `json:",omitempty"`
}

type batchGetInput struct {
	RequestItems map[string]batchKeys
	reporting
}

// tableRead is the part of a BatchGetItem that concerns one table.
type tableRead struct {
	table      *table
	request    batchKeys
	places     []*row
	projection *expression.Projection
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
func (e *Engine) batchGetItem(in *batchGetInput) (object, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var reads []*tableRead
	for name, keys := range in.RequestItems {
		r, err := e.prepareTableRead(name, keys)
		if err != nil {
			return nil, err
		}
		reads = append(reads, r)
	}
	responses, left := object{}, object{}
	var consumed []object
	room := maxBatchResponse
	for _, r := range reads {
		items, unread, used := r.run(&room)
		responses = append(responses, member{r.table.name, items})
		left = left.with(unread != nil, r.table.name, unread)
		consumed = appendReport(consumed, used.report(r.table, in.ReturnConsumedCapacity, ""))
	}
	return object{{"Responses", responses}, {"UnprocessedKeys", left}}.
		with(consumed != nil, "ConsumedCapacity", consumed), nil
}

// appendReport collects what capacity.report yields.
func appendReport(list []object, report any) []object {
	if o, ok := report.(object); ok {
		return append(list, o)
	}
	return list
}

func (in *batchGetInput) check() error {
	total := 0
	for name, keys := range in.RequestItems {
		if len(keys.Keys) == 0 {
			return invalid("The list of keys in RequestItems for BatchGetItem is required: %s", name)
		}
		if len(keys.AttributesToGet) > 0 {
			return legacy{AttributesToGet: keys.AttributesToGet}.refuse()
		}
		total += len(keys.Keys)
	}
	switch {
	case total == 0:
		return invalid("The requestItems parameter is required for BatchGetItem")
	case total > maxBatchGet:
		return invalid("Too many items requested for the BatchGetItem call")
	}
	return in.reporting.check()
}

func (e *Engine) prepareTableRead(name string, keys batchKeys) (*tableRead, error) {
	t, err := e.table(name)
	if err != nil {
		return nil, err
	}
	r := &tableRead{table: t, request: keys}
	if r.projection, err = projectionOf(keys.ProjectionExpression, keys.ExpressionAttributeNames); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, key := range keys.Keys {
		if err := t.schema.checkKey(key); err != nil {
			return nil, err
		}
		at := t.schema.locate(key)
		if seen[at.identity()] {
			return nil, invalid("Provided list of item keys contains duplicates")
		}
		seen[at.identity()] = true
		r.places = append(r.places, at)
	}
	return r, nil
}

// run reads until the room in the response is used up; left are the keys beyond.
func (r *tableRead) run(room *int) (items []attribute.Item, left any, used capacity) {
	r.table.mu.RLock()
	defer r.table.mu.RUnlock()
	items = []attribute.Item{}
	for i, at := range r.places {
		stored := r.table.rowAt(at)
		if sizeOf(stored) > *room {
			rest := r.request
			rest.Keys = r.request.Keys[i:]
			return items, rest, used
		}
		*room -= sizeOf(stored)
		used.table += readUnits(sizeOf(stored), r.request.ConsistentRead)
		if stored != nil {
			items = append(items, (&read{projection: r.projection}).result(stored))
		}
	}
	return items, nil, used
}

type writeRequest struct {
	PutRequest    *struct{ Item attribute.Item }
	DeleteRequest *struct{ Key attribute.Item }
}

type batchWriteInput struct {
	RequestItems map[string][]writeRequest
	reporting
}

// batchWriteItem makes its writes one by one: a batch is not a transaction.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func (e *Engine) batchWriteItem(in *batchWriteInput) (object, error) {
	writes, err := e.prepareBatch(in)
	if err != nil {
		return nil, err
	}
	used := map[*table]*capacity{}
	for _, w := range writes {
		_, units, err := w.run(e)
		if err != nil {
			return nil, err
		}
		if used[w.table] == nil {
			used[w.table] = &capacity{}
		}
		used[w.table].add(units, 1)
	}
	var consumed []object
	for t, units := range used {
		consumed = appendReport(consumed, units.report(t, in.ReturnConsumedCapacity, ""))
	}
	return object{{"UnprocessedItems", object{}}}.with(consumed != nil, "ConsumedCapacity", consumed), nil
}

func (e *Engine) prepareBatch(in *batchWriteInput) ([]*write, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var writes []*write
	for name, requests := range in.RequestItems {
		for _, request := range requests {
			w, err := e.prepareRequest(name, request)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	if hasDuplicates(writes) {
		return nil, invalid("Provided list of item keys contains duplicates")
	}
	return writes, nil
}

func (in *batchWriteInput) check() error {
	total := 0
	for name, requests := range in.RequestItems {
		if len(requests) == 0 {
			return invalid("The batch write request list for a table cannot be null or empty: %s", name)
		}
		total += len(requests)
	}
	switch {
	case total == 0:
		return invalid("The requestItems parameter is required for BatchWriteItem")
	case total > maxBatchWrite:
		return invalid("Too many items requested for the BatchWriteItem call")
	}
	return in.reporting.check()
}

// prepareRequest also makes the checks of the new item, so that a batch with a
// bad one is refused as a whole.
func (e *Engine) prepareRequest(name string, request writeRequest) (*write, error) {
	switch put, del := request.PutRequest, request.DeleteRequest; {
	case (put == nil) == (del == nil):
		return nil, invalid("Each write request must have exactly one of PutRequest and DeleteRequest")
	case del != nil:
		return e.prepareDelete(&deleteSpec{TableName: name, Key: del.Key})
	default:
		w, err := e.preparePut(&putSpec{TableName: name, Item: put.Item})
		if err != nil {
			return nil, err
		}
		return w, w.table.checkStored(&row{item: put.Item, size: put.Item.Size()})
	}
}

// hasDuplicates reports whether two writes have the same item in mind.
func hasDuplicates(writes []*write) bool {
	type place struct {
		table *table
		id    string
	}
	seen := map[place]bool{}
	for _, w := range writes {
		at := place{w.table, w.at.identity()}
		if seen[at] {
			return true
		}
		seen[at] = true
	}
	return false
}
