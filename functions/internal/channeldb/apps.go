package channeldb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/table"
)

const (
	// appFor is how long an app is known after it was read, and noAppFor how long that there is none.
	appFor   = 10 * time.Second
	noAppFor = 2 * time.Second
	// maxKnown bounds how many answers are kept: anybody may ask for any key.
	maxKnown = 1000
	// maxID and maxKey bound what is looked up at all.
	maxID, maxKey = 64, 256
)

// Apps reads the apps of the Accounts table, which the application writes. It is safe for concurrent
// use. What it says may be ten seconds old; that there is none, two. Current says what is.
type Apps struct {
	table table.Table
	now   func() time.Time

	mu    sync.Mutex
	known map[string]known
}

// known is what a row said.
type known struct {
	row       table.Item
	at, until time.Time
}

// NewApps reads the table with this name.
func NewApps(client *awscall.Client, name string) *Apps {
	return &Apps{table: table.New(client, name), now: time.Now, known: map[string]known{}}
}

// Meter has every call's consumed capacity reported, for measurements. Call it before any use;
// report is called by many goroutines at once.
func (a *Apps) Meter(report func(table.Units)) { a.table.Meter(report) }

// App implements pusher.Apps.
func (a *Apps) App(ctx context.Context, id string) (pusher.App, error) {
	return a.app(ctx, id, a.read)
}

// AppByKey implements pusher.Apps. The key's row names the app, and the app's row has to have the key:
// a key that was replaced is no app's.
func (a *Apps) AppByKey(ctx context.Context, key string) (pusher.App, error) {
	return a.byKey(ctx, key, a.read, a.read)
}

// Current implements pusher.CurrentApps. Where a known row names the app, the app's own row decides:
// it is enough if that is read. Unless it has another key.
func (a *Apps) Current(ctx context.Context, key string) (pusher.App, error) {
	app, err := a.byKey(ctx, key, a.read, a.fetch)
	if errors.Is(err, pusher.ErrNoApp) {
		return a.byKey(ctx, key, a.fetch, a.fetch)
	}
	return app, err
}

// reads returns the row with this key, or nil.
type reads func(ctx context.Context, key string) (table.Item, error)

func (a *Apps) app(ctx context.Context, id string, get reads) (pusher.App, error) {
	if id == "" || len(id) > maxID {
		return pusher.App{}, pusher.ErrNoApp
	}
	row, err := get(ctx, "app#"+id)
	if err != nil {
		return pusher.App{}, err
	}
	return appOf(id, row)
}

func (a *Apps) byKey(ctx context.Context, key string, name, get reads) (pusher.App, error) {
	if key == "" || len(key) > maxKey {
		return pusher.App{}, pusher.ErrNoApp
	}
	row, err := name(ctx, "appkey#"+key)
	if err != nil {
		return pusher.App{}, err
	}
	app, err := a.app(ctx, row.Get("app").Text, get)
	if err == nil && app.Key != key {
		return pusher.App{}, fmt.Errorf("%w: its row has another key", pusher.ErrNoApp)
	}
	return app, err
}

// read returns what is known, or else fetches it.
func (a *Apps) read(ctx context.Context, key string) (table.Item, error) {
	if row, ok := a.recall(key); ok {
		return row, nil
	}
	return a.fetch(ctx, key)
}

// fetch returns the row as it is now.
func (a *Apps) fetch(ctx context.Context, key string) (table.Item, error) {
	began := a.now()
	got, err := a.table.Call(ctx, "GetItem", table.Parameters{"Key": table.Item{{"key", table.Text(key)}}, "ConsistentRead": true})
	if err != nil {
		return nil, err
	}
	a.keep(key, got.Row, began)
	return got.Row, nil
}

func (a *Apps) recall(key string) (table.Item, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.known[key]
	return k.row, ok && a.now().Before(k.until)
}

// keep keeps an answer. If there are too many, it forgets those that are too old to be used, and if
// that is not enough, all that say that there is none, and then any.
func (a *Apps) keep(key string, row table.Item, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, useless := range []func(known) bool{
		func(k known) bool { return !a.now().Before(k.until) },
		func(k known) bool { return k.row == nil },
		func(known) bool { return true },
	} {
		if len(a.known) >= maxKnown {
			maps.DeleteFunc(a.known, func(_ string, k known) bool { return useless(k) })
		}
	}
	until := at.Add(appFor)
	if a.known[key].at.After(at) {
		return // it is known from a read that began later
	}
	if row == nil {
		until = at.Add(noAppFor)
	}
	a.known[key] = known{row, at, until}
}

var errNoSecret = errors.New("its row has no appKey or no secret")

// appOf reads an app's row. What decides what is allowed is off unless it is true; a row without key
// and secret is no app's.
func appOf(id string, row table.Item) (pusher.App, error) {
	if row == nil {
		return pusher.App{}, pusher.ErrNoApp
	}
	key, secret := row.Get("appKey"), row.Get("secret")
	if key.Kind != table.IsString || secret.Kind != table.IsString || key.Text == "" || secret.Text == "" {
		return pusher.App{}, fmt.Errorf("%w: %w", pusher.ErrNoApp, errNoSecret)
	}
	return pusher.App{
		ID: id, Key: key.Text, Secret: secret.Text,
		Enabled: isTrue(row, "enabled"), ClientEvents: isTrue(row, "clientEvents"), SubscriptionCount: isTrue(row, "subscriptionCount"),
		Webhooks: webhooksOf(row.Get("webhooks")),
	}, nil
}

func isTrue(row table.Item, name string) bool {
	v := row.Get(name)
	return v.Kind == table.IsBool && v.Flag
}

// webhooksOf leaves out what is no webhook.
func webhooksOf(v table.Value) (hooks []pusher.Webhook) {
	if v.Kind != table.IsList {
		return nil
	}
	for _, e := range v.List {
		url, prefix := e.Fields.Get("url"), e.Fields.Get("prefix")
		events, err := e.Fields.Get("events").IDs()
		if e.Kind != table.IsMap || url.Kind != table.IsString || url.Text == "" || err != nil ||
			prefix.Given() && prefix.Kind != table.IsString {
			continue
		}
		hooks = append(hooks, pusher.Webhook{URL: url.Text, Events: events, Prefix: prefix.Text})
	}
	return hooks
}

// AppOf is the app of each of the accounts that have one.
func (a *Apps) AppOf(ctx context.Context, accounts []string) (map[string]string, error) {
	apps := make(map[string]string, len(accounts))
	var keys []table.Item
	for _, account := range slices.Compact(slices.Sorted(slices.Values(accounts))) {
		if len("account#"+account) <= table.MaxPartitionKey {
			keys = append(keys, table.Item{{"key", table.Text("account#" + account)}})
		}
	}
	for batch := range slices.Chunk(keys, table.ReadsPerBatch) {
		err := a.table.BatchGetPart(ctx, batch, []string{"key", "app"}, func(row table.Item) {
			if app := row.Get("app"); app.Kind == table.IsString && app.Text != "" {
				apps[row.Get("key").Text[len("account#"):]] = app.Text
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return apps, nil
}
