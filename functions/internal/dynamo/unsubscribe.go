package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	// tombstoneFor is how long an unsubscribe is remembered: no message is handled later than that.
	tombstoneFor = time.Minute
	// A connection's row is cleaned of old tombstones when it has pruneAt of them, and never keeps
	// more than maxTombstones, so that a hostile client cannot make it grow.
	pruneAt       = 16
	maxTombstones = 200
	pruneAtOnce   = 40 // expressions are limited to 4 KB
)

var (
	unsubscribe    = change{"SET s.#k.t = :at, s.#k.off = :yes, n = n - :one REMOVE s.#k.b", "s.#k.t < :at AND attribute_not_exists(s.#k.off)"}
	bury           = change{"SET s.#k = :entry", ifOpen + "attribute_not_exists(s.#k)"}
	touchTombstone = change{"SET s.#k.t = :at", "s.#k.t = :old AND attribute_exists(s.#k.off)"}
)

func (c change) uses(name string) bool {
	return slices.Contains(strings.FieldsFunc(c.update+" "+c.condition, func(r rune) bool { return r == ' ' || r == ',' }), name)
}

// returns is what to ask for: the whole row where a tombstone was written, to see if it has too many.
func (c change) returns() string {
	if c == unsubscribe || c == bury {
		return "ALL_NEW"
	}
	return "NONE"
}

// Unsubscribe applies a client's message of the given time, to the millisecond. When it returns
// nil, the subscription is not found any more, unless a newer message, or a subscribe of the same
// time, has made it. A connection that is gone, or has no such subscription, is no error.
func (c *Connections) Unsubscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	if !table.Fits(mappingKey(s.Connection, s.Topic(sub), sub.Key())) {
		return nil // cannot have been subscribed
	}
	h := held{at: milliseconds(at), param: sub.Param}
	_, ended, err := c.release(ctx, s.Connection, sub.Key(), h)
	if err != nil || !ended {
		return err
	}
	_, err = c.mapSubscription(ctx, s, sub, h, h.at)
	return err
}

// release decides an unsubscribe on the connection's row and returns what the row then has. It reports
// whether it has ended a subscription, whose mapping then must go.
func (c *Connections) release(ctx context.Context, connection stream.Connection, key string, h held) (held, bool, error) {
	next, old := unsubscribe, int64(0)
	for range table.Rounds {
		row, err := c.apply(ctx, connection, key, next, h, old)
		var lost *table.Conflict
		if !errors.As(err, &lost) {
			if err == nil {
				err = c.prune(ctx, connection, row, h.at)
			}
			if next == unsubscribe {
				h, _ = connectionRow{row}.held(key)
			}
			return h, next == unsubscribe, err
		}
		was, known := connectionRow{lost.Row}.held(key)
		_, tombstones := connectionRow{lost.Row}.split()
		switch {
		case lost.Row == nil:
			return held{}, false, nil
		case known && was.at > h.at, known && was.on && was.at == h.at:
			return was, false, nil
		case known && was.at == h.at: // perhaps this very message, whose answer was lost
			return was, true, nil
		case known && was.on:
			next = unsubscribe
		case known:
			next = touchTombstone
		case len(tombstones) >= maxTombstones, connectionRow{lost.Row}.closing():
			return held{}, false, nil // a client that does this is not owed the order of its messages
		default:
			next = bury
		}
		old = was.at
	}
	return held{}, false, fmt.Errorf("connection: %w", table.ErrContention)
}

// prune removes tombstones that are too old to matter, or too many, from a connection's row.
func (c *Connections) prune(ctx context.Context, connection stream.Connection, row table.Item, now int64) error {
	_, tombstones := connectionRow{row}.split()
	old := prunable(tombstones, now)
	if len(old) == 0 {
		return nil
	}
	names, values := map[string]string{}, table.Item{}
	var paths, conditions []string
	for i, key := range old {
		name, at := fmt.Sprintf("#k%d", i), fmt.Sprintf(":t%d", i)
		names[name] = key
		values = append(values, table.Field{at, table.Number(tombstones[key].at)})
		paths = append(paths, "s."+name)
		conditions = append(conditions, "s."+name+".t = "+at)
	}
	_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       connectionKey(connection),
		"UpdateExpression":          "REMOVE " + strings.Join(paths, ", "),
		"ConditionExpression":       strings.Join(conditions, " AND "),
		"ExpressionAttributeNames":  names,
		"ExpressionAttributeValues": values,
	})
	return table.UnlessConflict(err) // a newer message has taken one of them: the next prune finds the rest
}

// prunable are the keys of the tombstones to remove, oldest first.
func prunable(tombstones map[string]held, now int64) []string {
	keys := make([]string, 0, len(tombstones))
	for key := range tombstones {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(tombstones[a].at, tombstones[b].at), strings.Compare(a, b))
	})
	old := 0
	for old < len(keys) && tombstones[keys[old]].at < now-tombstoneFor.Milliseconds() {
		old++
	}
	if old < pruneAt {
		old = 0
	}
	return keys[:min(max(old, len(keys)-maxTombstones), pruneAtOnce)]
}
