package channeldb

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"edgestream/functions/internal/table"
)

// orphaned is how long after its fall nobody tells any more of a row that is still there: longer than an
// invocation, and sooner than what it was asked comes again.
const orphaned = 30 * time.Second

// standing reports whether the row stands for somebody: it has not fallen, nor is it over.
func (c *Channels) standing(row table.Item) bool {
	return row != nil && !row.Get("d").Given() && !c.over(row)
}

// stand writes a row that stands for somebody who is there, who has been written before, and reports
// whether there was none. One that stands is left alone unless it is marked: see fall.
func (c *Channels) stand(ctx context.Context, key table.Item, keep time.Duration) (first bool, err error) {
	token := rand.Text()
	for range table.Rounds {
		got, err := c.connections.Call(ctx, "GetItem", table.Parameters{"Key": key, "ConsistentRead": true})
		if err != nil {
			return false, err
		}
		until, stands := epoch(c.now().Add(keep)), c.standing(got.Row)
		in := renewal(until)
		switch enough := c.now().Add(keep / 2); {
		case !stands:
			in = making(got.Row, table.Number(c.now().UnixMilli()), until, token)
		case !got.Row.Get("v").Given() && table.Seconds(got.Row.Get("expiresAt")).After(enough):
			return false, nil
		}
		in["Key"] = key
		_, err = c.connections.Call(ctx, "UpdateItem", in)
		var other *table.Conflict
		if !errors.As(err, &other) {
			return err == nil && !stands, err
		}
		if other.Row.Get("t").Text == token { // it was made, and the answer was lost
			return true, nil
		}
	}
	return false, table.ErrContention
}

// renewal keeps a row that stands, and takes its mark away.
func renewal(until table.Value) table.Parameters {
	return table.Parameters{
		"UpdateExpression":          "SET expiresAt = :expires REMOVE v",
		"ConditionExpression":       "attribute_exists(pk) AND attribute_not_exists(d)",
		"ExpressionAttributeValues": table.Item{{":expires", until}},
	}
}

// making makes a row, of what is left of the one that was there, if there is something left.
func making(left table.Item, now, until table.Value, token string) table.Parameters {
	set, condition := "SET o = :now, t = :token, expiresAt = :expires", "attribute_not_exists(pk)"
	values := table.Item{{":now", now}, {":token", table.Text(token)}, {":expires", until}}
	if left != nil {
		condition = "expiresAt = :was AND attribute_not_exists(d)"
		values = append(values, table.Field{":was", left.Get("expiresAt")})
	}
	if fell := left.Get("d"); fell.Given() {
		set, condition = set+", p = :fell", "expiresAt = :was AND d = :fell"
		values = append(values, table.Field{":fell", fell})
	}
	return table.Parameters{
		"UpdateExpression": set + " REMOVE v, d, w", "ConditionExpression": condition,
		"ExpressionAttributeValues": values, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	}
}

// fall removes a row that stands for somebody if nobody is there, and reports whether it did: it
// marks the row, looks, and has it fall if it has the mark still. Whoever comes is there first, and
// then sees the mark and takes it away, or finds the row fallen; so of the two one is reported, and
// the other is not, or both are, in this order.
func (c *Channels) fall(ctx context.Context, key table.Item, there func(context.Context) (bool, error)) (bool, error) {
	mark := rand.Text()
	update := func(expression, condition string, values ...table.Field) error {
		_, err := c.connections.Call(ctx, "UpdateItem", table.Parameters{
			"Key": key, "UpdateExpression": expression, "ConditionExpression": condition,
			"ExpressionAttributeValues": append(table.Item{{":mark", table.Text(mark)}}, values...), "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
		})
		return err
	}
	now := table.Field{":now", table.Number(c.now().UnixMilli())}
	var other *table.Conflict
	if err := update("SET v = :mark", "attribute_exists(pk) AND attribute_not_exists(d)"); errors.As(err, &other) { // somebody was faster
		if !c.orphan(other.Row) {
			return false, nil
		}
		return c.fallen(ctx, key, mark, update("SET d = :mark, w = :now", "d = :fell", now, table.Field{":fell", other.Row.Get("d")}))
	} else if err != nil {
		return false, err
	}
	is, err := there(ctx)
	if err != nil {
		return false, err
	}
	if is {
		return false, table.UnlessConflict(update("REMOVE v", "v = :mark"))
	}
	return c.fallen(ctx, key, mark, update("SET d = :mark, w = :now", "v = :mark", now))
}

// orphan reports whether the row fell a while ago and is still there: who had it fall may have died before it
// told of that, so it falls again.
func (c *Channels) orphan(row table.Item) bool {
	return row.Get("d").Given() && !table.Millis(row.Get("w")).After(c.now().Add(-orphaned))
}

// fallen reports whether the row fell with the mark, by the outcome of that write, and then removes it.
func (c *Channels) fallen(ctx context.Context, key table.Item, mark string, outcome error) (bool, error) {
	var other *table.Conflict
	switch {
	case errors.As(outcome, &other) && other.Row.Get("d").Text != mark: // somebody came, who may have found it fallen
		return other.Row.Get("p").Text == mark, nil
	case outcome != nil && other == nil:
		return false, outcome
	}
	// It stands for nobody any more: if it cannot be deleted, it is made anew, or expires.
	_, _ = c.connections.Call(ctx, "DeleteItem", table.Parameters{
		"Key": key, "ConditionExpression": "d = :mark", "ExpressionAttributeValues": table.Item{{":mark", table.Text(mark)}},
	})
	return true, nil
}
