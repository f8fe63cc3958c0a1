package dynamodb

import (
	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// maxItem is the largest item, in bytes.
const maxItem = 400 << 10

// write is one change of one item that is ready to be made: everything that
// can be said against it without knowing the stored item has been said.
type write struct {
	table     *table
	at        *row // the key
	condition *expression.Condition
	returnOld bool // when the condition fails

	// next makes the new item from the old, which may be nil; a nil result
	// removes the item. A nil function changes nothing (ConditionCheck).
	next func(old attribute.Item) (attribute.Item, error)
}

// plan decides what the write does to the table as it stands. The caller holds the table's lock.
func (w *write) plan() (change, error) {
	old := w.table.rowAt(w.at)
	c := change{old: old, next: old}
	if w.condition != nil && !w.condition.Matches(itemOf(old)) {
		if w.returnOld {
			return c, conditionFailed(itemOf(old))
		}
		return c, conditionFailed(nil)
	}
	if w.next == nil {
		return c, nil
	}
	item, err := w.next(itemOf(old))
	c.next = nil
	if err != nil || item == nil {
		return c, err
	}
	c.next = &row{hash: w.at.hash, pk: w.at.pk, sk: w.at.sk, item: item, size: item.Size()}
	return c, w.table.checkStored(c.next)
}

// checkStored refuses a new item that the table or one of its indexes cannot hold.
func (t *table) checkStored(r *row) error {
	if r.size > maxItem {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	for _, x := range t.indexes {
		if err := x.checkKeys(r.item); err != nil {
			return err
		}
	}
	return nil
}

// run makes a single write.
func (w *write) run(e *Engine) (change, capacity, error) {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	c, err := w.plan()
	if err != nil {
		return c, capacity{}, err
	}
	return c, w.table.commit(e, c), nil
}

// conditional are the parameters that every write may have.
type conditional struct {
	placeholders
	ConditionExpression                 *string
	ReturnValuesOnConditionCheckFailure string
}

func (c conditional) check() error {
	return oneOf("returnValuesOnConditionCheckFailure", c.ReturnValuesOnConditionCheckFailure, "ALL_OLD", "NONE")
}

type putSpec struct {
	TableName string
	Item      attribute.Item
	conditional
}

func (e *Engine) preparePut(in *putSpec) (*write, error) {
	t, err := e.table(in.TableName)
	if err == nil {
		err = firstError(present("item", in.Item != nil), in.check())
	}
	if err != nil {
		return nil, err
	}
	if err := t.schema.checkItem(in.Item); err != nil {
		return nil, err
	}
	w := &write{table: t, at: t.schema.locate(in.Item), next: func(attribute.Item) (attribute.Item, error) { return in.Item, nil }}
	return w, w.setCondition(in.conditional)
}

type deleteSpec struct {
	TableName string
	Key       attribute.Item
	conditional
}

func (e *Engine) prepareDelete(in *deleteSpec) (*write, error) {
	w, err := e.prepareKeyed(in.TableName, in.Key, in.conditional)
	if err != nil {
		return nil, err
	}
	w.next = func(attribute.Item) (attribute.Item, error) { return nil, nil }
	return w, w.setCondition(in.conditional)
}

// prepareCheck makes the ConditionCheck of a transaction.
func (e *Engine) prepareCheck(in *deleteSpec) (*write, error) {
	if err := present("conditionExpression", in.ConditionExpression != nil); err != nil {
		return nil, err
	}
	w, err := e.prepareKeyed(in.TableName, in.Key, in.conditional)
	if err != nil {
		return nil, err
	}
	return w, w.setCondition(in.conditional)
}

func (e *Engine) prepareKeyed(name string, key attribute.Item, c conditional) (*write, error) {
	t, err := e.table(name)
	if err == nil {
		err = firstError(present("key", key != nil), c.check())
	}
	if err != nil {
		return nil, err
	}
	if err := t.schema.checkKey(key); err != nil {
		return nil, err
	}
	return &write{table: t, at: t.schema.locate(key)}, nil
}

func (w *write) setCondition(c conditional) error {
	subs, err := c.substitutions(c.ConditionExpression)
	if err != nil {
		return err
	}
	w.returnOld = c.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	if w.condition, err = parseCondition(expression.ConditionClause, c.ConditionExpression, subs); err != nil {
		return err
	}
	return subs.CheckUsed()
}

type updateSpec struct {
	TableName        string
	Key              attribute.Item
	UpdateExpression *string
	conditional
}

// prepareUpdate also returns the parsed expression, which is nil if there is none.
func (e *Engine) prepareUpdate(in *updateSpec) (*write, *expression.Update, error) {
	w, err := e.prepareKeyed(in.TableName, in.Key, in.conditional)
	if err != nil {
		return nil, nil, err
	}
	subs, err := in.substitutions(in.ConditionExpression, in.UpdateExpression)
	if err != nil {
		return nil, nil, err
	}
	update, err := parseUpdate(w.table, in.UpdateExpression, subs)
	if err != nil {
		return nil, nil, err
	}
	w.returnOld = in.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	if w.condition, err = parseCondition(expression.ConditionClause, in.ConditionExpression, subs); err != nil {
		return nil, nil, err
	}
	w.next = func(old attribute.Item) (attribute.Item, error) { return updated(update, in.Key, old) }
	return w, update, subs.CheckUsed()
}

func parseUpdate(t *table, text *string, subs *expression.Substitutions) (*expression.Update, error) {
	if text == nil {
		return nil, nil
	}
	update, err := expression.ParseUpdate(*text, subs)
	if err != nil {
		return nil, err
	}
	for _, path := range update.Paths() {
		if t.schema.has(path.Root()) {
			return nil, invalidValues("Cannot update attribute %s. This attribute is part of the key", path.Root())
		}
	}
	return update, nil
}

// updated applies an update; an item that does not exist begins as its key.
func updated(update *expression.Update, key, old attribute.Item) (attribute.Item, error) {
	if old == nil {
		old = key
	}
	if update == nil {
		return old, nil
	}
	item, err := update.Apply(old)
	if err != nil {
		return nil, err
	}
	if item.Size() > maxItem {
		return nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	return item, nil
}
