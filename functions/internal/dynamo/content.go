package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
)

// Content writes the Content table, as an application does. It is safe for concurrent use.
type Content struct{ table table }

// NewContent writes the table with this name.
func NewContent(client *awscall.Client, table string) *Content {
	return &Content{tableOf(client, table)}
}

// Put writes the item, whose payload is stored as text. Writing what is there already changes
// nothing, and so says nothing to anybody.
func (c *Content) Put(ctx context.Context, i stream.Item) error {
	_, err := c.table.call(ctx, "PutItem", parameters{"Item": encodeItem(i)})
	return err
}

// Delete removes an item, which need not be there.
func (c *Content) Delete(ctx context.Context, owner, id string) error {
	_, err := c.table.call(ctx, "DeleteItem", parameters{"Key": item{{"owner", text(owner)}, {"id", text(id)}}})
	return err
}

// encodeItem is what decodeItem reads.
func encodeItem(i stream.Item) item {
	row := item{{"owner", text(i.Owner)}, {"id", text(i.ID)}, {"kind", text(i.Kind)}}
	if i.Payload != nil {
		row = append(row, field{"payload", text(string(i.Payload))})
	}
	if len(i.Home) > 0 {
		row = append(row, field{"home", listOf(i.Home)})
	}
	if len(i.Lists) > 0 {
		row = append(row, field{"lists", listOf(i.Lists)})
	}
	if i.Local != nil {
		row = append(row, field{"local", flag(*i.Local)})
	}
	if i.Listed != nil {
		row = append(row, field{"listed", flag(*i.Listed)})
	}
	if i.Event != "" {
		row = append(row, field{"event", text(i.Event)})
	}
	if len(i.Topics) > 0 {
		row = append(row, field{"topics", targetsOf(i.Topics)})
	}
	return row
}

func listOf(texts []string) value {
	v := value{kind: isList}
	for _, s := range texts {
		v.list = append(v.list, text(s))
	}
	return v
}

func targetsOf(targets []stream.Target) value {
	v := value{kind: isList}
	for _, t := range targets {
		fields := item{{"stream", text(string(t.Stream))}}
		for _, f := range []struct{ name, text string }{{"tag", t.Tag}, {"list", t.List}, {"account", t.Account}} {
			if f.text != "" {
				fields = append(fields, field{f.name, text(f.text)})
			}
		}
		v.list = append(v.list, mapOf(fields))
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
	row := item{{"key", text("token#" + hashToken(token))}, {"account", text(g.Account)}}
	if len(g.Scopes) > 0 {
		row = append(row, field{"scopes", listOf(g.Scopes)})
	}
	if !g.TokenExpires.IsZero() {
		row = append(row, field{"expiresAt", number(g.TokenExpires.Unix())})
	}
	_, err := w.table.call(ctx, "PutItem", parameters{"Item": row, "ConditionExpression": "attribute_not_exists(#k)",
		"ExpressionAttributeNames": map[string]string{"#k": "key"}})
	return err
}

// Revoke ends the token with this hash at the given time. A token that is not there stays so.
func (w TokenWriter) Revoke(ctx context.Context, tokenHash string, at time.Time) error {
	_, err := w.table.call(ctx, "UpdateItem", parameters{
		"Key":                       item{{"key", text("token#" + strings.ToLower(tokenHash))}},
		"UpdateExpression":          "SET revokedAt = :at",
		"ConditionExpression":       "attribute_exists(#k)",
		"ExpressionAttributeNames":  map[string]string{"#k": "key"},
		"ExpressionAttributeValues": item{{":at", number(at.Unix())}},
	})
	return unlessConflict(err)
}
