package publish

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"edgestream/functions/internal/viewer"
)

// watcher is an account that filters what it is shown, as it was read for this batch.
type watcher struct {
	viewer *viewer.Viewer
	known  bool // else it could not be read

	mu sync.Mutex
	// judged is the last status that was judged, which other subscriptions and connections of the
	// account are about to ask for too.
	judged  *frames
	verdict viewer.Verdict
}

// watch reads the viewers of all who are to be shown a status and filter, at once.
func (b *batch) watch(ctx context.Context) {
	watchers := map[viewer.Key]*watcher{}
	var keys []viewer.Key
	for i := range b.cursors {
		c := &b.cursors[i]
		if c.listener.Viewer == "" || !b.shows(c) {
			continue
		}
		key := viewer.Key{Account: c.listener.Account, Version: c.listener.Viewer}
		if c.watcher = watchers[key]; c.watcher == nil {
			c.watcher = &watcher{}
			watchers[key] = c.watcher
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return
	}
	ctx, cancel := b.until(ctx)
	defer cancel()
	found, err := b.Viewers.Get(ctx, keys)
	if err != nil {
		b.blame("viewers", err)
	}
	for key, w := range watchers {
		w.viewer, w.known = found[key]
	}
}

// shows reports whether any of the cursor's messages is a status to judge.
func (b *batch) shows(c *cursor) bool {
	for _, n := range c.messages {
		if m := &b.messages[n]; viewer.Judged(c.listener.Stream, m.Event) && m.For(*c.listener) {
			return true
		}
	}
	return false
}

// view is whether a delivery is shown.
type view int

const (
	shown  view = iota
	hidden      // from this viewer
	unseen      // it is not known what the viewer filters
)

// look is how the delivery is written for its viewer.
func (l *lane) look(d delivery) (look, view) {
	k := look{of: d.listener.Subscription}
	switch {
	case d.watcher == nil || !viewer.Judged(k.of.Stream, d.Event):
		return k, shown
	case !d.watcher.known:
		return k, unseen
	case d.watcher.viewer.Version() == "":
		return k, shown // it filters nothing any more
	}
	s := l.status(d)
	if s == nil {
		if viewer.HidesUnread(k.of.Stream) {
			return k, hidden
		}
		return k, shown
	}
	verdict := d.watcher.judge(d.frames, s)
	if verdict.Hides(k.of.Stream) {
		return k, hidden
	}
	k.filtered = verdict.Filtered
	return k, shown
}

// status is the delivery's status, read when someone first needs it; nil if it is none.
func (l *lane) status(d delivery) *viewer.Status {
	d.frames.reading.Do(func() {
		s, err := viewer.ReadStatus(d.Payload)
		if err != nil {
			l.Log.LogAttrs(context.Background(), slog.LevelWarn, "no status, hidden from those who filter",
				slog.String("event", d.change.EventID))
		}
		d.frames.status = s
	})
	return d.frames.status
}

func (w *watcher) judge(f *frames, s *viewer.Status) viewer.Verdict {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.judged != f {
		w.judged, w.verdict = f, w.viewer.Judge(s, time.Now())
	}
	return w.verdict
}
