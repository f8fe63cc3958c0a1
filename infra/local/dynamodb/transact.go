package dynamodb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Limits of transactions, and what an operation in one costs.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
const (
	maxTransaction      = 100
	maxTransactionBytes = 4 << 20
	transactionFactor   = 2
)

func checkTransactionLength(n int) error {
	switch {
	case n == 0:
		return constraint("[]", "transactItems", "Member must have length greater than or equal to 1")
	case n > maxTransaction:
		return constraint(fmt.Sprintf("[%d items]", n), "transactItems", "Member must have length less than or equal to 100")
	}
	return nil
}

type transactWriteItem struct {
	Put            *putSpec
	Delete         *deleteSpec
	Update         *updateSpec
	ConditionCheck *deleteSpec
}

type transactWriteInput struct {
	TransactItems      json.RawMessage
	ClientRequestToken string
	reporting
}

// transactWriteItems makes all of its writes or none.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (e *Engine) transactWriteItems(in *transactWriteInput) (object, error) {
	writes, err := e.prepareTransaction(in)
	if err != nil {
		return nil, err
	}
	used := map[*table]*capacity{}
	repeat, err := e.tokens.once(in.ClientRequestToken, in.TransactItems, e.now(), func() error {
		return e.runTransaction(writes, used)
	})
	if err != nil {
		return nil, err
	}
	kind := writeKind
	if repeat {
		kind = readKind
		readInstead(writes, used)
	}
	return object{}.with(in.ReturnConsumedCapacity != "", "ConsumedCapacity", reports(used, in.ReturnConsumedCapacity, kind)), nil
}

func reports(used map[*table]*capacity, detail, kind string) []object {
	list := []object{}
	for t, units := range used {
		list = appendReport(list, units.report(t, detail, kind))
	}
	return list
}

// readInstead counts what a repeated transaction costs: reading its items.
func readInstead(writes []*write, used map[*table]*capacity) {
	for _, w := range writes {
		w.table.mu.RLock()
		size := sizeOf(w.table.rowAt(w.at))
		w.table.mu.RUnlock()
		count(used, w.table, capacity{table: readUnits(size, true)})
	}
}

func count(used map[*table]*capacity, t *table, units capacity) {
	if used[t] == nil {
		used[t] = &capacity{}
	}
	used[t].add(units, transactionFactor)
}

func (e *Engine) prepareTransaction(in *transactWriteInput) ([]*write, error) {
	if err := in.reporting.check(); err != nil {
		return nil, err
	}
	var items []transactWriteItem
	if len(in.TransactItems) > 0 {
		if err := json.Unmarshal(in.TransactItems, &items); err != nil {
			return nil, err
		}
	}
	if err := checkTransactionLength(len(items)); err != nil {
		return nil, err
	}
	var writes []*write
	for _, item := range items {
		w, err := e.prepareTransactItem(item)
		if err != nil {
			return nil, err
		}
		writes = append(writes, w)
	}
	if hasDuplicates(writes) {
		return nil, invalid("Transaction request cannot include multiple operations on one item")
	}
	return writes, nil
}

func (e *Engine) prepareTransactItem(item transactWriteItem) (*write, error) {
	given := 0
	for _, present := range []bool{item.Put != nil, item.Delete != nil, item.Update != nil, item.ConditionCheck != nil} {
		if present {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	case item.Put != nil:
		return e.preparePut(item.Put)
	case item.Delete != nil:
		return e.prepareDelete(item.Delete)
	case item.ConditionCheck != nil:
		return e.prepareCheck(item.ConditionCheck)
	}
	if err := present("updateExpression", item.Update.UpdateExpression != nil); err != nil {
		return nil, err
	}
	w, _, err := e.prepareUpdate(item.Update)
	return w, err
}

// lockTables locks every table that the writes touch, always in the same order, so that two transactions cannot wait for each other.
func lockTables(writes []*write) (unlock func()) {
	var tables []*table
	for _, w := range writes {
		tables = append(tables, w.table)
	}
	slices.SortFunc(tables, func(a, b *table) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id)) })
	tables = slices.Compact(tables)
	for _, t := range tables {
		t.mu.Lock()
	}
	return func() {
		for _, t := range tables {
			t.mu.Unlock()
		}
	}
}

func (e *Engine) runTransaction(writes []*write, used map[*table]*capacity) error {
	defer lockTables(writes)()
	changes := make([]change, len(writes))
	reasons := make([]object, len(writes))
	failed, bytes := false, 0
	for i, w := range writes {
		c, err := w.plan()
		changes[i] = c
		bytes += sizeOf(c.next)
		reasons[i] = reasonOf(err)
		failed = failed || err != nil
	}
	if failed {
		return cancelled(reasons)
	}
	if bytes > maxTransactionBytes {
		return invalid("Transaction request size has exceeded the limit of 4 MB")
	}
	for i, w := range writes {
		if w.next == nil {
			count(used, w.table, capacity{table: writeUnits(sizeOf(changes[i].old))})
			continue
		}
		count(used, w.table, w.table.commit(e, changes[i]))
	}
	return nil
}

// reasonOf makes the CancellationReason of one operation.
func reasonOf(err error) object {
	if err == nil {
		return object{{"Code", "None"}}
	}
	known := toAPIError(err)
	code := "ValidationError"
	if strings.HasSuffix(known.name, "#ConditionalCheckFailedException") {
		code = "ConditionalCheckFailed"
	}
	return append(object{{"Code", code}, {"Message", known.message}}, known.extra...)
}

func cancelled(reasons []object) error {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = reason[0].value.(string)
	}
	err := failure("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	err.extra = object{{"CancellationReasons", reasons}}
	return err
}

type transactGetInput struct {
	TransactItems []struct{ Get *getSpec }
	reporting
}

// transactGetItems reads all of its items at one moment.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
func (e *Engine) transactGetItems(in *transactGetInput) (object, error) {
	if err := firstError(in.reporting.check(), checkTransactionLength(len(in.TransactItems))); err != nil {
		return nil, err
	}
	var reads []*read
	var places []*write // for the locks and the look for duplicates
	for _, item := range in.TransactItems {
		if item.Get == nil {
			return nil, present("transactItems.member.get", false)
		}
		r, err := e.prepareGet(item.Get)
		if err != nil {
			return nil, err
		}
		reads = append(reads, r)
		places = append(places, &write{table: r.table, at: r.at})
	}
	if hasDuplicates(places) {
		return nil, invalid("Transaction request cannot include multiple operations on one item")
	}
	return readTogether(reads, places, in.ReturnConsumedCapacity), nil
}

func readTogether(reads []*read, places []*write, detail string) object {
	defer lockTables(places)()
	used := map[*table]*capacity{}
	responses := make([]object, len(reads))
	for i, r := range reads {
		stored := r.table.rowAt(r.at)
		count(used, r.table, capacity{table: readUnits(sizeOf(stored), true)})
		responses[i] = object{}.with(stored != nil, "Item", r.result(stored))
	}
	return object{{"Responses", responses}}.with(detail != "", "ConsumedCapacity", reports(used, detail, readKind))
}
