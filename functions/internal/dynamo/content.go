package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Content writes the Content table, as an application does. It is safe for concurrent use.
type Content struct{ table table.Table }

// NewContent writes the table with this name.
func NewContent(client *awscall.Client, name string) *Content {
	return &Content{table.New(client, name)}
}

// Put writes the item, whose payload is stored as text. Writing what is there already changes
// nothing, and so says nothing to anybody.
func (c *Content) Put(ctx context.Context, i stream.Item) error {
	_, err := c.table.Call(ctx, "PutItem", table.Parameters{"Item": encodeItem(i)})
	return err
}

// Delete removes an item, which need not be there.
func (c *Content) Delete(ctx context.Context, owner, id string) error {
	_, err := c.table.Call(ctx, "DeleteItem", table.Parameters{"Key": table.Item{{"owner", table.Text(owner)}, {"id", table.Text(id)}}})
	return err
}

// encodeItem is what decodeItem reads.
func encodeItem(i stream.Item) table.Item {
	row := table.Item{{"owner", table.Text(i.Owner)}, {"id", table.Text(i.ID)}, {"kind", table.Text(i.Kind)}}
	if i.Payload != nil {
		row = append(row, table.Field{"payload", table.Text(string(i.Payload))})
	}
	if len(i.Home) > 0 {
		row = append(row, table.Field{"home", table.Texts(i.Home)})
	}
	if len(i.Lists) > 0 {
		row = append(row, table.Field{"lists", table.Texts(i.Lists)})
	}
	if i.Local != nil {
		row = append(row, table.Field{"local", table.Flag(*i.Local)})
	}
	if i.Listed != nil {
		row = append(row, table.Field{"listed", table.Flag(*i.Listed)})
	}
	if i.Event != "" {
		row = append(row, table.Field{"event", table.Text(i.Event)})
	}
	if i.App != "" {
		row = append(row, table.Field{"app", table.Text(i.App)})
	}
	if len(i.Topics) > 0 {
		row = append(row, table.Field{"topics", targetsOf(i.Topics)})
	}
	return row
}

func targetsOf(targets []stream.Target) table.Value {
	v := table.Value{Kind: table.IsList}
	for _, t := range targets {
		var fields table.Item
		for _, f := range []struct{ name, text string }{{"stream", string(t.Stream)}, {"tag", t.Tag}, {"list", t.List},
			{"account", t.Account}, {"app", t.App}, {"channel", t.Channel}} {
			if f.text != "" {
				fields = append(fields, table.Field{f.name, table.Text(f.text)})
			}
		}
		v.List = append(v.List, table.Map(fields))
	}
	return v
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// TokenWriter makes and revokes tokens in the Accounts table, as an application does.
type TokenWriter struct{ *Accounts }

// Issue stores a new token that allows what the grant does until its TokenExpires; for ever if
// that is zero.
func (w TokenWriter) Issue(ctx context.Context, token string, g stream.Grant) error {
	row := table.Item{{"key", table.Text("token#" + hashToken(token))}, {"account", table.Text(g.Account)}}
	if len(g.Scopes) > 0 {
		row = append(row, table.Field{"scopes", table.Texts(g.Scopes)})
	}
	if !g.TokenExpires.IsZero() {
		row = append(row, table.Field{"expiresAt", table.Number(g.TokenExpires.Unix())})
	}
	_, err := w.table.Call(ctx, "PutItem", table.Parameters{"Item": row, "ConditionExpression": "attribute_not_exists(#k)",
		"ExpressionAttributeNames": map[string]string{"#k": "key"}})
	return err
}

// Revoke ends the token with this hash at the given time. A token that is not there stays so.
func (w TokenWriter) Revoke(ctx context.Context, tokenHash string, at time.Time) error {
	_, err := w.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       table.Item{{"key", table.Text("token#" + strings.ToLower(tokenHash))}},
		"UpdateExpression":          "SET revokedAt = :at",
		"ConditionExpression":       "attribute_exists(#k)",
		"ExpressionAttributeNames":  map[string]string{"#k": "key"},
		"ExpressionAttributeValues": table.Item{{":at", table.Number(at.Unix())}},
	})
	return table.UnlessConflict(err)
}
