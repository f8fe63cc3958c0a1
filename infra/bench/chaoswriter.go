package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// authors is how many owners write statuses.
const authors = 3

// chaosWriter is the application: it alone writes, one event after the other.
type chaosWriter struct {
	db      *dynamodb.Client
	clients *chaosClients
	random  *rand.Rand
	pause   atomic.Int64 // between two events

	mu      sync.Mutex
	written map[string][]writtenEvent // by stream
	next    map[string]int            // by owner
	total   int
}

func newChaosWriter(f chaosFlags, db *dynamodb.Client, everyone *chaosClients) *chaosWriter {
	w := &chaosWriter{db: db, clients: everyone, random: rand.New(rand.NewPCG(f.seed, 4)), written: map[string][]writtenEvent{}, next: map[string]int{}}
	w.pause.Store(int64(time.Second) / int64(f.rate))
	for _, c := range everyone.all {
		c.written = w.of
	}
	return w
}

// of is what has been written to a stream, in order.
func (w *chaosWriter) of(key string) []writtenEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clip(w.written[key])
}

// slow has it write no more than keeps everything moving.
func (w *chaosWriter) slow() { w.pause.Store(int64(time.Second)) }

// run writes until it is told to stop.
func (w *chaosWriter) run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(w.pause.Load())):
		}
		if err := w.any(ctx); err != nil {
			return err
		}
	}
}

// any writes an event of some owner to some streams.
func (w *chaosWriter) any(ctx context.Context) error {
	switch choice := w.random.IntN(10); {
	case choice < 2:
		return w.notification(ctx, w.clients.account(w.random.IntN(w.clients.n)))
	case choice == 2 && w.clients.subscribers > 0:
		return w.said(ctx)
	case choice == 3 && w.clients.subscribers > 0:
		return w.thing(ctx, w.clients.subscriber(w.random.IntN(w.clients.subscribers)))
	}
	tags := [][]string{nil, nil, {narrowTag}, {narrowTag}, {wideTag}, {wideTag, narrowTag}}[w.random.IntN(6)]
	homes := 2
	if w.random.IntN(10) == 0 {
		homes = w.clients.n
	}
	return w.status(ctx, w.random.IntN(authors), tags, w.homes(homes))
}

// everyOwner writes an event of each owner, and each stream has one.
func (w *chaosWriter) everyOwner(ctx context.Context) error {
	for author := range authors {
		if err := w.status(ctx, author, []string{wideTag, narrowTag}, w.homes(w.clients.n)); err != nil {
			return err
		}
	}
	for i := range w.clients.n {
		if err := w.notification(ctx, w.clients.account(i)); err != nil {
			return err
		}
	}
	if w.clients.subscribers == 0 {
		return nil
	}
	for i := range w.clients.subscribers {
		if err := w.thing(ctx, w.clients.subscriber(i)); err != nil {
			return err
		}
	}
	return w.said(ctx)
}

// homes are so many accounts.
func (w *chaosWriter) homes(n int) (accounts []string) {
	for _, i := range w.random.Perm(w.clients.n)[:min(n, w.clients.n)] {
		accounts = append(accounts, w.clients.account(i))
	}
	return accounts
}

func (w *chaosWriter) status(ctx context.Context, author int, tags, homes []string) error {
	owner := fmt.Sprintf("%s-author-%d", w.clients.name, author)
	streams := append([]string{publicKey}, tags...)
	for _, account := range homes {
		streams = append(streams, homeKey(account))
	}
	named := ""
	for i, tag := range tags {
		named += []string{"", ","}[min(i, 1)] + fmt.Sprintf(`{"name":%q}`, w.clients.tags[tag])
	}
	return w.write(ctx, owner, streams, func(n int) item {
		payload := fmt.Sprintf(`{"id":"%d","visibility":"public","account":{"id":%q,"acct":"author"},"tags":[%s],"mark":%q,"n":%d}`, n, owner, named, owner, n)
		return item{"owner": text(owner), "id": text(fmt.Sprint("status#", n)), "kind": text("status"), "home": texts(homes...), "payload": text(payload)}
	})
}

func (w *chaosWriter) notification(ctx context.Context, account string) error {
	return w.write(ctx, account, []string{homeKey(account)}, func(n int) item {
		return item{"owner": text(account), "id": text(fmt.Sprint("notification#", n)), "kind": text("notification"),
			"payload": text(fmt.Sprintf(`{"id":"%d","type":"follow","mark":%q,"n":%d}`, n, account, n))}
	})
}

// said writes an event of the app's channel.
func (w *chaosWriter) said(ctx context.Context) error {
	owner := "app#" + w.clients.app.id + "#" + w.clients.room
	return w.write(ctx, owner, []string{roomKey}, func(n int) item {
		payload := fmt.Sprintf(`{"name":"said","data":"{\"mark\":\"%s\",\"n\":%d}"}`, owner, n)
		return item{"owner": text(owner), "id": text(fmt.Sprint("event#", n)), "kind": text("event"), "payload": text(payload)}
	})
}

// thing writes an item of the account's: a new one, or the last one with something else in it.
func (w *chaosWriter) thing(ctx context.Context, account string) error {
	return w.write(ctx, account, []string{itemsKey(account)}, func(n int) item {
		return item{"owner": text(account), "id": text(fmt.Sprint("item#", n/3)), "kind": text("item"), "app": text(w.clients.app.id),
			"payload": text(fmt.Sprintf(`{"id":"%d","name":"thing","mark":%q,"n":%d}`, n/3, account, n))}
	})
}

// write writes the owner's next event, which these streams are to get.
func (w *chaosWriter) write(ctx context.Context, owner string, streams []string, row func(n int) item) error {
	w.mu.Lock()
	w.next[owner]++
	e := writtenEvent{eventName{owner, w.next[owner]}, time.Now()}
	for _, s := range streams {
		w.written[s] = append(w.written[s], e)
	}
	w.total++
	w.mu.Unlock()
	return w.put(ctx, row(e.N))
}

// put tries until the database is back: the same item twice is one change.
func (w *chaosWriter) put(ctx context.Context, row item) error {
	for begun := time.Now(); ; {
		err := putItem(ctx, w.db, "Content", row)
		if err == nil || time.Since(begun) > silence || wait(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}
