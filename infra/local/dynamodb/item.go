package dynamodb

import (
	"edgestream/infra/local/dynamodb/attribute"
	"edgestream/infra/local/dynamodb/expression"
)

// reporting are the parameters that ask for figures about the request.
type reporting struct {
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

func (r reporting) check() error {
	return firstError(checkCapacityParameter(r.ReturnConsumedCapacity),
		oneOf("returnItemCollectionMetrics", r.ReturnItemCollectionMetrics, "SIZE", "NONE"))
}

type putItemInput struct {
	putSpec
	reporting
	legacy
	ReturnValues string
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
func (e *Engine) putItem(in *putItemInput) (object, error) {
	if err := firstError(in.refuse(), in.reporting.check(), checkReturnOld(in.ReturnValues)); err != nil {
		return nil, err
	}
	w, err := e.preparePut(&in.putSpec)
	if err != nil {
		return nil, err
	}
	return e.writeAndReturnOld(w, in.ReturnValues, in.reporting)
}

type deleteItemInput struct {
	deleteSpec
	reporting
	legacy
	ReturnValues string
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
func (e *Engine) deleteItem(in *deleteItemInput) (object, error) {
	if err := firstError(in.refuse(), in.reporting.check(), checkReturnOld(in.ReturnValues)); err != nil {
		return nil, err
	}
	w, err := e.prepareDelete(&in.deleteSpec)
	if err != nil {
		return nil, err
	}
	return e.writeAndReturnOld(w, in.ReturnValues, in.reporting)
}

// checkReturnOld checks ReturnValues of PutItem and DeleteItem, which know two of its values.
func checkReturnOld(value string) error {
	if err := oneOf("returnValues", value, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"); err != nil {
		return err
	}
	if value != "" && value != "NONE" && value != "ALL_OLD" {
		return invalid("Return values set to invalid value")
	}
	return nil
}

func (e *Engine) writeAndReturnOld(w *write, returnValues string, r reporting) (object, error) {
	c, used, err := w.run(e)
	if err != nil {
		return nil, err
	}
	out := object{}.with(returnValues == "ALL_OLD" && c.old != nil, "Attributes", itemOf(c.old))
	return append(out, member{"ConsumedCapacity", used.report(w.table, r.ReturnConsumedCapacity, "")}), nil
}

type updateItemInput struct {
	updateSpec
	reporting
	legacy
	ReturnValues string
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
func (e *Engine) updateItem(in *updateItemInput) (object, error) {
	if err := firstError(in.refuse(), in.reporting.check(),
		oneOf("returnValues", in.ReturnValues, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")); err != nil {
		return nil, err
	}
	w, update, err := e.prepareUpdate(&in.updateSpec)
	if err != nil {
		return nil, err
	}
	c, used, err := w.run(e)
	if err != nil {
		return nil, err
	}
	attributes := returned(in.ReturnValues, update, c)
	out := object{}.with(len(attributes) > 0, "Attributes", attributes)
	return append(out, member{"ConsumedCapacity", used.report(w.table, in.ReturnConsumedCapacity, "")}), nil
}

// returned picks what ReturnValues of UpdateItem asks for.
func returned(kind string, update *expression.Update, c change) attribute.Item {
	switch kind {
	case "ALL_OLD":
		return itemOf(c.old)
	case "ALL_NEW":
		return itemOf(c.next)
	case "UPDATED_OLD", "UPDATED_NEW":
		if update == nil {
			return nil
		}
		from := c.next
		if kind == "UPDATED_OLD" {
			from = c.old
		}
		return update.Touched().Apply(itemOf(from))
	}
	return nil
}

type getSpec struct {
	TableName                string
	Key                      attribute.Item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

// read is one GetItem that is ready to be made.
type read struct {
	table      *table
	at         *row
	projection *expression.Projection
}

func (e *Engine) prepareGet(in *getSpec) (*read, error) {
	t, err := e.table(in.TableName)
	if err == nil {
		err = present("key", in.Key != nil)
	}
	if err != nil {
		return nil, err
	}
	if err := t.schema.checkKey(in.Key); err != nil {
		return nil, err
	}
	projection, err := projectionOf(in.ProjectionExpression, in.ExpressionAttributeNames)
	return &read{t, t.schema.locate(in.Key), projection}, err
}

// projectionOf parses a projection that is the only expression of its request.
func projectionOf(text *string, names map[string]string) (*expression.Projection, error) {
	subs, err := placeholders{ExpressionAttributeNames: names}.substitutions(text)
	if err != nil {
		return nil, err
	}
	projection, err := parseProjection(text, subs)
	if err != nil {
		return nil, err
	}
	return projection, subs.CheckUsed()
}

// result returns what the read shows of a stored row, nil if there is none.
func (r *read) result(stored *row) attribute.Item {
	if stored == nil || r.projection == nil {
		return itemOf(stored)
	}
	return r.projection.Apply(stored.item)
}

type getItemInput struct {
	getSpec
	reporting
	legacy
	ConsistentRead bool
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
func (e *Engine) getItem(in *getItemInput) (object, error) {
	if err := firstError(in.refuse(), in.reporting.check()); err != nil {
		return nil, err
	}
	r, err := e.prepareGet(&in.getSpec)
	if err != nil {
		return nil, err
	}
	r.table.mu.RLock()
	stored := r.table.rowAt(r.at)
	r.table.mu.RUnlock()
	used := capacity{table: readUnits(sizeOf(stored), in.ConsistentRead)}
	return object{}.
		with(stored != nil, "Item", r.result(stored)).
		with(true, "ConsumedCapacity", used.report(r.table, in.ReturnConsumedCapacity, "")), nil
}
