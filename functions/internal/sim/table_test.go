package sim

import (
	"cmp"
	"context"
	"sync"
	"time"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// table is the Connections table as one instance uses it.
type table struct{ *actor }

// call makes one request that reads or changes the table.
func (t table) call(ctx context.Context, id, what string, effect func() error) error {
	return t.do(ctx, operation{class: stores, what: what, about: func() mark { return of(id) }, effect: func() error {
		t.rows.memory.Now = t.now
		return effect()
	}})
}

// Listeners implements publish.Directory.
func (t table) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	return t.lookUp(ctx, topics, t.audience)
}

func (t table) audience(ctx context.Context, topic stream.Topic) (stream.Audience, error) {
	found, err := t.rows.memory.Audience(ctx, topic)
	found.Listeners = t.rows.listeners(topic)
	return found, err
}

// lookUp reads each topic by itself.
func (t table) lookUp(ctx context.Context, topics []stream.Topic, read func(context.Context, stream.Topic) (stream.Audience, error)) (map[stream.Topic]stream.Audience, error) {
	found := make([]stream.Audience, len(topics))
	errs := make([]error, len(topics))
	var wg sync.WaitGroup
	for i, topic := range topics {
		wg.Go(func() {
			errs[i] = t.call(ctx, "", "looks up "+topic.String(), func() (err error) {
				found[i], err = read(ctx, topic)
				return err
			})
		})
	}
	wg.Wait()
	all := map[stream.Topic]stream.Audience{}
	for i, topic := range topics {
		if errs[i] == nil {
			all[topic] = found[i]
		}
	}
	return all, cmp.Or(errs...)
}

// HandOver implements publish.Directory.
func (t table) HandOver(ctx context.Context, l stream.Listener, until time.Time) error {
	return t.call(ctx, l.ID, "hands over "+l.ID+" "+l.Key(), func() error { return t.rows.memory.HandOver(ctx, l, until) })
}

// Defer implements publish.Directory.
func (t table) Defer(ctx context.Context, l stream.Listener) (left bool, err error) {
	err = t.call(ctx, l.ID, "defers "+l.ID+" "+l.Key(), func() (err error) {
		if left, err = t.rows.memory.Defer(ctx, l); left {
			t.saw("an event that is left to a replay")
		}
		return err
	})
	return left, err
}

// Forget implements publish.Directory and replay.Directory.
func (t table) Forget(ctx context.Context, l stream.Listener) error {
	was := false
	err := t.call(ctx, l.ID, "forgets "+l.ID, func() error {
		was = t.rows.take(l.ID)
		return nil
	})
	if err != nil {
		return err
	}
	return t.unmap(ctx, l.ID, func(o stream.Listener) bool {
		return was || o.Key() == l.Key() || o.Topic().IsAccount()
	})
}

// Close implements mastodon.Opener, route.Closer and sweep.Table.
func (t table) Close(ctx context.Context, c stream.Connection) error {
	was := false
	err := t.call(ctx, c.ID, "closes "+c.ID, func() error {
		was = t.rows.take(c.ID)
		return nil
	})
	if err != nil || !was {
		return err
	}
	return t.unmap(ctx, c.ID, func(stream.Listener) bool { return true })
}

func (t table) unmap(ctx context.Context, id string, found func(stream.Listener) bool) error {
	return t.call(ctx, id, "unmaps "+id, func() error {
		t.rows.unmap(id, found)
		return nil
	})
}

// Open implements mastodon.Opener.
func (t table) Open(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	return t.call(ctx, s.ID, "opens "+s.ID, func() error {
		if err := t.rows.memory.Open(ctx, s, first); err != nil {
			return err
		}
		t.rows.sessions[s.ID] = s
		for _, sub := range first {
			t.rows.begin(s.ID, sub)
		}
		return nil
	})
}

// Confirm implements mastodon.Opener.
func (t table) Confirm(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	return t.call(ctx, s.ID, "confirms "+s.ID, func() error { return t.rows.memory.Confirm(ctx, s, first) })
}

// Session implements mastodon.Sessions.
func (t table) Session(ctx context.Context, c stream.Connection) (s stream.Session, err error) {
	err = t.call(ctx, c.ID, "reads "+c.ID, func() (err error) {
		s, err = t.rows.memory.Session(ctx, c)
		return err
	})
	return s, err
}

// Subscribe implements mastodon.Subscriptions.
func (t table) Subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) (begun bool, err error) {
	err = t.call(ctx, s.ID, "subscribes "+s.ID+" to "+sub.Key(), func() (err error) {
		begun, err = t.rows.memory.Subscribe(ctx, s, sub, at)
		if err == nil {
			t.rows.settle(s, sub, false)
		}
		return err
	})
	return begun, err
}

// Unsubscribe implements mastodon.Subscriptions and mastodon.Mappings.
func (t table) Unsubscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	return t.call(ctx, s.ID, "unsubscribes "+s.ID+" from "+sub.Key(), func() error {
		err := t.rows.memory.Unsubscribe(ctx, s, sub, at)
		t.rows.settle(s, sub, true)
		return err
	})
}

// settle notes whether the subscription is there after a message.
func (r *rows) settle(s stream.Session, sub stream.Subscription, told bool) {
	for _, l := range r.listeners(s.Topic(sub)) {
		if l.ID == s.ID && l.Key() == sub.Key() && r.sessions[s.ID].ID != "" {
			r.begin(s.ID, sub)
			return
		}
	}
	r.end(s.ID, sub.Key(), told)
}

// SetViewer implements mastodon.Mappings: nobody filters anything.
func (t table) SetViewer(context.Context, string, string) error { return nil }

// Keep implements history.Keeper.
func (t table) Keep(ctx context.Context, topics []stream.Topic) (since time.Time, err error) {
	err = t.call(ctx, "", "keeps "+topics[0].String(), func() (err error) {
		since, err = t.rows.memory.Keep(ctx, topics)
		return err
	})
	return since, err
}

// Replaying implements replay.Directory.
func (t table) Replaying(ctx context.Context, r stream.Replay) (l stream.Listener, turn int64, err error) {
	err = t.call(ctx, r.Connection.ID, "looks at "+r.Connection.ID+" "+r.Subscription.Key(), func() (err error) {
		l, turn, err = t.rows.memory.Replaying(ctx, r)
		return err
	})
	return l, turn, err
}

// CaughtUp implements replay.Directory.
func (t table) CaughtUp(ctx context.Context, r stream.Replay, turn int64) (live bool, err error) {
	err = t.call(ctx, r.Connection.ID, "makes live "+r.Connection.ID+" "+r.Subscription.Key(), func() (err error) {
		live, err = t.rows.memory.CaughtUp(ctx, r, turn)
		return err
	})
	return live, err
}

var (
	_ publish.Directory = table{}
	_ sweep.Table       = table{}
)
