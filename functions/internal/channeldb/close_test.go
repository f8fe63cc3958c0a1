package channeldb

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// dying lets so many requests through and then ends their invocation.
type dying struct {
	aws.HTTPClient
	left atomic.Int64
	die  atomic.Pointer[context.CancelFunc]
}

func (d *dying) Do(r *http.Request) (*http.Response, error) {
	if d.left.Add(-1) < 0 {
		if die := d.die.Load(); die != nil {
			(*die)()
			return nil, context.Canceled
		}
	}
	return d.HTTPClient.Do(r)
}

// allOf has a connection hold something of every kind.
func (w *world) allOf(t *testing.T, id string) pusher.Session {
	t.Helper()
	s := pusher.Session{Session: w.opened(t, id)}
	for i, channel := range []pusher.Channel{"x", "private-y", "presence-x", "cache-x", "presence-cache-x", "#server-to-user-7"} {
		if _, err := w.Subscribe(t.Context(), s, channel, pusher.Subscriber{User: "7"}, at(s.Session, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SignIn(t.Context(), s, pusher.User{ID: "7", Watchlist: []string{"8", "9"}}); err != nil {
		t.Fatal(err)
	}
	var joined []stream.Membership
	for _, channel := range []string{"presence-x", "cache-x", "presence-cache-x"} {
		joined = append(joined, stream.Membership{Session: s.Session, Subscription: stream.Subscription{Stream: stream.Channel, Param: channel}, Joined: true})
	}
	if err := w.Joined(t.Context(), joined); err != nil {
		t.Fatal(err)
	}
	return s
}

// held are the keys of what there is in both tables, but for rows that vacating removes.
func (w *world) held(t *testing.T) (keys []string) {
	t.Helper()
	for _, name := range []string{w.connections, w.content} {
		got, err := w.sdk.Scan(context.Background(), &dynamodb.ScanInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range got.Items {
			var key struct{ PK, SK, Owner, ID string }
			for attribute, to := range map[string]*string{"pk": &key.PK, "sk": &key.SK, "owner": &key.Owner, "id": &key.ID} {
				*to = textOf(row[attribute])
			}
			if len(key.PK) < 9 || key.PK[:9] != "occupied#" {
				keys = append(keys, key.PK+key.Owner+" "+key.SK+key.ID)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// Close removes a connection with everything that it holds.
func (w *world) Close(ctx context.Context, c stream.Connection) (pusher.Closed, error) {
	left, err := w.Leave(ctx, c)
	if err != nil || left.App == "" {
		return left, err
	}
	return left, w.End(ctx, c)
}

// leftMappings leaves out the mappings of channels that join, which the publisher removes.
func (w *world) leftMappings(keys []string) (left []string) {
	for _, key := range keys {
		if c := pusher.Channel(channelIn(key)); !c.Joins() {
			left = append(left, key)
		}
	}
	return left
}

func TestNothingIsHeldByAConnectionThatIsClosing(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	s := pusher.Session{Session: w.opened(t, "A1=")}
	if _, _, err := w.rows.Leave(ctx, s.Connection); err != nil {
		t.Fatal(err)
	}
	_, subscribed := w.Subscribe(ctx, s, "presence-x", pusher.Subscriber{User: "7"}, at(s.Session, 1))
	_, known := w.Session(ctx, s.Connection)
	for name, err := range map[string]error{"Subscribe": subscribed, "Session": known, "SignIn": w.SignIn(ctx, s, pusher.User{ID: "7"}), "Heard": w.Heard(ctx, s.Connection, at(s.Session, 2))} {
		if !errors.Is(err, stream.ErrNoConnection) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if closed, err := w.Close(ctx, s.Connection); err != nil || closed.App != "4072" {
		t.Errorf("%+v, %v", closed, err)
	}
	if closed, err := w.Close(ctx, s.Connection); err != nil || closed.App != "" {
		t.Errorf("again: %+v, %v", closed, err)
	}
}
