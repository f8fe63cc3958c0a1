package hook_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
)

// shuffled are the tasks of the queue in any order, as SQS hands them out, each in one of the messages.
func (q *queue) shuffled() (messages []hook.Message) {
	for i, t := range q.tasks {
		messages = append(messages, hook.Message{ID: fmt.Sprint(i), Text: t.Text()})
	}
	q.tasks = nil
	rand.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	return messages
}

// A publisher tells a channel's events one after the other, many in a millisecond.
func TestTasksOfOneMillisecondArePostedAsTheyWereReported(t *testing.T) {
	w := &world{apps: app(all(url))}
	h := hook.Hooks{Apps: w.apps, Queue: &w.queue, Announced: &announced{}, Now: ticking()}
	var want, users []string
	for i := range 100 {
		name := fmt.Sprint("client-", i)
		if err := h.ClientEvent(t.Context(), "1", "presence-x", pusher.Event{Name: name}); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	for i := range 1000 { // in ten tasks
		users = append(users, fmt.Sprint("u", i))
	}
	if err := h.MembersAdded(t.Context(), "1", "presence-x", users...); err != nil {
		t.Fatal(err)
	}
	w.notifier().Notify(t.Context(), w.queue.shuffled())
	var got []string
	for _, e := range w.events(t, url) {
		got = append(got, e.Event+e.User)
	}
	if want = append(want, users...); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// Looks are taken side by side, and what they find has one time.
func TestWhatLooksFindIsPostedAsItWasReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all(url))}
		h := hook.Hooks{Apps: w.apps, Queue: &w.queue, Now: ticking()}
		var users, got []string
		for i := range 100 {
			users = append(users, fmt.Sprint("u", i))
			w.gone = append(w.gone, "1/presence-x/"+users[i])
		}
		if err := h.MembersLeft(t.Context(), "1", "presence-x", users...); err != nil {
			t.Fatal(err)
		}
		w.notifier().Notify(t.Context(), w.queue.shuffled())
		for _, e := range w.events(t, url) {
			got = append(got, e.User)
		}
		if !slices.Equal(got, users) {
			t.Errorf("got %q", got)
		}
	})
}

func TestWhatIsPutBackKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all(url))}
		h := hook.Hooks{Apps: w.apps, Queue: &w.queue, Now: func() time.Time { return time.Now().Add(7) }}
		if err := h.CacheMiss(t.Context(), "1", "cache-x"); err != nil {
			t.Fatal(err)
		}
		before := w.queue.tasks[0].Nano
		w.answer = map[string]func(context.Context) error{url: fails}
		w.notifier().Notify(t.Context(), w.queue.shuffled())
		if len(w.queue.tasks) != 1 || before != 7 || w.queue.tasks[0].Nano != before {
			t.Errorf("put back %+v", w.queue.tasks)
		}
	})
}
