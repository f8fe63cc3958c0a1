package hook

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/pusher"
)

// Apps knows the apps. What it says may be some seconds old.
type Apps interface {
	// App is the app with this id; pusher.ErrNoApp if there is none.
	App(ctx context.Context, id string) (pusher.App, error)
}

const (
	// announcements is how many members are looked up side by side.
	announcements = 32
	// perTask is how many events are in a task at the most: about 100 KB, were each as large as it may be.
	perTask = 100
)

// Hooks puts on the queue what the webhooks of apps want to hear of: of what none wants, nothing is
// put. It is safe for concurrent use. An error says that the event may be lost.
type Hooks struct {
	Apps  Apps
	Queue Queue
	// Announced is needed by MembersAdded.
	Announced Announced
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Occupied reports that a channel has its first subscriber since then.
func (h Hooks) Occupied(ctx context.Context, app, channel string, since time.Time) error {
	return h.reportAt(ctx, since, app, Event{Name: ChannelOccupied, Channel: channel})
}

// Vacating has channels that seem to have no subscriber left looked at after Settle. That is done
// without webhooks too: who asks for the occupied channels is told by the same rows.
func (h Hooks) Vacating(ctx context.Context, app string, channels ...string) error {
	if len(channels) == 0 {
		return nil
	}
	var tasks []Task
	for _, channel := range channels {
		task := newTask(h.now(), app)
		task.Vacated = channel
		tasks = append(tasks, task)
	}
	return h.Queue.Put(ctx, Settle, tasks...)
}

// MembersAdded reports users who have come to a presence channel, in this order, but for those who
// never were reported as gone. They are noted as reported after that: who fails or dies in between
// reports them again.
func (h Hooks) MembersAdded(ctx context.Context, app, channel string, users ...string) error {
	wanted, err := h.members(ctx, app, channel)
	if err != nil || !wanted {
		return err
	}
	known, err := inParallel(users, func(user string) (bool, error) { return h.Announced.Known(ctx, app, channel, user) })
	if err != nil {
		return err
	}
	var came, back []Event
	for i, user := range users {
		if !known[i] {
			came = append(came, Event{Name: MemberAdded, Channel: channel, User: user})
		}
	}
	if err := h.report(ctx, app, came...); err != nil {
		return err
	}
	announced, err := inParallel(users, func(user string) (bool, error) { return h.Announced.Announce(ctx, app, channel, user) })
	for i, user := range users {
		if announced[i] && known[i] { // was reported as gone just now
			back = append(back, Event{Name: MemberAdded, Channel: channel, User: user})
		}
	}
	return errors.Join(err, h.report(ctx, app, back...))
}

// inParallel asks about each of the users, side by side.
func inParallel(users []string, ask func(user string) (bool, error)) ([]bool, error) {
	answers, errs := make([]bool, len(users)), make([]error, len(users))
	var all []func()
	for i, user := range users {
		all = append(all, func() { answers[i], errs[i] = ask(user) })
	}
	each(announcements, all, func(one func()) { one() })
	return answers, errors.Join(errs...)
}

// MembersLeft has users who seem to have left a presence channel looked at after Settle.
func (h Hooks) MembersLeft(ctx context.Context, app, channel string, users ...string) error {
	wanted, err := h.members(ctx, app, channel)
	if err != nil || !wanted {
		return err
	}
	var tasks []Task
	for _, user := range users {
		task := newTask(h.now(), app)
		task.Left = &Left{channel, user}
		tasks = append(tasks, task)
	}
	return h.Queue.Put(ctx, Settle, tasks...)
}

// members reports whether a webhook hears of members of the channel. Who hears of one half only has
// the rows kept that the other half needs.
func (h Hooks) members(ctx context.Context, app, channel string) (bool, error) {
	a, err := h.app(ctx, app)
	return wants(a.Webhooks, MemberAdded, channel) || wants(a.Webhooks, MemberRemoved, channel), err
}

// ClientEvent reports what a client has said on a channel. e.Except is its socket.
func (h Hooks) ClientEvent(ctx context.Context, app, channel string, e pusher.Event) error {
	return h.report(ctx, app, Event{Name: ClientEvent, Channel: channel, User: e.User, Event: e.Name, Data: &e.Data, Socket: e.Except})
}

// CacheMiss reports that somebody came to a cache channel that keeps no event.
func (h Hooks) CacheMiss(ctx context.Context, app, channel string) error {
	return h.report(ctx, app, Event{Name: CacheMiss, Channel: channel})
}

// SubscriptionCount reports how many subscriptions a channel has.
func (h Hooks) SubscriptionCount(ctx context.Context, app, channel string, n int) error {
	return h.report(ctx, app, Event{Name: SubscriptionCount, Channel: channel, Subscriptions: &n})
}

// Recount has the subscriptions of a channel counted again after the delay, of whole seconds.
func (h Hooks) Recount(ctx context.Context, app, channel string, delay time.Duration) error {
	task := newTask(h.now(), app)
	task.Count = channel
	return h.Queue.Put(ctx, delay, task)
}

// report puts events of one kind and channel on the queue if a webhook wants them: so many of them in
// one task, which keeps their order.
func (h Hooks) report(ctx context.Context, app string, events ...Event) error {
	return h.reportAt(ctx, h.now(), app, events...)
}

// reportAt reports what happened at that time.
func (h Hooks) reportAt(ctx context.Context, at time.Time, app string, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	a, err := h.app(ctx, app)
	if err != nil || !wants(a.Webhooks, events[0].Name, events[0].Channel) {
		return err
	}
	var tasks []Task
	for some := range slices.Chunk(events, perTask) {
		task := newTask(at, app)
		task.Events = some
		tasks, at = append(tasks, task), at.Add(1) // the next one comes after it
	}
	return h.Queue.Put(ctx, 0, tasks...)
}

// app is the app; one without webhooks if nobody may use it, or it is gone.
func (h Hooks) app(ctx context.Context, id string) (pusher.App, error) {
	return usable(ctx, h.Apps, id)
}

func usable(ctx context.Context, apps Apps, id string) (pusher.App, error) {
	a, err := apps.App(ctx, id)
	switch {
	case errors.Is(err, pusher.ErrNoApp):
		return pusher.App{}, nil
	case err != nil:
		return pusher.App{}, err
	case !a.Enabled:
		a.Webhooks = nil
	}
	return a, nil
}

func (h Hooks) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// newTask is a task of that time, which asks for nothing yet.
func newTask(now time.Time, app string) Task {
	return Task{App: app, At: now.UnixMilli(), Nano: int64(now.Nanosecond()) % int64(time.Millisecond)}
}

// wants reports whether one of the webhooks wants such an event of the channel.
func wants(hooks []pusher.Webhook, name, channel string) bool {
	return slices.ContainsFunc(hooks, func(w pusher.Webhook) bool {
		return slices.Contains(w.Events, name) && strings.HasPrefix(channel, w.Prefix)
	})
}

// receiver is one URL and what is to be posted to it.
type receiver struct {
	url   string
	hooks []pusher.Webhook
}

// receivers are the app's webhooks by their URLs: of two with one URL, who gets an event that either
// wants gets it once.
func receivers(a pusher.App) (all []receiver) {
	hooks := slices.Clone(a.Webhooks)
	slices.SortStableFunc(hooks, func(a, b pusher.Webhook) int { return cmp.Compare(a.URL, b.URL) })
	for _, w := range hooks {
		if n := len(all); n > 0 && all[n-1].url == w.URL {
			all[n-1].hooks = append(all[n-1].hooks, w)
			continue
		}
		all = append(all, receiver{w.URL, []pusher.Webhook{w}})
	}
	return all
}

// filter is those of the events that the receiver wants.
func (r receiver) filter(events []Event) (wanted []Event) {
	for _, e := range events {
		if wants(r.hooks, e.Name, e.Channel) {
			wanted = append(wanted, e)
		}
	}
	return wanted
}
