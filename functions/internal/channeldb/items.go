package channeldb

import (
	"context"
	"errors"
	"strings"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/table"
)

// itemPrefix begins the ids of items of the kind "item".
const itemPrefix = "item#"

// itemsPage is how many items are read at once: more than a list shows, and fewer than fill an answer.
const itemsPage = 100

// Items keeps the items of accounts in the Content table, beside what else the application writes
// there. It implements cloudapp.Items, and is safe for concurrent use. DynamoDB removes an item whose time
// is over within days: until then it is there for nobody.
type Items struct {
	content table.Table
	now     func() time.Time
}

// NewItems uses the Content table with this name.
func NewItems(client *awscall.Client, content string) *Items {
	return &Items{table.New(client, content), time.Now}
}

// List calls page with the account's items, newest first, as they are now.
func (i *Items) List(ctx context.Context, account string, page func([]cloudapp.Entry) (more bool)) error {
	in := table.Parameters{
		"KeyConditionExpression":    "#o = :owner AND begins_with(id, :prefix)",
		"FilterExpression":          "kind = :kind AND NOT expiresAt <= :now",
		"ProjectionExpression":      "id, payload",
		"ExpressionAttributeNames":  map[string]string{"#o": "owner"},
		"ExpressionAttributeValues": table.Item{{":owner", table.Text(account)}, {":prefix", table.Text(itemPrefix)}, {":kind", table.Text("item")}, {":now", table.Number(i.now().Unix())}},
		"ScanIndexForward":          false, "ConsistentRead": true, "Limit": itemsPage,
	}
	for {
		got, err := i.content.Call(ctx, "Query", in)
		if err != nil {
			return err
		}
		entries := make([]cloudapp.Entry, len(got.Rows))
		for n, row := range got.Rows {
			entries[n] = entryOf(row)
		}
		if !page(entries) || len(got.More) == 0 {
			return nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}

// entryOf has no payload where the item has none that is shown.
func entryOf(row table.Item) cloudapp.Entry {
	id, _ := strings.CutPrefix(row.Get("id").Text, itemPrefix)
	e := cloudapp.Entry{ID: id}
	switch payload := row.Get("payload"); payload.Kind {
	case table.IsString:
		e.Payload, e.Version = []byte(payload.Text), payload
	case table.IsMap:
		e.Payload, e.Version = payload.AppendPlain(nil), payload
	}
	return e
}

func itemKey(account, id string) table.Item { return contentKey(account, itemPrefix+id) }

// Item is the account's item as it is now; cloudapp.ErrNoItem if there is none.
func (i *Items) Item(ctx context.Context, account, id string) (cloudapp.Entry, error) {
	got, err := i.content.Call(ctx, "GetItem", table.Parameters{"Key": itemKey(account, id), "ConsistentRead": true})
	if err == nil && (got.Row.Get("kind").Text != "item" || i.over(got.Row)) {
		err = cloudapp.ErrNoItem
	}
	if err != nil {
		return cloudapp.Entry{}, err
	}
	return entryOf(got.Row), nil
}

// over reports whether the row's time is over.
func (i *Items) over(row table.Item) bool {
	at, ok := row.Get("expiresAt").Int()
	return ok && at <= i.now().Unix()
}

// Create stores a new item; cloudapp.ErrExists if there is one with this id. An item that is there with
// this payload was stored by this call, whose answer was lost.
func (i *Items) Create(ctx context.Context, account, id string, payload []byte) error {
	_, err := i.content.Call(ctx, "PutItem", table.Parameters{
		"Item":                                append(itemKey(account, id), table.Item{{"kind", table.Text("item")}, {"payload", table.Text(string(payload))}}...),
		"ConditionExpression":                 "attribute_not_exists(id)",
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return unlessWritten(err, payload, cloudapp.ErrExists)
}

// Replace changes the payload of an item that is as it was read; cloudapp.ErrChanged if it is not.
func (i *Items) Replace(ctx context.Context, account string, old cloudapp.Entry, payload []byte) error {
	version, ok := old.Version.(table.Value)
	if !ok {
		return errors.New("the item was not read from this table")
	}
	_, err := i.content.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                                 itemKey(account, old.ID),
		"UpdateExpression":                    "SET payload = :new",
		"ConditionExpression":                 "payload = :old AND kind = :kind",
		"ExpressionAttributeValues":           table.Item{{":new", table.Text(string(payload))}, {":old", version}, {":kind", table.Text("item")}},
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return unlessWritten(err, payload, cloudapp.ErrChanged)
}

// unlessWritten is nil where a condition failed because the payload is stored already, and otherwise
// failed.
func unlessWritten(err error, payload []byte, failed error) error {
	var found *table.Conflict
	if !errors.As(err, &found) {
		return err
	}
	if v := found.Row.Get("payload"); v.Kind == table.IsString && v.Text == string(payload) {
		return nil
	}
	return failed
}
