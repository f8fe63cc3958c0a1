//go:build !race

package sim

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// spoilers are mistakes in what the functions of channels use.
var spoilers = map[string]func(*actor, *parts){
	"drops a post now and then": func(a *actor, p *parts) {
		p.poster = poster{p.poster, func(ctx context.Context, id string, frame []byte) error {
			if a.rarely() {
				return nil
			}
			return api{a}.Post(ctx, id, frame)
		}}
	},
	"posts twice now and then": func(a *actor, p *parts) {
		p.poster = poster{p.poster, func(ctx context.Context, id string, frame []byte) error {
			err := api{a}.Post(ctx, id, frame)
			if err == nil && a.rarely() {
				_ = api{a}.Post(ctx, id, frame)
			}
			return err
		}}
	},
	"tells nobody who leaves": func(a *actor, p *parts) {
		p.poster = poster{p.poster, func(ctx context.Context, id string, frame []byte) error {
			if bytes.Contains(frame, []byte(pusher.MemberRemoved)) {
				return nil
			}
			return api{a}.Post(ctx, id, frame)
		}}
	},
	"tells nobody who is online": func(a *actor, p *parts) {
		p.poster = poster{p.poster, func(ctx context.Context, id string, frame []byte) error {
			if bytes.Contains(frame, []byte(pusher.Watched)) {
				return nil
			}
			return api{a}.Post(ctx, id, frame)
		}}
	},
	"forgets whom an event is not for": func(_ *actor, p *parts) { p.events = talker{Events: p.events} },
	"turns events round": func(_ *actor, p *parts) {
		p.events = talker{Events: p.events, change: func(all []pusher.ChannelEvents) {
			for _, e := range all {
				slices.Reverse(e.Events)
			}
		}}
	},
	"removes nothing when a connection ends": func(_ *actor, p *parts) { p.departure = stayer{} },
	"keeps sending to who has left":          func(_ *actor, p *parts) { p.members = keeper{p.members} },
	"keeps nothing for who comes":            func(_ *actor, p *parts) { p.cache = miser{p.cache, true} },
	"keeps the first event":                  func(_ *actor, p *parts) { p.cache = miser{p.cache, false} },
	"does not look who is silent":            func(_ *actor, p *parts) { p.pulses = deaf{p.pulses} },
	"does not look whether somebody is left": func(_ *actor, p *parts) { p.queue = blind{p.queue} },
	"reports all that is vacated twice":      func(_ *actor, p *parts) { p.queue = again{p.queue} },
	"does not count again":                   func(_ *actor, p *parts) { p.events = talker{Events: p.events, uncounted: true} },
}

// TestMistakesWithChannelsAreFound runs seeds with each of them, in all weathers, until one fails.
func TestMistakesWithChannelsAreFound(t *testing.T) {
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) { find(t, 80, options{scene: "channels", spoil: spoil}) })
	}
}

// talker says events to all, or changed, or does not have them counted.
type talker struct {
	pusher.Events
	change    func([]pusher.ChannelEvents)
	uncounted bool
}

func (t talker) Publish(ctx context.Context, app string, events []pusher.ChannelEvents) error {
	switch {
	case t.change != nil:
		t.change(events)
	case !t.uncounted:
		for _, e := range events {
			for i := range e.Events {
				e.Events[i].Except = ""
			}
		}
	}
	return t.Events.Publish(ctx, app, events)
}

func (t talker) Counted(ctx context.Context, app, channel string) error {
	if t.uncounted {
		return nil
	}
	return t.Events.Counted(ctx, app, channel)
}

// stayer removes nobody.
type stayer struct{}

func (stayer) Close(context.Context, stream.Connection) (bool, error) { return true, nil }

// keeper keeps the mappings of who has left.
type keeper struct{ publish.Members }

func (keeper) Left(context.Context, []stream.Membership) error { return nil }

// miser has a channel keep its first event alone, or none.
type miser struct {
	kept publish.Cache
	none bool
}

func (m miser) Cached(ctx context.Context, app, channel string) (pusher.Event, time.Duration, bool, error) {
	return m.kept.Cached(ctx, app, channel)
}

func (m miser) Cache(ctx context.Context, app, channel string, e pusher.Event, sequence string) error {
	if _, _, ok, err := m.kept.Cached(ctx, app, channel); m.none || ok || err != nil {
		return err
	}
	return m.kept.Cache(ctx, app, channel, e, sequence)
}

// deaf sees no connection that is to be looked at.
type deaf struct{ sweep.Pulses }

func (deaf) Due(context.Context, sweep.Window) ([]sweep.Pulse, error) { return nil, nil }

// blind leaves out what is to be looked at, and again puts it twice, the second time as news.
type blind struct{ hook.Queue }

func (b blind) Put(ctx context.Context, delay time.Duration, tasks ...hook.Task) error {
	return b.Queue.Put(ctx, delay, slices.DeleteFunc(slices.Clone(tasks), func(t hook.Task) bool { return t.Vacated != "" })...)
}

type again struct{ hook.Queue }

func (a again) Put(ctx context.Context, delay time.Duration, tasks ...hook.Task) error {
	all := slices.Clone(tasks)
	for _, t := range tasks {
		if t.Vacated != "" {
			t.Events, t.Vacated, t.At = []hook.Event{{Name: hook.ChannelVacated, Channel: t.Vacated}}, "", t.At+5000
			all = append(all, t)
		}
	}
	return a.Queue.Put(ctx, delay, all...)
}
