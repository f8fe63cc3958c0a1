package hook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errTable = errors.New("table is unavailable")

// apps are all apps.
type apps map[string]pusher.App

func (a apps) App(_ context.Context, id string) (pusher.App, error) {
	if id == "broken" {
		return pusher.App{}, errTable
	}
	if app, ok := a[id]; ok {
		return app, nil
	}
	return pusher.App{}, pusher.ErrNoApp
}

// allKinds are the kinds of events.
var allKinds = []string{hook.ChannelOccupied, hook.ChannelVacated, hook.MemberAdded, hook.MemberRemoved, hook.ClientEvent, hook.CacheMiss, hook.SubscriptionCount}

// app is the app 1 with these webhooks.
func app(hooks ...pusher.Webhook) apps {
	return apps{"1": {ID: "1", Key: "key", Secret: "secret", Enabled: true, Webhooks: hooks}}
}

func all(url string) pusher.Webhook { return pusher.Webhook{URL: url, Events: allKinds} }

// queue hands tasks out when they are due.
type queue struct {
	mu     sync.Mutex
	tasks  []queued
	err    error
	delays []time.Duration
}

type queued struct {
	hook.Task
	due time.Time
}

func (q *queue) Put(_ context.Context, delay time.Duration, tasks ...hook.Task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	for _, t := range tasks {
		q.tasks, q.delays = append(q.tasks, queued{t, time.Now().Add(delay)}), append(q.delays, delay)
	}
	return nil
}

// due takes what is due.
func (q *queue) due() (messages []hook.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := q.tasks[:0]
	for i, t := range q.tasks {
		if t.due.After(time.Now()) {
			left = append(left, t)
			continue
		}
		messages = append(messages, hook.Message{ID: fmt.Sprint(i), Text: t.Text()})
	}
	q.tasks = left
	return messages
}

// receivers answer as they are told, and keep what they accept.
type receivers struct {
	mu     sync.Mutex
	answer map[string]func(context.Context) error
	got    map[string][]hook.Post
	tries  map[string]int
}

func (r *receivers) Post(ctx context.Context, url string, p hook.Post) error {
	r.mu.Lock()
	answer := r.answer[url]
	if r.tries == nil {
		r.got, r.tries = map[string][]hook.Post{}, map[string]int{}
	}
	r.tries[url]++
	r.mu.Unlock()
	if answer != nil {
		if err := answer(ctx); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[url] = append(r.got[url], p)
	return nil
}

func hangs(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func fails(context.Context) error { return errors.New("answered with 500") }

// events are what the receiver was told, in order.
func (r *receivers) events(t *testing.T, url string) (events []hook.Event) {
	t.Helper()
	for _, p := range r.got[url] {
		var body struct{ Events []hook.Event }
		if err := json.Unmarshal(p.Body, &body); err != nil {
			t.Fatal(err)
		}
		events = append(events, body.Events...)
	}
	return events
}

// names are the events' names and channels.
func (r *receivers) names(t *testing.T, url string) (names []string) {
	for _, e := range r.events(t, url) {
		names = append(names, e.Name+" "+e.Channel)
	}
	return names
}

// reports are what was given up.
type reports struct {
	mu  sync.Mutex
	all []string
	err error
}

func (r *reports) Report(_ context.Context, record []byte, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, reason+" "+string(record))
	return r.err
}

// looks answers looks.
type looks struct {
	gone    []string
	counted []string
	err     error
}

func (l *looks) Vacate(_ context.Context, app, channel string) (bool, error) {
	return slices.Contains(l.gone, app+"/"+channel), l.err
}

func (l *looks) Depart(_ context.Context, app, channel, user string) (bool, error) {
	return slices.Contains(l.gone, app+"/"+channel+"/"+user), l.err
}

func (l *looks) Counted(_ context.Context, app, channel string) error {
	l.counted = append(l.counted, app+"/"+channel)
	return l.err
}

// world is everything that a Notifier touches.
type world struct {
	apps
	queue
	receivers
	reports
	looks
	tally hook.Tally
	log   bytes.Buffer
}

func (w *world) notifier() *hook.Notifier {
	return hook.New(hook.Config{Apps: w.apps, Departures: &w.looks, Counter: &w.looks, Queue: &w.queue, Poster: &w.receivers,
		Reporter: &w.reports, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Observe: func(t hook.Tally) { w.tally = t }})
}

// notify hands the tasks to a Notifier, as messages "0", "1" …
func (w *world) notify(t *testing.T, tasks ...hook.Task) (failed []string) {
	var messages []hook.Message
	for i, task := range tasks {
		messages = append(messages, hook.Message{ID: fmt.Sprint(i), Text: task.Text()})
	}
	return w.notifier().Notify(t.Context(), messages)
}

// occupied is a task of now.
func occupied(channel string) hook.Task {
	return hook.Task{App: "1", At: time.Now().UnixMilli(), Events: []hook.Event{{Name: hook.ChannelOccupied, Channel: channel}}}
}
