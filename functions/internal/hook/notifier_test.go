package hook_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/pusher"
)

const url = "https://receiver.test/hook"

// The body is the documentation's form, and its signature was made with another implementation
// (openssl dgst -sha256 -hmac secret).
func TestTheBodyAndItsSignature(t *testing.T) {
	n := 3
	w := &world{apps: app(all(url))}
	failed := w.notify(t,
		hook.Task{App: "1", At: 1700000000123, Events: []hook.Event{
			{Name: hook.MemberAdded, Channel: "presence-x", User: "7"},
			{Name: hook.ClientEvent, Channel: "presence-x", User: "7", Event: "client-typing", Data: new(`{"a":"<&>"}`), Socket: "123.456"}}},
		hook.Task{App: "1", At: 1700000000122, Events: []hook.Event{
			{Name: hook.ChannelOccupied, Channel: "c"},
			{Name: hook.CacheMiss, Channel: "cache-c"},
			{Name: hook.SubscriptionCount, Channel: "c", Subscriptions: &n}}})
	const body = `{"time_ms":1700000000123,"events":[{"name":"channel_occupied","channel":"c"},{"name":"cache_miss","channel":"cache-c"},` +
		`{"name":"subscription_count","channel":"c","subscription_count":3},{"name":"member_added","channel":"presence-x","user_id":"7"},` +
		`{"name":"client_event","channel":"presence-x","user_id":"7","event":"client-typing","data":"{\"a\":\"<&>\"}","socket_id":"123.456"}]}`
	if len(failed) != 0 || len(w.got[url]) != 1 {
		t.Fatalf("%d posts, failed %v", len(w.got[url]), failed)
	}
	const signature = "6a11ae8e31e89ce943fe6819b9f1358e9dd06b320424c4b48074c06258088f96"
	if p := w.got[url][0]; string(p.Body) != body || p.Key != "key" || p.Signature != signature {
		t.Errorf("%s %s\n%s", p.Key, p.Signature, p.Body)
	}
	if want := (hook.Tally{Posts: 1, Events: 5}); w.tally != want {
		t.Errorf("%+v", w.tally)
	}
}

func TestEachReceiverGetsWhatItWants(t *testing.T) {
	hooks := []pusher.Webhook{
		{URL: "https://a", Events: []string{hook.ChannelOccupied}, Prefix: "private-"},
		{URL: "https://b", Events: []string{hook.ChannelOccupied, hook.CacheMiss}},
		{URL: "https://a", Events: []string{hook.ChannelOccupied, hook.CacheMiss}, Prefix: "private-cache-"},
		{URL: "https://c", Events: []string{hook.MemberAdded}},
		{URL: "https://d"},
	}
	w := &world{apps: app(hooks...)}
	miss := occupied("private-cache-z")
	miss.Events = append(miss.Events, hook.Event{Name: hook.CacheMiss, Channel: "private-cache-z"})
	miss.At++
	w.notify(t, occupied("x"), occupied("private-y"), miss)
	for url, want := range map[string][]string{
		"https://a": {"channel_occupied private-y", "channel_occupied private-cache-z", "cache_miss private-cache-z"},
		"https://b": {"channel_occupied x", "channel_occupied private-y", "channel_occupied private-cache-z", "cache_miss private-cache-z"},
		"https://c": nil, "https://d": nil,
	} {
		got := w.names(t, url)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(w.got[url]) > 1 {
			t.Errorf("%s got %q in %d posts", url, got, len(w.got[url]))
		}
	}
}

func TestEventsArePostedInOrderInBodiesOfBoundedSize(t *testing.T) {
	w := &world{apps: app(all(url))}
	var tasks []hook.Task
	for i := range 40 {
		tasks = append(tasks, hook.Task{App: "1", At: int64(i), Events: []hook.Event{
			{Name: hook.ClientEvent, Channel: fmt.Sprint(i), Data: new(strings.Repeat("x", 10_000))}}})
	}
	slices.Reverse(tasks)
	w.notify(t, tasks...)
	for i, e := range w.events(t, url) {
		if e.Channel != fmt.Sprint(i) {
			t.Errorf("%s is number %d", e.Channel, i)
		}
	}
	for _, p := range w.got[url] {
		if len(p.Body) > 64<<10 {
			t.Errorf("a body of %d bytes", len(p.Body))
		}
	}
	if w.tally.Events != 40 || w.tally.Posts != len(w.got[url]) {
		t.Errorf("%+v", w.tally)
	}
}

func TestOnlyWhatIsStillSoIsReported(t *testing.T) {
	w := &world{apps: app(all(url)), looks: looks{gone: []string{"1/left", "1/presence-x/7", "2/other"}}}
	failed := w.notify(t,
		hook.Task{App: "1", Vacated: "left"}, hook.Task{App: "1", Vacated: "back"},
		hook.Task{App: "1", Left: &hook.Left{Channel: "presence-x", User: "7"}},
		hook.Task{App: "1", Left: &hook.Left{Channel: "presence-x", User: "8"}},
		hook.Task{App: "2", Vacated: "other"}, // an app that there is no more
		hook.Task{App: "1", Count: "counted"})
	got := w.names(t, url)
	slices.Sort(got)
	if want := []string{"channel_vacated left", "member_removed presence-x"}; !slices.Equal(got, want) || len(failed) != 0 {
		t.Errorf("got %q, failed %q", got, failed)
	}
	if !slices.Equal(w.counted, []string{"1/counted"}) || w.tally.Looks != 6 {
		t.Errorf("counted %q, %+v", w.counted, w.tally)
	}
}

func TestALookThatFailsIsTakenAgain(t *testing.T) {
	w := &world{apps: app(all(url)), looks: looks{err: errTable}}
	failed := w.notify(t, hook.Task{App: "1", Vacated: "x"}, occupied("y"), hook.Task{App: "1", Count: "z"})
	if !slices.Equal(failed, []string{"0", "2"}) || len(w.got[url]) != 1 {
		t.Errorf("failed %q, %d posts", failed, len(w.got[url]))
	}
}

// What a look has found would not be found again.
func TestAnAppThatCannotBeReadHasItsTasksComeAgain(t *testing.T) {
	w := &world{looks: looks{gone: []string{"broken/x"}}}
	event := occupied("y")
	event.App = "broken"
	failed := w.notify(t, hook.Task{App: "broken", Vacated: "x"}, event)
	if !slices.Equal(failed, []string{"1"}) || len(w.queue.tasks) != 1 || w.queue.tasks[0].Events[0].Channel != "x" {
		t.Errorf("failed %q, put back %+v", failed, w.queue.tasks)
	}
}

func TestNobodyIsToldOfADisabledApp(t *testing.T) {
	w := &world{apps: app(all(url))}
	a := w.apps["1"]
	a.Enabled = false
	w.apps["1"] = a
	if failed := w.notify(t, occupied("x")); len(failed) != 0 || w.tries[url] != 0 {
		t.Errorf("failed %q, %d posts", failed, w.tries[url])
	}
}

func TestPoisonIsReportedAndDone(t *testing.T) {
	w := &world{apps: app(all(url))}
	messages := []hook.Message{{ID: "a", Text: "no JSON"}, {ID: "b", Text: occupied("x").Text()}}
	if failed := w.notifier().Notify(t.Context(), messages); len(failed) != 0 || len(w.got[url]) != 1 {
		t.Errorf("failed %q, %d posts", failed, len(w.got[url]))
	}
	if len(w.reports.all) != 1 || !strings.HasSuffix(w.reports.all[0], "no JSON") || w.tally.Poison != 1 {
		t.Errorf("reported %q, %+v", w.reports.all, w.tally)
	}
	w.reports.err = errTable
	if failed := w.notifier().Notify(t.Context(), messages); !slices.Equal(failed, []string{"a"}) {
		t.Errorf("failed %q", failed)
	}
}

// A receiver that hangs, one that fails and one of which nothing is known: the fourth gets its events
// at once, and what is put back is for each of the others alone.
func TestAReceiverThatIsDownDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all("https://hangs"), all("https://fails"), all("https://refused"), all("https://works"))}
		var at time.Duration
		start := time.Now()
		w.answer = map[string]func(context.Context) error{"https://hangs": hangs, "https://fails": fails,
			"https://refused": func(context.Context) error { return fmt.Errorf("%w: why", hook.ErrReceiver) },
			"https://works":   func(context.Context) error { at = time.Since(start); return nil }}
		failed := w.notify(t, occupied("x"), occupied("y"))
		if len(failed) != 0 || at != 0 || len(w.names(t, "https://works")) != 2 {
			t.Errorf("failed %q, posted after %v: %q", failed, at, w.names(t, "https://works"))
		}
		back := map[string]int{}
		for _, task := range w.queue.tasks {
			back[task.URL] += task.Tries
		}
		if len(back) != 2 || back["https://hangs"] != 2 || back["https://fails"] != 2 {
			t.Errorf("put back %v", back)
		}
		if len(w.reports.all) != 2 || !strings.Contains(w.reports.all[0], "https://refused") {
			t.Errorf("reported %q", w.reports.all)
		}
		if want := (hook.Tally{Posts: 1, Events: 2, Failed: 3, Repeated: 4, Dropped: 2}); w.tally != want {
			t.Errorf("%+v", w.tally)
		}
	})
}

func TestManyReceiversThatHangDelayNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{receivers: receivers{answer: map[string]func(context.Context) error{}}}
		hooks := []pusher.Webhook{all("https://works")}
		for i := range 200 {
			address := fmt.Sprint("https://hangs.", i)
			hooks, w.answer[address] = append(hooks, all(address)), hangs
		}
		w.apps = app(hooks...)
		start, at := time.Now(), time.Minute
		w.answer["https://works"] = func(context.Context) error { at = time.Since(start); return nil }
		if w.notify(t, occupied("x")); at != 0 {
			t.Errorf("posted after %v", at)
		}
	})
}

// It would hold up each batch with an event for it, in which others wait.
func TestAReceiverThatHangsIsNotAskedAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all(url))}
		w.answer = map[string]func(context.Context) error{url: hangs}
		n := w.notifier()
		run := func() time.Duration {
			start := time.Now()
			n.Notify(t.Context(), []hook.Message{{ID: "0", Text: occupied("x").Text()}})
			return time.Since(start)
		}
		if took := run(); took != 5*time.Second {
			t.Errorf("waited for %v", took)
		}
		if took := run(); took != 0 || w.tries[url] != 1 || len(w.queue.tasks) != 2 || w.tally.Rested != 1 {
			t.Errorf("waited for %v, %d posts, %d tasks put back, %+v", took, w.tries[url], len(w.queue.tasks), w.tally)
		}
		time.Sleep(11 * time.Second)
		if took := run(); took != 5*time.Second || w.tries[url] != 2 {
			t.Errorf("waited for %v, %d posts", took, w.tries[url])
		}
	})
}

func TestTheInvocationsTimeIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all(url))}
		w.answer = map[string]func(context.Context) error{url: hangs}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		n, start := w.notifier(), time.Now()
		failed := n.Notify(ctx, []hook.Message{{ID: "0", Text: occupied("x").Text()}})
		if took := time.Since(start); took != 2*time.Second || len(failed) != 0 || len(w.queue.tasks) != 1 {
			t.Errorf("after %v failed %q, %d tasks put back", took, failed, len(w.queue.tasks))
		}
		w.answer = nil // it was the time that was short
		time.Sleep(3 * time.Second)
		n.Notify(t.Context(), w.queue.due())
		if len(w.got[url]) != 1 {
			t.Errorf("%d posts", len(w.got[url]))
		}
	})
}

func TestWhatCannotBePutBackComesAgainOrIsReported(t *testing.T) {
	w := &world{apps: app(all(url)), looks: looks{gone: []string{"1/x"}}}
	w.answer = map[string]func(context.Context) error{url: fails}
	w.queue.err = errTable
	failed := w.notify(t, hook.Task{App: "1", Vacated: "x"}, occupied("y"))
	if !slices.Equal(failed, []string{"1"}) || len(w.reports.all) != 1 || !strings.Contains(w.reports.all[0], `"channel_vacated","channel":"x"`) {
		t.Errorf("failed %q, reported %q", failed, w.reports.all)
	}
}
