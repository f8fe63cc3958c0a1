package channeldb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// items are the items of an owner in Content, by their kinds.
func (w *world) items(t *testing.T, owner string) (items []stream.Item) {
	t.Helper()
	got, err := w.sdk.Scan(context.Background(), &dynamodb.ScanInput{TableName: &w.content})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range got.Items {
		if i := (stream.Item{Owner: textOf(row["owner"]), ID: textOf(row["id"]), Kind: textOf(row["kind"]), Payload: []byte(textOf(row["payload"]))}); i.Owner == owner {
			items = append(items, i)
		}
	}
	return items
}

// said is what an item's insert says.
func said(t *testing.T, i stream.Item) (all []string) {
	t.Helper()
	messages, err := stream.Change{New: &i}.Messages()
	if err != nil {
		t.Errorf("%s: %v", i.Payload, err)
	}
	for _, m := range messages {
		all = append(all, strings.Join([]string{m.Topic.String(), m.Event, string(m.Payload), m.Except, m.User}, "|"))
	}
	return all
}

func TestEventsAreSaidAsTheyWerePublished(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	data := "<é> \u2028 \"quoted\"\n" + strings.Repeat("x", 9000)
	var events []pusher.ChannelEvents
	for i := range 100 {
		events = append(events, pusher.ChannelEvents{Channel: fmt.Sprint("c", i), Events: []pusher.Event{{Name: "one", Data: data, Except: "1.2"}}})
	}
	events[7].Events = append(events[7].Events, pusher.Event{Name: "two", Data: ""}, pusher.Event{Name: "three", Data: `{"a":1}`})
	if err := w.Publish(ctx, "4072", events); err != nil {
		t.Fatal(err)
	}
	one := "|one|" + data + "|1.2|"
	for channel, want := range map[string][]string{
		"c0": {"channel/4072/c0" + one}, "c99": {"channel/4072/c99" + one},
		"c7": {"channel/4072/c7" + one, "channel/4072/c7|two|||", `channel/4072/c7|three|{"a":1}||`},
	} {
		items := w.items(t, stream.Owner("4072", channel))
		if len(items) != 1 || items[0].Kind != "event" || !slices.Equal(said(t, items[0]), want) {
			t.Errorf("%s: %d items", channel, len(items))
		}
	}
	if err := w.PublishClient(ctx, "4072", "presence-x", pusher.Event{Name: "client-a", Data: `"b"`, Except: "1.2", User: "7"}); err != nil {
		t.Fatal(err)
	}
	items := w.items(t, stream.Owner("4072", "presence-x"))
	if want := []string{`channel/4072/presence-x|client-a|"b"|1.2|7`}; len(items) != 1 || items[0].Kind != stream.KindClient || !slices.Equal(said(t, items[0]), want) {
		t.Errorf("%+v", items)
	}
}

// Two requests that are alike are two publications: neither replaces the other, also in one millisecond.
func TestPublicationsOfOneNameAtOnceAreAllStored(t *testing.T) {
	w, now := newWorld(t), time.Now()
	w.now = func() time.Time { return now }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := w.Publish(t.Context(), "4072", []pusher.ChannelEvents{{Channel: "x", Events: []pusher.Event{{Name: "n", Data: "d"}}}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if items := w.items(t, stream.Owner("4072", "x")); len(items) != 8 {
		t.Errorf("%d items", len(items))
	}
}

func TestEachCountChangesTheItem(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.now = func() time.Time { return time.Unix(1e9, 0) }
	seen := map[string]bool{}
	for range 3 {
		if err := w.Counted(ctx, "4072", "x"); err != nil {
			t.Fatal(err)
		}
		got, err := w.Channels.content.Call(ctx, "GetItem", map[string]any{"Key": countKey("4072", "x"), "ConsistentRead": true})
		if err != nil || got.Row.Get("kind").Text != stream.KindCount {
			t.Fatal(got.Row, err)
		}
		seen[fmt.Sprint(got.Row)] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d of 3 writes would be published", len(seen))
	}
}

func TestACacheChannelKeepsTheEventOfTheLatestRecord(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	clock := time.Now().Truncate(time.Second)
	w.now = func() time.Time { return clock }
	sequences := []string{"9", "10", "99999999999999999999999999999999999999", "100000000000000000000000000000000000000", "1234567890123456789012345678901234567890"}
	rand.Shuffle(len(sequences), func(i, j int) { sequences[i], sequences[j] = sequences[j], sequences[i] })
	var wg sync.WaitGroup
	for _, q := range sequences {
		wg.Go(func() {
			if err := w.Cache(ctx, "4072", "cache-x", pusher.Event{Name: "n", Data: q}, q); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	clock = clock.Add(10 * time.Minute)
	if e, ttl, ok, err := w.Cached(ctx, "4072", "cache-x"); err != nil || !ok || len(e.Data) != 40 || ttl != 20*time.Minute {
		t.Errorf("%+v, %v, %v, %v", e, ttl, ok, err)
	}
	for _, channel := range []string{"cache-y", "cache-x"} {
		if channel == "cache-x" {
			clock = clock.Add(20 * time.Minute)
		}
		if e, _, ok, err := w.Cached(ctx, "4072", channel); err != nil || ok {
			t.Errorf("%s: %+v, %v", channel, e, err)
		}
	}
}
