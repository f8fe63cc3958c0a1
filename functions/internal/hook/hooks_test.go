package hook_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
)

// announced are the members that were announced.
type announced struct {
	mu   sync.Mutex
	rows map[string]bool
	// slow are the users who are announced late.
	slow map[string]time.Duration
}

func (a *announced) Announce(_ context.Context, app, channel, user string) (bool, error) {
	time.Sleep(a.slow[user])
	a.mu.Lock()
	defer a.mu.Unlock()
	key := app + "/" + channel + "/" + user
	was := a.rows[key]
	if a.rows == nil {
		a.rows = map[string]bool{}
	}
	a.rows[key] = true
	return !was, nil
}

func (a *announced) Known(_ context.Context, app, channel, user string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rows[app+"/"+channel+"/"+user], nil
}

func TestAMemberWhoCouldNotBeReportedIsReportedLater(t *testing.T) {
	q, a := &queue{err: errTable}, &announced{}
	h := hook.Hooks{Apps: app(all(url)), Queue: q, Announced: a}
	if err := h.MembersAdded(t.Context(), "1", "presence-x", "7", "8"); !errors.Is(err, errTable) {
		t.Error(err)
	}
	q.err, q.tasks = nil, nil
	for range 2 {
		if err := h.MembersAdded(t.Context(), "1", "presence-x", "7", "8"); err != nil || len(q.tasks) != 1 || len(q.tasks[0].Events) != 2 {
			t.Errorf("%+v, %v", q.tasks, err)
		}
	}
}

// departing are members of whom one is reported as gone, right before it is announced.
type departing struct{ *announced }

func (d departing) Announce(ctx context.Context, app, channel, user string) (bool, error) {
	if user == "7" {
		d.mu.Lock()
		delete(d.rows, app+"/"+channel+"/"+user)
		d.mu.Unlock()
	}
	return d.announced.Announce(ctx, app, channel, user)
}

func TestAMemberWhoIsReportedAsGoneMeanwhileIsReportedAgain(t *testing.T) {
	q, a := &queue{}, &announced{rows: map[string]bool{"1/presence-x/7": true, "1/presence-x/8": true}}
	h := hook.Hooks{Apps: app(all(url)), Queue: q, Announced: departing{a}}
	if err := h.MembersAdded(t.Context(), "1", "presence-x", "7", "8"); err != nil || len(q.tasks) != 1 || q.tasks[0].Events[0].User != "7" {
		t.Errorf("%+v, %v", q.tasks, err)
	}
}

func TestOccupiedIsOrderedByWhenItWas(t *testing.T) {
	q, since := &queue{}, time.Now().Add(-5*time.Second)
	h := hook.Hooks{Apps: app(all(url)), Queue: q}
	if err := h.Occupied(t.Context(), "1", "x", since); err != nil || len(q.tasks) != 1 || q.tasks[0].At != since.UnixMilli() {
		t.Errorf("%+v, %v", q.tasks, err)
	}
}

func TestMembersAreReportedInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		h := hook.Hooks{Apps: app(all(url)), Queue: q, Announced: &announced{slow: map[string]time.Duration{"u0": time.Second, "u7": time.Minute}}}
		var users []string
		for i := range 150 {
			users = append(users, fmt.Sprint("u", i))
		}
		if err := h.MembersAdded(t.Context(), "1", "presence-x", users...); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, task := range q.tasks {
			for _, e := range task.Events {
				got = append(got, e.User)
			}
		}
		if !equal(got, users) || len(q.tasks) != 2 {
			t.Errorf("%d tasks: %q", len(q.tasks), got)
		}
	})
}

// calls are all calls, about the app 1.
var calls = map[string]func(context.Context, hook.Hooks) error{
	"occupied":  func(ctx context.Context, h hook.Hooks) error { return h.Occupied(ctx, "1", "x", time.UnixMilli(5000)) },
	"vacating":  func(ctx context.Context, h hook.Hooks) error { return h.Vacating(ctx, "1", "x", "y") },
	"added":     func(ctx context.Context, h hook.Hooks) error { return h.MembersAdded(ctx, "1", "presence-x", "7", "8") },
	"left":      func(ctx context.Context, h hook.Hooks) error { return h.MembersLeft(ctx, "1", "presence-x", "7", "8") },
	"miss":      func(ctx context.Context, h hook.Hooks) error { return h.CacheMiss(ctx, "1", "cache-x") },
	"count":     func(ctx context.Context, h hook.Hooks) error { return h.SubscriptionCount(ctx, "1", "x", 0) },
	"recount":   func(ctx context.Context, h hook.Hooks) error { return h.Recount(ctx, "1", "x", 5*time.Second) },
	"no vacant": func(ctx context.Context, h hook.Hooks) error { return h.Vacating(ctx, "1") },
	"no data": func(ctx context.Context, h hook.Hooks) error {
		return h.ClientEvent(ctx, "1", "private-x", pusher.Event{Name: "client-e", Except: "1.2"})
	},
	"client": func(ctx context.Context, h hook.Hooks) error {
		return h.ClientEvent(ctx, "1", "presence-x", pusher.Event{Name: "client-e", Data: "d", Except: "1.2", User: "7"})
	},
}

// tasks are what each call puts, with its delay.
var tasks = map[string][]string{
	"occupied": {`{"app":"1","at":5000,"events":[{"name":"channel_occupied","channel":"x"}]} 0s`},
	"vacating": {`{"app":"1","at":5000,"vacated":"x"} 3s`, `{"app":"1","at":5000,"vacated":"y"} 3s`},
	"added":    {`{"app":"1","at":5000,"events":[{"name":"member_added","channel":"presence-x","user_id":"7"},{"name":"member_added","channel":"presence-x","user_id":"8"}]} 0s`},
	"left":     {`{"app":"1","at":5000,"left":{"channel":"presence-x","user":"7"}} 3s`, `{"app":"1","at":5000,"left":{"channel":"presence-x","user":"8"}} 3s`},
	"miss":     {`{"app":"1","at":5000,"events":[{"name":"cache_miss","channel":"cache-x"}]} 0s`},
	"count":    {`{"app":"1","at":5000,"events":[{"name":"subscription_count","channel":"x","subscription_count":0}]} 0s`},
	"recount":  {`{"app":"1","at":5000,"count":"x"} 5s`},
	"no data":  {`{"app":"1","at":5000,"events":[{"name":"client_event","channel":"private-x","event":"client-e","data":"","socket_id":"1.2"}]} 0s`},
	"client":   {`{"app":"1","at":5000,"events":[{"name":"client_event","channel":"presence-x","user_id":"7","event":"client-e","data":"d","socket_id":"1.2"}]} 0s`},
}

// ticking is a clock that goes on a little each time it is looked at.
func ticking() func() time.Time {
	now := time.UnixMilli(5000).Add(5 * time.Microsecond)
	return func() time.Time {
		now = now.Add(200)
		return now
	}
}

// put is what the call puts on the queue.
func put(t *testing.T, a apps, call func(context.Context, hook.Hooks) error) (got []string) {
	t.Helper()
	q := &queue{}
	h := hook.Hooks{Apps: a, Queue: q, Announced: &announced{}, Now: func() time.Time { return time.UnixMilli(5000) }}
	if err := call(t.Context(), h); err != nil {
		t.Error(err)
	}
	for i, task := range q.tasks {
		got = append(got, task.Text()+" "+q.delays[i].String())
	}
	return got
}

func TestWhatIsPutOnTheQueue(t *testing.T) {
	off := app(all(url))
	off["1"] = pusher.App{ID: "1", Webhooks: []pusher.Webhook{all(url)}}
	other := pusher.Webhook{URL: url, Events: allKinds, Prefix: "z"}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			if got := put(t, app(all(url)), call); !equal(got, tasks[name]) {
				t.Errorf("got %q", got)
			}
			for kind, a := range map[string]apps{"no webhooks": app(), "another prefix": app(other), "another kind": app(pusher.Webhook{URL: url}), "disabled": off, "no app": {}} {
				want := tasks[name]
				if name != "vacating" && name != "recount" {
					want = nil
				}
				if got := put(t, a, call); !equal(got, want) {
					t.Errorf("%s: got %q", kind, got)
				}
			}
		})
	}
}

func equal(a, b []string) bool {
	same := len(a) == len(b)
	for i := range min(len(a), len(b)) {
		same = same && a[i] == b[i]
	}
	return same
}

func TestAMemberIsAnnouncedOnce(t *testing.T) {
	q := &queue{}
	only := pusher.Webhook{URL: url, Events: []string{hook.MemberAdded}}
	h := hook.Hooks{Apps: app(only), Queue: q, Announced: &announced{}}
	for range 2 {
		if err := h.MembersAdded(t.Context(), "1", "presence-x", "7"); err != nil {
			t.Fatal(err)
		}
	}
	if len(q.tasks) != 1 || time.Since(time.UnixMilli(q.tasks[0].At)) > time.Minute {
		t.Errorf("%+v", q.tasks)
	}
	// Nobody wants to hear that the member left, but the row must go: else the next coming is silent.
	if err := h.MembersLeft(t.Context(), "1", "presence-x", "7"); err != nil || len(q.tasks) != 2 {
		t.Errorf("%d tasks, %v", len(q.tasks), err)
	}
}

func TestFailuresAreReturned(t *testing.T) {
	for name, call := range calls {
		if tasks[name] == nil {
			continue
		}
		h := hook.Hooks{Apps: app(all(url)), Queue: &queue{err: errTable}, Announced: &announced{}}
		if err := call(t.Context(), h); !errors.Is(err, errTable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := hook.Hooks{Apps: app(), Queue: &queue{}}
	if err := h.Occupied(t.Context(), "broken", "x", time.Now()); !errors.Is(err, errTable) {
		t.Error(err)
	}
}
