package hook_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/hook"
)

// empty hands out what the queue has, each second, for so long.
func (w *world) empty(t *testing.T, d time.Duration) {
	n := w.notifier()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		if m := w.queue.due(); len(m) > 0 {
			if failed := n.Notify(t.Context(), m); len(failed) > 0 {
				t.Errorf("failed %q", failed)
			}
		}
	}
}

func TestAReceiverThatFailsForTenMinutesIsAskedForFive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all(url))}
		start, tries := time.Now(), []time.Duration{}
		w.answer = map[string]func(context.Context) error{url: func(ctx context.Context) error {
			tries = append(tries, time.Since(start))
			return fails(ctx)
		}}
		_ = w.queue.Put(t.Context(), 0, occupied("x"))
		w.empty(t, 10*time.Minute)
		last := tries[len(tries)-1]
		if len(tries) < 7 || len(tries) > 12 || last < 290*time.Second || last > 302*time.Second {
			t.Errorf("tried after %v", tries)
		}
		for i := 2; i < len(tries)-1; i++ {
			if pause := tries[i] - tries[i-1]; pause < time.Second<<(i-1) || pause > time.Second<<i+2*time.Second {
				t.Errorf("pause %d is %v", i, pause)
			}
		}
		if len(w.queue.tasks) != 0 || len(w.reports.all) != 1 || !strings.Contains(w.reports.all[0], "answered with 500 {") {
			t.Errorf("%d tasks left, reported %q", len(w.queue.tasks), w.reports.all)
		}
		if log := w.log.String(); !strings.Contains(log, "webhook dropped") || !strings.Contains(log, "receiver.test") || strings.Contains(log, "/hook") {
			t.Errorf("logged %s", log)
		}
	})
}

func TestAReceiverThatRecoversGetsEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{apps: app(all(url), all("https://other"))}
		start := time.Now()
		w.answer = map[string]func(context.Context) error{url: func(ctx context.Context) error {
			if time.Since(start) < 3*time.Minute {
				return fails(ctx)
			}
			return nil
		}}
		for i, channel := range []string{"a", "b", "c"} {
			_ = w.queue.Put(t.Context(), time.Duration(i)*20*time.Second, occupied(channel))
		}
		w.empty(t, 6*time.Minute)
		for url, posts := range map[string]int{url: 3, "https://other": 3} {
			if got := len(w.names(t, url)); got != posts {
				t.Errorf("%s got %d events", url, got)
			}
		}
		if len(w.reports.all) != 0 || len(w.queue.tasks) != 0 {
			t.Errorf("reported %q, left %v", w.reports.all, w.queue.tasks)
		}
	})
}

// What is taken from the queue late is tried once all the same.
func TestAnOldTaskIsTriedOnce(t *testing.T) {
	for _, works := range []bool{true, false} {
		w := &world{apps: app(all(url))}
		if !works {
			w.answer = map[string]func(context.Context) error{url: fails}
		}
		task := occupied("x")
		task.At -= 2 * hook.GiveUp.Milliseconds()
		w.notify(t, task)
		if w.tries[url] != 1 || len(w.got[url]) == 1 != works || len(w.reports.all) == 0 != works || len(w.queue.tasks) != 0 {
			t.Errorf("%d tries, %d posts, reported %q", w.tries[url], len(w.got[url]), w.reports.all)
		}
	}
}

func TestATaskForAReceiverThatIsNoMoreIsDone(t *testing.T) {
	w := &world{apps: app(all(url))}
	task := occupied("x")
	task.URL, task.Tries = "https://was", 3
	if failed := w.notify(t, task); len(failed) != 0 || w.tries[url] != 0 || len(w.queue.tasks) != 0 {
		t.Errorf("failed %q, %d posts", failed, w.tries[url])
	}
}
