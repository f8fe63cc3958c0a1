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

// view is whether a delivery is shown to its watcher, and with which results of filters.
func (d delivery) view(log *slog.Logger) (filtered []byte, v view) {
	n := d.listener.Stream
	switch {
	case !viewer.Judged(n, d.Event):
		return nil, shown
	case !d.watcher.known:
		return nil, unseen
	case d.watcher.viewer.Version() == "":
		return nil, shown // it filters nothing any more
	}
	s := d.status(log)
	if s == nil {
		if viewer.HidesUnread(n) {
			return nil, hidden
		}
		return nil, shown
	}
	verdict := d.watcher.judge(d.frames, s)
	if verdict.Hides(n) {
		return nil, hidden
	}
	return verdict.Filtered, shown
}

// status is the delivery's status, read when someone first needs it; nil if it is none.
func (d delivery) status(log *slog.Logger) *viewer.Status {
	d.frames.reading.Do(func() {
		s, err := viewer.ReadStatus(d.Payload)
		if err != nil {
			log.Warn("no status, hidden from those who filter", "event", d.change.EventID)
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
