package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// opened is a session of a connection that has been open for an hour, so that messages of long ago fit in.
func opened(t testing.TB, c *Connections, id, account string, first ...stream.Subscription) stream.Session {
	t.Helper()
	s := stream.Session{
		Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-time.Hour).Truncate(time.Millisecond).UTC()},
		Grant:      stream.Grant{Account: account, Scopes: stream.Scopes{"read"}, TokenHash: strings.Repeat("ab", 32)},
	}
	if err := c.Open(t.Context(), s, first); err != nil {
		t.Fatal(err)
	}
	return s
}

func tag(name string) stream.Subscription {
	return stream.Subscription{Stream: stream.Hashtag, Param: name}
}

func (c *Connections) subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	_, err := c.Subscribe(ctx, s, sub, at)
	return err
}

func (c *Connections) rowOf(t testing.TB, key table.Item) table.Item {
	t.Helper()
	got, err := c.table.Call(t.Context(), "GetItem", table.Parameters{"Key": key, "ConsistentRead": true})
	if err != nil {
		t.Fatal(err)
	}
	return got.Row
}

// at is a time in the connection's second minute and later.
func at(s stream.Session, ms int) time.Time {
	return s.ConnectedAt.Add(time.Minute + time.Duration(ms)*time.Millisecond)
}

func TestOldTombstonesAreRemovedByLaterMessages(t *testing.T) {
	c := newConnections(t, Limits{Subscriptions: 5})
	s := opened(t, c, "A1=", "1")
	for i := range pruneAt {
		if err := c.Unsubscribe(t.Context(), s, tag(fmt.Sprint("old", i)), at(s, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.subscribe(t.Context(), s, tag("kept"), at(s, 50)); err != nil {
		t.Fatal(err)
	}
	if err := c.Unsubscribe(t.Context(), s, tag("new"), at(s, 100+int(tombstoneFor.Milliseconds()))); err != nil {
		t.Fatal(err)
	}
	subscriptions, tombstones := connectionRow{c.rowOf(t, connectionKey(s.Connection))}.split()
	if len(tombstones) != 1 || !has(tombstones, "hashtag#new") || len(subscriptions) != 1 {
		t.Errorf("subscriptions %v, tombstones %v", subscriptions, tombstones)
	}
}

func has(m map[string]held, key string) bool { _, ok := m[key]; return ok }

func TestAHostileClientCannotMakeItsRowGrow(t *testing.T) {
	c := newConnections(t, Limits{Subscriptions: 5})
	s := opened(t, c, "A1=", "1")
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 60 {
				sub := tag(fmt.Sprintf("t%dx%d", worker, i))
				ms := worker + 20*i
				if i%2 == 0 {
					if err := c.subscribe(t.Context(), s, sub, at(s, ms)); err != nil && !errors.Is(err, stream.ErrTooManySubscriptions) {
						t.Error(err)
					}
				}
				if err := c.Unsubscribe(t.Context(), s, sub, at(s, ms+10)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	row := connectionRow{c.rowOf(t, connectionKey(s.Connection))}
	subscriptions, tombstones := row.split()
	if len(tombstones) > maxTombstones+8 || len(tombstones) < maxTombstones/2 || len(subscriptions) != 0 || row.active() != 0 {
		t.Errorf("%d tombstones, %d subscriptions, count %d", len(tombstones), len(subscriptions), row.active())
	}
	if err := c.subscribe(t.Context(), s, tag("still"), at(s, 5000)); err != nil {
		t.Error(err)
	}
}

func TestKeysThatDynamoDBCannotHoldAreTooLong(t *testing.T) {
	c := newConnections(t, Limits{})
	s := opened(t, c, "A1=", "1")
	for _, sub := range []stream.Subscription{tag(strings.Repeat("x", 1100)), tag(strings.Repeat("x", 5000)), {Stream: stream.List, Param: strings.Repeat("1", 1100)}} {
		if err := c.subscribe(t.Context(), s, sub, at(s, 1)); !errors.Is(err, stream.ErrTooLong) {
			t.Errorf("Subscribe: %v", err)
		}
		if err := c.Unsubscribe(t.Context(), s, sub, at(s, 2)); err != nil {
			t.Errorf("Unsubscribe: %v", err)
		}
	}
	if err := c.subscribe(t.Context(), s, tag(strings.Repeat("y", 900)), at(s, 1)); err != nil {
		t.Error(err)
	}
	long := strings.Repeat("z", 5000)
	found, err := c.Listeners(t.Context(), []stream.Topic{stream.HashtagTopic(long), stream.ListTopic(long), stream.AccountTopic(long), {}})
	if err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAFullAccountMakesRoomForConnectionsThatMustHaveEnded(t *testing.T) {
	c := newConnections(t, Limits{Connections: 3})
	for i := range 3 {
		opened(t, c, fmt.Sprintf("old%d=", i), "1", stream.Subscription{Stream: stream.User})
	}
	fresh := stream.Session{Connection: stream.Connection{ID: "new=", ConnectedAt: time.Now().Add(lifetime)}, Grant: stream.Grant{Account: "1"}}
	if err := c.Open(t.Context(), fresh, nil); !errors.Is(err, stream.ErrTooManyConnections) {
		t.Fatal(err)
	}
	c.now = func() time.Time { return time.Now().Add(lifetime) }
	if err := c.Open(t.Context(), fresh, nil); err != nil {
		t.Fatal(err)
	}
	row := c.rowOf(t, accountKey("1"))
	if n, _ := row.Get("n").Int(); n != 1 || len(entries(row)) != 1 {
		t.Errorf("%d connections counted, %d there", n, len(entries(row)))
	}
}

func TestARepeatedOpenCountsOnce(t *testing.T) {
	c := newConnections(t, Limits{Connections: 1})
	s := opened(t, c, "A1=", "1")
	if err := c.Open(t.Context(), s, nil); err != nil {
		t.Error(err)
	}
	if n, _ := c.rowOf(t, accountKey("1")).Get("n").Int(); n != 1 {
		t.Errorf("counted %d times", n)
	}
}

func TestARefusedConnectionLeavesNothing(t *testing.T) {
	c := newConnections(t, Limits{Connections: 1})
	opened(t, c, "A1=", "1")
	s := stream.Session{Connection: stream.Connection{ID: "B1=", ConnectedAt: time.Now()}, Grant: stream.Grant{Account: "1"}}
	err := c.Open(t.Context(), s, []stream.Subscription{tag("cats"), {Stream: stream.Public}})
	if !errors.Is(err, stream.ErrTooManyConnections) {
		t.Fatal(err)
	}
	for _, key := range []table.Item{connectionKey(s.Connection), mappingKey(s.Connection, stream.HashtagTopic("cats"), "hashtag#cats"), mappingKey(s.Connection, stream.PublicTopic(), "public")} {
		if row := c.rowOf(t, key); row != nil {
			t.Errorf("left: %v", row)
		}
	}
}
