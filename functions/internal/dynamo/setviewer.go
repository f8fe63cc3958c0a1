package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// viewersAtOnce bounds how many connections of an account are written side by side.
const viewersAtOnce = 16

// SetViewer writes the version of what the account filters to its connections and to all that they
// hold. What is gone stays gone. A subscription that is being made meanwhile may get the version
// that its session had: whoever makes it must look again when it is written.
func (c *Connections) SetViewer(ctx context.Context, account, version string) error {
	row, err := c.accountRow(ctx, account)
	if err != nil {
		return err
	}
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(viewersAtOnce)
	for _, connection := range openOf(row, "").Connections {
		g.Go(func() error { return c.viewConnection(each, connection, version) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return c.viewEntries(ctx, account, row, version)
}

// viewConnection writes the version to a connection's row and to its mappings.
func (c *Connections) viewConnection(ctx context.Context, connection stream.Connection, version string) error {
	got, err := c.view(ctx, connectionKey(connection), version, "attribute_exists(pk)", "ALL_NEW")
	if err != nil {
		return table.UnlessConflict(err)
	}
	row := connectionRow{got.Row}
	subscriptions, _ := row.split()
	for _, key := range slices.Sorted(maps.Keys(subscriptions)) { // in an order that is always the same
		sub := subscriptions[key].subscription(key)
		if !sub.Stream.Filtered() && !sub.Stream.TakesList() {
			continue
		}
		key := mappingKey(connection, row.owner().Topic(sub), key)
		_, err := c.view(ctx, key, version, "attribute_exists(pk) AND attribute_not_exists(off)", "NONE")
		if table.UnlessConflict(err) != nil {
			return err
		}
	}
	return nil
}

func (c *Connections) view(ctx context.Context, key table.Item, version, condition, returns string) (table.Answer, error) {
	in := table.Parameters{"Key": key, "UpdateExpression": "REMOVE f", "ConditionExpression": condition, "ReturnValues": returns}
	if version != "" {
		in["UpdateExpression"] = "SET f = :f"
		in["ExpressionAttributeValues"] = table.Item{{":f", table.Text(version)}}
	}
	return c.table.Call(ctx, "UpdateItem", in)
}

// viewEntries writes the version to the connections in an account's row, many at a time. It begins
// again with the row as it is now when one of them has gone.
func (c *Connections) viewEntries(ctx context.Context, account string, row table.Item, version string) error {
	for range table.Rounds {
		stale := staleEntries(row, version)
		if len(stale) == 0 {
			return nil
		}
		got, err := c.table.Call(ctx, "UpdateItem", viewing(account, stale[:min(len(stale), marksAtOnce)], version))
		var changed *table.Conflict
		switch {
		case errors.As(err, &changed):
			row = changed.Row
		case err != nil:
			return err
		default:
			row = got.Row
		}
	}
	return fmt.Errorf("account: %w", table.ErrContention)
}

// staleEntries are the connections in an account's row that have another version.
func staleEntries(row table.Item, version string) (names []string) {
	for _, e := range entries(row) {
		if _, reads := readerOf(e); !reads && e.Fields.Get("f").Text != version {
			names = append(names, e.Name)
		}
	}
	return names
}

// viewing is the update of these entries. It changes nothing if one of them is not there.
func viewing(account string, entries []string, version string) table.Parameters {
	names, conditions, changes := map[string]string{}, []string{}, []string{}
	verb, value := "REMOVE ", ""
	if version != "" {
		verb, value = "SET ", " = :f"
	}
	for i, entry := range entries {
		name := fmt.Sprintf("#c%d", i)
		names[name] = entry
		conditions = append(conditions, "attribute_exists("+name+")")
		changes = append(changes, name+".f"+value)
	}
	in := table.Parameters{
		"Key":                                 accountKey(account),
		"UpdateExpression":                    verb + strings.Join(changes, ", "),
		"ConditionExpression":                 strings.Join(conditions, " AND "),
		"ExpressionAttributeNames":            names,
		"ReturnValues":                        "ALL_NEW",
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	}
	if version != "" {
		in["ExpressionAttributeValues"] = table.Item{{":f", table.Text(version)}}
	}
	return in
}
